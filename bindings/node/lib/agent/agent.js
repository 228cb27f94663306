'use strict'
// http.Agent and https.Agent whose connections are the pool's: for http.request and all that is built on it.

const http = require('node:http')
const https = require('node:https')
const { isIP } = require('node:net')
const { Client, commonClient, nativeOf } = require('../client')
const { argumentError } = require('../errors')
const { ownOptions } = require('../options')
const { LentConnection } = require('./lent_connection')

/** The limits of Node's agents, which have none where a Client has some. */
const USUAL = {
  connectTimeout: null,
  headerTimeout: null,
  stallTimeout: null,
  bodyIdleTimeout: null,
  queueStallTimeout: null,
  maxPerHost: 1_000_000,
  maxTotal: 1_000_000,
  maxFields: 16_384,
  maxHeadSize: 1024 * 1024,
  userAgent: null,
  expectThreshold: 0,
}

/** Options of TLS that make another pool, and what they are for a Client. */
const TLS = { ca: 'caPem', cert: 'clientCertPem', key: 'clientKeyPem', passphrase: 'clientKeyPassword', minVersion: 'tlsMinVersion', maxVersion: 'tlsMaxVersion' }

/** Options that would change who is trusted or what is sent, and that the pool cannot follow. */
const REFUSED = ['checkServerIdentity', 'ciphers', 'crl', 'pfx', 'secureContext', 'sigalgs', 'secureProtocol', 'pskCallback', 'engine']

/** Pools for other TLS options; a program has few. */
const MOST_CLIENTS = 32

const pem = (value) => (Array.isArray(value) ? value.map((one) => pem(one)).join('\n') : Buffer.isBuffer(value) ? value.toString() : value?.pem ?? value)

function tlsOptions(options) {
  const own = {}
  for (const name of REFUSED) {
    if (options[name] !== undefined && options[name] !== null) {
      throw argumentError(`option ${name}: this agent's pool cannot follow it; use Node's own agent for such requests`)
    }
  }
  for (const [name, mine] of Object.entries(TLS)) {
    const value = options[name]
    if (value === undefined || value === null) continue
    own[mine] = name.endsWith('Version') ? String(value).replace(/^TLSv/, '') : pem(value)
  }
  if (own.caPem !== undefined) own.caOnly = true
  return own
}

/** The clients of one agent. */
class Lender {
  #client
  #options
  #others = new Map()

  constructor(client) {
    if (client instanceof Client) this.#client = client
    else {
      if (client !== undefined && (typeof client !== 'object' || client === null)) throw argumentError('client: expected a Client or its options')
      this.#options = { ...USUAL, ...client }
      this.#client = commonClient(this.#options)
    }
  }

  get client() {
    return this.#client
  }

  /** The client for these options of a request. */
  for(options, isTls) {
    const own = isTls ? tlsOptions(options) : {}
    if (Object.keys(own).length === 0) return this.#client
    if (this.#options === undefined) throw argumentError('ca, cert, key: give them to the Client that this agent was made with')
    const key = JSON.stringify(own)
    let client = this.#others.get(key)
    if (client === undefined) {
      client = commonClient({ ...this.#options, ...own })
      if (this.#others.size >= MOST_CLIENTS) this.#others.delete(this.#others.keys().next().value)
      this.#others.set(key, client)
    }
    return client
  }
}

function baseOf(options, isTls) {
  const host = options.host ?? options.hostname ?? 'localhost'
  const port = options.port || (isTls ? 443 : 80)
  return `${isTls ? 'https' : 'http'}://${host.includes(':') && host[0] !== '[' ? `[${host}]` : host}:${port}`
}

/** Options of a request that are its own on the way to the server. */
function roadOf(options, isTls) {
  const own = {}
  if (options.socketPath) own.unixSocket = options.socketPath
  if (options.localAddress) own.localAddress = options.localAddress
  if (isTls) {
    if (options.rejectUnauthorized === false) own.rejectUnauthorized = false
    const name = options.servername
    if (name && name !== options.host) own.servername = name
  }
  return own
}

function connectionFor(lender, options, isTls, address) {
  const own = roadOf(options, isTls)
  if (address !== undefined) own.connectTo = `::${address.includes(':') ? `[${address}]` : address}:`
  const native = nativeOf(lender.for(options, isTls))
  return new LentConnection({ native, base: baseOf(options, isTls) }, ownOptions(own))
}

/** `createConnection` of both. */
function create(lender, options, callback, isTls) {
  const lookup = typeof options.lookup === 'function' ? options.lookup : options.family === 4 || options.family === 6 ? require('node:dns').lookup : undefined
  // Node asks about names only.
  if (lookup === undefined || options.socketPath || isIP(options.host ?? 'localhost') !== 0) {
    try {
      return connectionFor(lender, options, isTls)
    } catch (error) {
      process.nextTick(callback, error)
      return undefined
    }
  }
  // Who filters addresses sees them before a connection is made.
  const { family, hints } = options
  lookup(options.host ?? 'localhost', { family, hints, all: false }, (error, found) => {
    if (error) {
      callback(error)
      return
    }
    try {
      const address = Array.isArray(found) ? found[0]?.address : found
      if (typeof address !== 'string') throw argumentError('lookup: expected an address')
      callback(null, connectionFor(lender, options, isTls, address))
    } catch (thrown) {
      callback(thrown)
    }
  })
  return undefined
}

/** Node's options, `client` apart. What this agent keeps is for the next request to be written to, and no connection to a server. */
function split(options) {
  const { client, ...others } = options ?? {}
  return [client, { ...others, keepAlive: true }]
}

/** Whether a connection can carry another request; it keeps nothing of the last one until then. */
function mayRest(connection) {
  if (!connection.isReusable) return false
  connection.rest()
  return true
}

class HttpAgent extends http.Agent {
  #lender

  constructor(options) {
    const [client, others] = split(options)
    super(others)
    this.#lender = new Lender(client)
  }

  get client() {
    return this.#lender.client
  }

  createConnection(options, callback) {
    return create(this.#lender, options, callback, false)
  }

  keepSocketAlive(socket) {
    return mayRest(socket) && super.keepSocketAlive(socket)
  }
}

class HttpsAgent extends https.Agent {
  #lender

  constructor(options) {
    const [client, others] = split(options)
    super(others)
    this.#lender = new Lender(client)
  }

  get client() {
    return this.#lender.client
  }

  createConnection(options, callback) {
    return create(this.#lender, options, callback, true)
  }

  keepSocketAlive(socket) {
    return mayRest(socket) && super.keepSocketAlive(socket)
  }
}

let usual

/** The pair that all adapters without one of their own use. */
function agents() {
  usual ??= { httpAgent: new HttpAgent(), httpsAgent: new HttpsAgent() }
  return usual
}

module.exports = { HttpAgent, HttpsAgent, agents }
