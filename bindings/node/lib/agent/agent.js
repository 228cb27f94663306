'use strict'
// http.Agent and https.Agent whose connections are the pool's: for http.request and all that is built on it.

const http = require('node:http')
const https = require('node:https')
const { isIP } = require('node:net')
const { Client, commonClient, nativeOf } = require('../client')
const { argumentError } = require('../errors')
const { ownOptions } = require('../options')
const { isFollowed } = require('./ciphers')
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
    if (name === 'ciphers' && isFollowed(options[name])) continue
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

  /** Whether the certificates of a request's servers are looked at; as Node, the environment is asked each time. */
  verifies({ rejectUnauthorized }) {
    const said = rejectUnauthorized ?? this.#options?.rejectUnauthorized
    if (said !== undefined && said !== null) return said !== false
    return this.#options === undefined || process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0'
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
function roadOf(options, isTls, isVerified) {
  const own = {}
  if (options.socketPath) own.unixSocket = options.socketPath
  if (options.localAddress) own.localAddress = options.localAddress
  if (isTls) {
    if (!isVerified) own.rejectUnauthorized = false
    const name = options.servername
    if (name && name !== options.host) own.servername = name
  }
  return own
}

/** A connection, its options, and who has to say where it leads to, if anybody has. */
function connectionFor(lender, options, isTls) {
  const isVerified = isTls && lender.verifies(options)
  const own = roadOf(options, isTls, isVerified)
  const native = nativeOf(lender.for(options, isTls))
  const connection = new LentConnection({ native, base: baseOf(options, isTls), isVerified })
  if (options.timeout) connection.setTimeout(options.timeout)
  const lookup = lookupOf(options)
  if (lookup === undefined) connection.lead([ownOptions(own)])
  return { connection, lookup, own }
}

/** Who is asked for the addresses of the host; undefined: the pool does that. */
function lookupOf({ family, host = 'localhost', lookup, socketPath }) {
  // Node asks about names only.
  if (socketPath || isIP(host) !== 0) return undefined
  if (typeof lookup === 'function') return lookup
  return family === 4 || family === 6 ? require('node:dns').lookup : undefined
}

/** Who filters addresses sees them before a connection is made. */
function ask(lookup, options, own, connection) {
  const { autoSelectFamily, family, hints, host = 'localhost' } = options
  lookup(host, { family, hints, all: autoSelectFamily !== false }, (error, found) => {
    try {
      if (error) throw error
      connection.lead(addressesOf(found).map((address) => {
        return ownOptions({ ...own, connectTo: `::${address.includes(':') ? `[${address}]` : address}:` })
      }))
    } catch (thrown) {
      // It may be heard of at once, by nobody yet.
      process.nextTick(() => connection.destroy(thrown))
    }
  })
}

/** What a `lookup` function has found, in either of the forms that `dns.lookup` has. */
function addressesOf(found) {
  const addresses = Array.isArray(found) ? found.map((one) => one?.address) : [found]
  if (addresses.length === 0 || !addresses.every((address) => typeof address === 'string')) throw argumentError('lookup: expected an address')
  return addresses
}

/** `createConnection` of both. */
function create(lender, options, callback, isTls) {
  let made
  try {
    made = connectionFor(lender, options, isTls)
  } catch (error) {
    process.nextTick(callback, error)
    return undefined
  }
  const { connection, lookup, own } = made
  // What it throws is for the caller, as in Node.
  if (lookup !== undefined) ask(lookup, options, own, connection)
  return connection
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
