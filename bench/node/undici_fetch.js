'use strict'
// undici.fetch on an Agent.

const { Agent, fetch } = require('undici')
const fetchClient = require('./fetch_client')
const { run } = require('./harness')

run(__filename, ({ connections, ca }) => {
  const dispatcher = new Agent({ connections, keepAliveTimeout: 3_600_000, connect: { ca } })
  return fetchClient(fetch, { dispatcher })
})
