'use strict'
// What a dispatcher is made with: the options of a Client, or undici's own names for the same.

const { InvalidArgumentError, NotSupportedError } = require('./errors')

/** undici's names, and what they are here. */
const RENAMED = {
  headersTimeout: 'headerTimeout',
  bodyTimeout: 'stallTimeout',
  keepAliveTimeout: 'idleTimeout',
  connections: 'maxPerHost',
  clientTtl: 'maxAge',
  socketPath: 'unixSocket',
}

/** Of undici's `connect` option. */
const CONNECT = {
  timeout: 'connectTimeout',
  rejectUnauthorized: 'rejectUnauthorized',
  servername: 'servername',
  socketPath: 'unixSocket',
  localAddress: 'localAddress',
  ca: 'caPem',
  cert: 'clientCertPem',
  key: 'clientKeyPem',
  passphrase: 'clientKeyPassword',
}

/** Matters of undici's own machine that nothing here depends on. */
const IRRELEVANT = new Set([
  'strictContentLength', 'allowH2', 'useH2c', 'maxConcurrentStreams', 'autoSelectFamily', 'keepAliveMaxTimeout',
  'autoSelectFamilyAttemptTimeout', 'keepAliveTimeoutThreshold', 'keepAlive', 'maxCachedSessions', 'ALPNProtocols',
  'keepAliveInitialDelay', 'initialWindowSize', 'connectionWindowSize', 'pingInterval', 'noDelay',
])

/** What would change what is done, and cannot be taken over. */
const REFUSED = {
  factory: 'factory: the pool is the native one; undici has no part in it',
  interceptors: 'interceptors: use compose()',
  maxRedirections: 'maxRedirections is not supported, use the redirect interceptor',
  uri: 'uri: name the proxy with the option proxy',
}

/** The limits of undici's Agent, where they differ from a Client's. */
function usual() {
  return {
    connectTimeout: 10_000,
    headerTimeout: 300_000,
    stallTimeout: 300_000,
    bodyIdleTimeout: null,
    queueStallTimeout: null,
    // It has no limit; the process's descriptors are one.
    maxPerHost: 1_000_000,
    maxTotal: 1_000_000,
    maxFields: 16_384,
    userAgent: null,
    expectThreshold: 0,
  }
}

function copyConnect(connect, into) {
  if (connect === undefined || connect === null) return
  if (typeof connect === 'function') {
    throw new NotSupportedError('connect: connections are opened by the native pool; a function cannot take part')
  }
  if (typeof connect !== 'object') throw new InvalidArgumentError('connect must be a function or an object')
  for (const [name, value] of Object.entries(connect)) {
    if (value === undefined || IRRELEVANT.has(name)) continue
    if (!Object.hasOwn(CONNECT, name)) throw new InvalidArgumentError(`connect.${name}: expected ${Object.keys(CONNECT).join(', ')}`)
    into[CONNECT[name]] = name === 'ca' && Array.isArray(value) ? value.join('\n') : value
  }
  // As Node has it: an authority of one's own stands instead of the system's.
  if (into.caPem !== undefined && into.caOnly === undefined) into.caOnly = true
}

function sizeOption(name, value, least) {
  if (!Number.isInteger(value) || value < least) throw new InvalidArgumentError(`invalid ${name}`)
  return value
}

/** `{ client, limits, webSocket, eventSource }`: a Client's options and what the dispatcher looks at itself. */
function dispatcherOptions(options) {
  if (options === undefined || options === null) options = {}
  if (typeof options !== 'object') throw new InvalidArgumentError('options must be an object')
  const client = usual()
  const limits = { maxHeaderSize: require('node:http').maxHeaderSize, maxResponseSize: -1 }
  const { connect, connectTimeout, eventSource, maxHeaderSize, maxResponseSize, tls, webSocket, ...others } = options
  for (const name of Object.keys(others)) {
    // undici's word for connections that are used once; the pool keeps them.
    if (name === 'pipelining' && others[name] === 0) continue
    if (IRRELEVANT.has(name) || others[name] === undefined) continue
    if (Object.hasOwn(REFUSED, name)) throw new NotSupportedError(REFUSED[name])
    client[Object.hasOwn(RENAMED, name) ? RENAMED[name] : name] = others[name]
  }
  copyConnect(tls, client)
  copyConnect(connect, client)
  if (connectTimeout !== undefined && connectTimeout !== null) client.connectTimeout = connectTimeout
  // undici's 0 is no limit, too.
  if (client.maxPerHost === null || others.connections === 0) client.maxPerHost = usual().maxPerHost
  if (maxHeaderSize !== undefined && maxHeaderSize !== null) limits.maxHeaderSize = sizeOption('maxHeaderSize', maxHeaderSize, 1)
  if (maxResponseSize !== undefined && maxResponseSize !== null) limits.maxResponseSize = sizeOption('maxResponseSize', maxResponseSize, -1)
  // The engine counts the status line and the separators too.
  client.maxHeadSize ??= Math.min(Math.max(65_536, limits.maxHeaderSize * 4), 2 ** 30)
  limits.connectTimeout = client.connectTimeout
  return { client, limits, webSocket: webSocket ?? {}, eventSource: eventSource ?? {} }
}

/** What a Client says of its options, in the names that they were given by. */
function inGivenNames(error, options) {
  for (const [given, name] of Object.entries(RENAMED)) {
    if (Object.hasOwn(options ?? {}, given)) error.message = error.message.replace(new RegExp(`^option ${name}\\b`), `option ${given}`)
  }
  return error
}

module.exports = { dispatcherOptions, inGivenNames }
