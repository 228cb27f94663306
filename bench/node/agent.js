'use strict'
// A keep-alive Agent of node:http or node:https, as http.request, axios and got use it.

const http = require('node:http')
const https = require('node:https')

module.exports = ({ origin, connections, ca }) => {
  const { Agent } = origin.startsWith('https:') ? https : http
  return new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections, ca })
}
