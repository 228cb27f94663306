'use strict'
// libkeepalive's fetch.

const fetchClient = require('./fetch_client')
const makeClient = require('./libkeepalive_client')
const { run } = require('./harness')

run(__filename, (options) => {
  const client = makeClient(options)
  return fetchClient((url, init) => client.fetch(url, init))
})
