'use strict'
// Node's own fetch on libkeepalive's dispatcher.

const fetchClient = require('./fetch_client')
const { run } = require('./harness')
const { register } = require('libkeepalive/register')

run(__filename, ({ ca, connections, mode }) => {
  register({ connections, ...(mode === 'idle' ? { maxTotal: connections } : {}), ...(ca ? { caPem: ca } : {}) })
  return fetchClient(fetch)
})
