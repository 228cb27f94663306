'use strict'
// http.request and https.request of the standard library on a keep-alive Agent.

const makeAgent = require('./agent')
const { run } = require('./harness')
const httpClient = require('./http_client')

run(__filename, (options) => httpClient(options, makeAgent(options)))
