'use strict'
// undici's diagnostics channels, for those who listen to it: OpenTelemetry, Datadog, Sentry, `NODE_DEBUG`.
// Their messages have the objects that undici's have; made only while somebody listens.

const diagnostics = require('node:diagnostics_channel')

const channel = (name) => diagnostics.channel(`undici:${name}`)
const channels = {
  beforeConnect: channel('client:beforeConnect'),
  connected: channel('client:connected'),
  connectError: channel('client:connectError'),
  sendHeaders: channel('client:sendHeaders'),
  create: channel('request:create'),
  bodySent: channel('request:bodySent'),
  bodyChunkSent: channel('request:bodyChunkSent'),
  bodyChunkReceived: channel('request:bodyChunkReceived'),
  headers: channel('request:headers'),
  trailers: channel('request:trailers'),
  error: channel('request:error'),
}
const all = Object.values(channels)

function isHeard() {
  for (const one of all) if (one.hasSubscribers) return true
  return false
}

/** A request as subscribers of undici see one. */
class TracedRequest {
  #prepared

  constructor(prepared, opts) {
    const { base, body, head, method, path, upgrade } = prepared
    this.#prepared = prepared
    this.origin = base.text
    this.protocol = base.tls ? 'https:' : 'http:'
    this.method = method
    this.path = path
    this.headers = head.list
    this.body = body
    this.upgrade = upgrade
    this.idempotent = opts.idempotent ?? (method === 'GET' || method === 'HEAD')
    this.headersTimeout = opts.headersTimeout
    this.bodyTimeout = opts.bodyTimeout
    this.completed = false
    this.aborted = false
  }

  get host() {
    return this.#prepared.head.host
  }

  get contentLength() {
    return this.#prepared.head.contentLength
  }

  get contentType() {
    return this.#prepared.head.contentType
  }

  /** As undici's: another field, in place of none. */
  addHeader(key, value) {
    this.#prepared.head.add(key, value)
    return this
  }
}

/** "ADDRESS:PORT" or "[ADDRESS]:PORT" in two. */
function placeOf(text) {
  const [, six, four, port] = /^(?:\[(.*)\]|([0-9.]+)):([0-9]+)$/.exec(text ?? '') ?? []
  return [six ?? four, port === undefined ? undefined : Number(port)]
}

/** The address of an origin whose URL has one. */
function literalOf({ hostname, text, tls }) {
  if (!/^(\[.*\]|[0-9.]+)$/.test(hostname)) return undefined
  return `${hostname}:${new URL(text).port || (tls ? 443 : 80)}`
}

/** What is known of a connection, by the names of Node's sockets. */
function socketOf(prepared, info) {
  const { base } = prepared
  const [remoteAddress, remotePort] = placeOf(info?.peerAddress ?? literalOf(base))
  const [localAddress, localPort] = placeOf(info?.localAddress)
  return {
    remoteAddress,
    remotePort,
    localAddress,
    localPort,
    encrypted: base.tls,
    alpnProtocol: base.tls ? 'http/1.1' : undefined,
    servername: base.tls ? base.hostname : undefined,
  }
}

function connectParams(prepared) {
  const { base } = prepared
  const url = new URL(base.text)
  return {
    host: url.host,
    hostname: url.hostname,
    protocol: url.protocol,
    port: url.port,
    servername: base.tls ? url.hostname : null,
    version: 'h1',
    localAddress: null,
  }
}

/** The head as it is sent, for people: the engine writes it. */
function headText(prepared, headers) {
  const { head, method, path } = prepared
  let text = `${method} ${path} HTTP/1.1\r\nhost: ${head.host ?? new URL(prepared.base.text).host}\r\n`
  for (let i = 0; i < headers.length; i += 2) {
    const values = Array.isArray(headers[i + 1]) ? headers[i + 1] : [headers[i + 1]]
    for (const value of values) text += `${headers[i]}: ${value}\r\n`
  }
  return text
}

/** Tells the subscribers of one request. */
class Trace {
  constructor(prepared, opts) {
    this.prepared = prepared
    this.request = new TracedRequest(prepared, opts)
    this.isSent = false
    if (channels.create.hasSubscribers) channels.create.publish({ request: this.request })
  }

  /** It has a connection, as far as it is known now. */
  sent(info) {
    if (this.isSent) return
    this.isSent = true
    const { prepared, request } = this
    const socket = socketOf(prepared, info)
    if (info !== undefined && !info.reused) {
      const params = connectParams(prepared)
      if (channels.beforeConnect.hasSubscribers) channels.beforeConnect.publish({ connectParams: params })
      if (channels.connected.hasSubscribers) channels.connected.publish({ connectParams: params, socket })
    }
    if (channels.sendHeaders.hasSubscribers) channels.sendHeaders.publish({ request, headers: headText(prepared, request.headers), socket })
    if (channels.bodySent.hasSubscribers) channels.bodySent.publish({ request })
  }

  pieceSent(chunk) {
    if (channels.bodyChunkSent.hasSubscribers) channels.bodyChunkSent.publish({ request: this.request, chunk })
  }

  head(statusCode, headers, statusText) {
    const { request } = this
    if (channels.headers.hasSubscribers) channels.headers.publish({ request, response: { statusCode, headers, statusText } })
  }

  piece(chunk) {
    if (channels.bodyChunkReceived.hasSubscribers) channels.bodyChunkReceived.publish({ request: this.request, chunk })
  }

  end(trailers) {
    const { request } = this
    request.completed = true
    if (channels.trailers.hasSubscribers) channels.trailers.publish({ request, trailers })
  }

  /** `wasSent`: it had a connection. */
  error(error, isConnecting, wasSent) {
    const { prepared, request } = this
    if (wasSent) this.sent(undefined)
    if (isConnecting && channels.connectError.hasSubscribers) {
      const params = connectParams(prepared)
      if (channels.beforeConnect.hasSubscribers) channels.beforeConnect.publish({ connectParams: params })
      channels.connectError.publish({ connectParams: params, error })
    }
    if (channels.error.hasSubscribers) channels.error.publish({ request, error })
    request.aborted = true
  }
}

/** Who tells of a request; undefined while nobody listens. */
function traceOf(prepared, opts) {
  return isHeard() ? new Trace(prepared, opts) : undefined
}

module.exports = { socketOf, traceOf }
