'use strict'
// got's option `request`, and any other place for a function like http.request: `got.extend({ request })`.

const http = require('node:http')
const https = require('node:https')
const { agents } = require('../lib/agent/agent')

/** http.request or https.request, by the URL, on the native pool unless another agent is given. */
function request(url, options, callback) {
  if (typeof url !== 'string' && !(url instanceof URL)) [url, options, callback] = [undefined, url, options]
  if (typeof options === 'function') [options, callback] = [undefined, options]
  const protocol = url === undefined ? options?.protocol : new URL(url).protocol
  const { httpAgent, httpsAgent } = agents()
  const isTls = protocol === 'https:'
  const usual = isTls ? httpsAgent : httpAgent
  const whole = { ...options, agent: options?.agent ?? usual }
  const { request: send } = isTls ? https : http
  return url === undefined ? send(whole, callback) : send(url, whole, callback)
}

const { httpAgent, httpsAgent } = agents()

module.exports = { agent: { http: httpAgent, https: httpsAgent }, request }
