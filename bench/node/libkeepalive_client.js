'use strict'
// The Client both libkeepalive programs use.

const { Client } = require('libkeepalive')

module.exports = ({ connections, limited, pipelining, mode, ca }) => {
  const options = { maxPerHost: limited ? connections : Math.max(64, connections), pipelining }
  if (mode === 'idle') options.maxTotal = connections
  if (ca) options.caPem = ca
  return new Client(options)
}
