'use strict'
// The Client both libkeepalive programs use.

const { Client } = require('libkeepalive')

module.exports = ({ connections, mode, ca }) => {
  const options = { maxPerHost: Math.max(64, connections) }
  if (mode === 'idle') options.maxTotal = connections
  if (ca) options.caPem = ca
  return new Client(options)
}
