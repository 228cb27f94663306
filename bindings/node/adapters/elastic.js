'use strict'
// The Elasticsearch client: `new Client({ node, Connection: connection() })`.

const { createRequire } = require('node:module')
const { KeepaliveDispatcher } = require('../lib/dispatcher/dispatcher')
const { peer, whereIs } = require('../lib/peer')

/** Options of a connection as those of the dispatcher that it asks. */
function dispatcherOptions({ caFingerprint, timeout, tls }, options) {
  if (caFingerprint !== undefined && caFingerprint !== null) {
    throw new TypeError('caFingerprint: cannot be checked here; give the authority itself (tls.ca), or option tlsPins')
  }
  const limit = timeout ?? 0
  const limits = { connections: 256, headersTimeout: limit, bodyTimeout: limit }
  return { ...limits, ...(tls === undefined || tls === null ? {} : { connect: tls }), ...options }
}

/** The client's own UndiciConnection, asking a dispatcher of the pool; `options` are the dispatcher's. */
function connection(options) {
  const { UndiciConnection } = peer('@elastic/transport')
  // The copy of undici that it uses itself.
  const undici = createRequire(whereIs('@elastic/transport'))('undici')
  const Dispatcher = KeepaliveDispatcher.withUndici(undici)
  return class Connection extends UndiciConnection {
    constructor(given) {
      const dispatcher = new Dispatcher(dispatcherOptions(given, options))
      const { origin } = given.url
      super({
        ...given,
        agent: () => ({
          request: (request) => dispatcher.request({ ...request, origin }),
          close: () => dispatcher.close(),
        }),
      })
    }
  }
}

module.exports = { connection }
