'use strict'
// http.Agent and https.Agent on the native pool.

const { HttpAgent, HttpsAgent, agents } = require('../lib/agent/agent')

const { httpAgent, httpsAgent } = agents()

module.exports = { HttpAgent, HttpsAgent, httpAgent, httpsAgent }
