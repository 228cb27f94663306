'use strict'
// axios on the native pool: `axios.create({ adapter })`, or `transport` for its own http adapter.

const { agents } = require('../lib/agent/agent')
const { peer } = require('../lib/peer')
const { request } = require('./got')

/** axios's own http adapter, with agents of the pool unless the request brings its own. */
function adapterOf(axios, options) {
  const { getAdapter } = axios
  if (typeof getAdapter !== 'function') throw new TypeError('axios: expected the module, of version 1.5 or newer')
  const send = getAdapter('http')
  const { httpAgent, httpsAgent } = { ...agents(), ...options }
  return function keepalive(config) {
    return send({ ...config, httpAgent: config.httpAgent ?? httpAgent, httpsAgent: config.httpsAgent ?? httpsAgent })
  }
}

let usual

/** The adapter for the copy of axios that this package finds. */
function adapter(config) {
  usual ??= adapterOf(peer('axios'), undefined)
  return usual(config)
}

/** For the option `transport`, which axios then leaves its redirects to: `maxRedirects: 0`, or wrap it by follow-redirects. */
const transport = { request: (options, callback) => request(options, callback) }

module.exports = { adapter, createAdapter: (axios, options) => adapterOf(axios.default ?? axios, options), transport }
