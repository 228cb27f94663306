'use strict'
// Responses that fetch makes of what is here already: `data:` and `blob:` URLs, and bodies that were checked
// against their digest first.

const { resolveObjectURL } = require('node:buffer')
const { MIMEType } = require('node:util')
const { abortReason } = require('./abort')
const { fetchFailed } = require('./errors')
const { Incoming, WHOLE } = require('./incoming')
const { verify } = require('./integrity')
const { utf8Text } = require('./text')

const NOWHERE = () => ({
  reused: false,
  connectionId: 0,
  requests: 0,
  pipelined: false,
  replays: 0,
  replayReason: null,
  retries: 0,
  redirects: 0,
  hedged: false,
  hedgeWon: false,
  bytesSent: 0,
  bytesReceived: 0,
  localAddress: null,
  peerAddress: null,
  httpVersion: '1.1',
  timings: { queued: 0, stalled: 0, resolve: 0, connect: 0, tls: 0, send: 0, wait: 0, receive: 0, total: 0 },
  informational: [],
  tls: null,
  history: [],
})

/** Stands for a record of the engine's; `made` has what its head says. */
class LocalRecord {
  constructor(made, body) {
    this.made = made
    this.body = body
    this.last = true
    this.trailers = []
  }

  get status() {
    return this.made.status
  }

  get reason() {
    return this.made.reason
  }

  get url() {
    return this.made.url
  }

  get fields() {
    return this.made.fields
  }

  get redirects() {
    return this.made.redirects
  }

  get hops() {
    return this.made.hops
  }

  get info() {
    return this.made.info
  }

  get bodyLength() {
    return this.body.length
  }

  text() {
    return utf8Text(this.body)
  }

  bytes() {
    return this.body
  }
}

/** The body of a response whose head `made` tells, in memory. */
function localIncoming(made, body) {
  return new Incoming(new LocalRecord(made, body), undefined, Infinity, fetchFailed)
}

function networkError(reason) {
  return fetchFailed(new Error(reason))
}

function answer(url, fields, { status = 200, reason = 'OK' } = {}) {
  return { url, status, reason, fields, redirects: 0, hops: [], info: NOWHERE() }
}

/** What a `data:` or `blob:` URL stands for: its incoming body and, of a Blob, its stream. */
function localAnswer(prepared) {
  const { method, url } = prepared
  const plain = url.replace(/#[^]*/, '')
  if (url.startsWith('data:')) {
    const { type, bytes } = decoded(plain)
    return { incoming: localIncoming(answer(plain, ['content-type', type]), bytes) }
  }
  const blob = resolveObjectURL(plain)
  if (method !== 'GET' || blob === undefined) throw networkError(blob === undefined ? 'no such blob URL' : 'invalid method')
  return ofBlob(plain, blob, prepared.headerOf('range'))
}

function ofBlob(url, blob, range) {
  const { size, type } = blob
  const fields = ['content-length', String(size), 'content-type', type]
  if (range === undefined) return { incoming: localIncoming(answer(url, fields), Buffer.alloc(0)), stream: blob.stream() }
  const [from, to] = placesOf(range, size)
  const part = blob.slice(from, to + 1, type)
  const made = answer(
    url,
    ['content-length', String(part.size), 'content-range', `bytes ${from}-${to}/${size}`, 'content-type', type],
    { status: 206, reason: 'Partial Content' },
  )
  return { incoming: localIncoming(made, Buffer.alloc(0)), stream: part.stream() }
}

/** The first and the last byte of a range (Fetch, "parse a single range header value"). */
function placesOf(range, size) {
  const match = /^bytes[\t ]*=[\t ]*(\d*)[\t ]*-[\t ]*(\d*)$/.exec(range)
  const from = match?.[1] ? Number(match[1]) : undefined
  const to = match?.[2] ? Number(match[2]) : undefined
  if (from === undefined && to === undefined) throw networkError('invalid range')
  if (from === undefined) return [Math.max(0, size - to), size - 1]
  if (from >= size || (to !== undefined && to < from)) throw networkError('invalid range')
  return [from, Math.min(to ?? size - 1, size - 1)]
}

/** The type and bytes of a `data:` URL (Fetch, "data: URL processor"). */
function decoded(url) {
  const comma = url.indexOf(',')
  if (comma === -1) throw networkError('failed to fetch the data URL')
  let type = url.slice('data:'.length, comma).replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '')
  let bytes = percentDecoded(url.slice(comma + 1))
  if (/; *base64$/i.test(type)) {
    type = type.replace(/; *base64$/i, '')
    bytes = forgivingBase64(bytes.latin1Slice())
  }
  return { type: typeOf(type), bytes }
}

function typeOf(text) {
  try {
    return String(new MIMEType(text.startsWith(';') ? `text/plain${text}` : text))
  } catch {
    return 'text/plain;charset=US-ASCII'
  }
}

function percentDecoded(text) {
  const from = Buffer.from(text, 'utf8')
  const to = Buffer.allocUnsafeSlow(from.length)
  let length = 0
  for (let i = 0; i < from.length; i += 1) {
    const pair = from[i] === 0x25 ? from.latin1Slice(i + 1, i + 3) : ''
    if (/^[0-9a-f]{2}$/i.test(pair)) {
      to[length] = Number.parseInt(pair, 16)
      i += 2
    } else {
      to[length] = from[i]
    }
    length += 1
  }
  return Buffer.from(to.subarray(0, length))
}

function forgivingBase64(text) {
  let plain = text.replace(/[\t\n\f\r ]/g, '')
  if (plain.length % 4 === 0) plain = plain.replace(/={1,2}$/, '')
  if (plain.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(plain)) throw networkError('failed to fetch the data URL')
  return Buffer.from(plain, 'base64')
}

/** `fetch` of what is answered here, or checked before it is handed out; `send` asks the server. */
async function fetchWhole(prepared, send, deliver) {
  const { integrity, signal } = prepared
  if (signal !== undefined && signal.aborted) {
    const reason = abortReason(signal)
    prepared.upload?.stop(reason)
    throw reason
  }
  const { incoming, stream } = prepared.isLocal ? localAnswer(prepared) : { incoming: await sent(prepared, send) }
  if (!integrity) return deliver(incoming, stream)
  const bytes = await collected(incoming, stream)
  verify(bytes, integrity)
  const { status, reason, url, fields, redirects, hops } = incoming.record
  const made = { status, reason, url, fields, redirects, hops, info: incoming.info }
  return deliver(localIncoming(made, bytes), undefined)
}

function sent(prepared, send) {
  return prepared.page === undefined ? send() : prepared.page.send(prepared, send)
}

async function collected(incoming, stream) {
  if (stream === undefined) {
    incoming.take(WHOLE)
    return incoming.bytes()
  }
  const pieces = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

module.exports = { fetchWhole }
