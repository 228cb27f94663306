'use strict'
// http.request and https.request of the standard library on libkeepalive's agents.

const { HttpAgent, HttpsAgent } = require('libkeepalive/agent')
const { run } = require('./harness')
const httpClient = require('./http_client')

run(__filename, (options) => {
  const isTls = options.origin.startsWith('https:')
  return httpClient(options, isTls ? new HttpsAgent({ ca: options.ca }) : new HttpAgent())
})
