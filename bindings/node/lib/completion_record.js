'use strict'
// Reads the records that src/completion_record.rs writes. Fields are offsets into a slab; nothing is decoded
// before it is asked for.

const { allocUnsafeSlow } = require('./captured')
const { kindName } = require('./errors')
const { utf8Text } = require('./text')

const SLAB_SIZE = 64 * 1024

// The places in a record, as `make generate` gives them to both sides.
// <generated layout>
const kind = { HEAD: 0, CHUNK: 1, WANT_BODY: 2, FAILED: 3, WARMED: 4, STREAMED: 5, INFORMATIONAL: 6, REDIRECT: 7, PROGRESS: 8, SAVED: 9 }
const SIZE = 0 // Bytes of the record, a multiple of 8.
const SLOT = 1 // The slot of the exchange.
const KIND = 2 // What the record is about.
const STATUS = 3 // Of a head, also an interim one: the status. Of WARMED: how many connections were opened. Of STREAMED: how many bytes are at hand.
const FLAGS = 4 // Bits, each with its meaning.
const EXTRA = 5 // The number of what comes beside the record, counted from 1; 0: nothing.
const URL_LENGTH = 6 // Bytes of the URL, the first of the texts.
const REASON_LENGTH = 7 // Bytes of the reason phrase, which follows.
const FIELDS_LENGTH = 8 // Bytes of the header fields: name, NUL, value, NUL and so on.
const TRAILERS_LENGTH = 9 // Bytes of the trailer fields, in the same form.
const BODY_LENGTH = 10 // Bytes of the body.
const INFORMATIONAL_LENGTH = 11 // Bytes of the 1xx heads behind it: status, number of fields and the fields of each, all with a NUL at their end.
const HISTORY = 12 // Where in the record those of the answers begin that led here, one after the other; 0: none did.
const REPLAYS = 13 // How often the request was sent again on a fresh connection: 0 or 1.
const REPLAY_REASON = 14 // Why it was sent again: the kind of the error that it met.
const RETRIES = 15 // Tries before this one that failed and were worth another (option `retries`).
const REDIRECTS = 16 // Redirects followed before this response.
const LOCAL_ADDRESS_LENGTH = 17 // Bytes of that text.
const PEER_ADDRESS_LENGTH = 18 // Bytes of that text.
const HTTP_10 = 1 // The response is of HTTP/1.0.
const LAST = 2 // The body ends with this record.
const DIRECT = 4 // The body can be taken as it comes.
const RESTART = 8 // The request's body is wanted from its beginning.
const TOLD = 16 // It says how the exchange went: of a head, the end of a body and a failure.
const REUSED = 32 // Whether the connection had carried a response before.
const PIPELINED = 64 // Whether it was sent behind other requests on its connection (option `pipelining`).
const HEDGED = 128 // Whether a second try was sent because the first took long (option `hedge`).
const HEDGE_WON = 256 // Whether the response is the second try's.
const WORDS = 20 // Words; numbers follow.
const TEXTS = 184 // Bytes before the texts.
// </generated>

/** Memory that batches are packed into; the views share it. */
class Slab {
  /** `tlsOf` tells of the TLS of a connection by its number. */
  constructor(size, tlsOf) {
    this.tlsOf = tlsOf
    this.bytes = allocUnsafeSlow(Math.max(size, SLAB_SIZE))
    this.words = new Uint32Array(this.bytes.buffer)
    this.doubles = new Float64Array(this.bytes.buffer)
  }
}

/** One record: a slab and where in it. A large body is fetched apart, before the next batch comes. */
class Record {
  constructor(slab, at) {
    this.slab = slab
    this.word = at >>> 2
    this.extra = undefined
  }

  /** The number of the large body; negative when there is none. */
  get extraNumber() {
    return this.slab.words[this.word + EXTRA] - 1
  }

  /** How many bytes of body there are, fetched or not. */
  size(bridge) {
    const number = this.extraNumber
    return number < 0 ? this.slab.words[this.word + BODY_LENGTH] : bridge.extraSize(number)
  }

  /** Takes the large body, if there is one, into a buffer of its own. */
  fetch(bridge) {
    const number = this.extraNumber
    if (number < 0) return
    const memory = allocUnsafeSlow(bridge.extraSize(number))
    bridge.copyExtra(number, memory, 0)
    this.extra = memory
  }

  /** Copies the body into `memory` from `offset` on, if there is room; how many bytes, or -1. */
  copyTo(memory, offset, bridge) {
    const number = this.extraNumber
    if (number >= 0) {
      const size = bridge.extraSize(number)
      return bridge.copyExtra(number, memory, offset) ? size : -1
    }
    const start = this.bodyStart
    const size = this.slab.words[this.word + BODY_LENGTH]
    if (offset + size > memory.length) return -1
    this.slab.bytes.copy(memory, offset, start, start + size)
    return size
  }

  get status() {
    return this.slab.words[this.word + STATUS]
  }

  get last() {
    return (this.slab.words[this.word + FLAGS] & LAST) !== 0
  }

  /** Of a head: whether the body can be taken as it comes (`bridge.take`). */
  get direct() {
    return (this.slab.words[this.word + FLAGS] & DIRECT) !== 0
  }

  /** Of a head, what its server speaks. */
  get httpVersion() {
    return (this.slab.words[this.word + FLAGS] & HTTP_10) !== 0 ? '1.0' : '1.1'
  }

  get redirects() {
    return this.slab.words[this.word + REDIRECTS]
  }

  get url() {
    const start = this.word * 4 + TEXTS
    return this.slab.bytes.latin1Slice(start, start + this.slab.words[this.word + URL_LENGTH])
  }

  get reason() {
    const { words, bytes } = this.slab
    const start = this.word * 4 + TEXTS + words[this.word + URL_LENGTH]
    return bytes.latin1Slice(start, start + words[this.word + REASON_LENGTH])
  }

  /** Header fields as `[name, value, name, value, ...]`, in the case and order they came in. */
  get fields() {
    const { words, bytes } = this.slab
    const start = this.word * 4 + TEXTS + words[this.word + URL_LENGTH] + words[this.word + REASON_LENGTH]
    return split(bytes.latin1Slice(start, start + words[this.word + FIELDS_LENGTH]))
  }

  /** Trailer fields, in the same form. */
  get trailers() {
    const { words, bytes } = this.slab
    const length = words[this.word + TRAILERS_LENGTH]
    if (length === 0) return []
    const end = this.bodyStart
    return split(bytes.latin1Slice(end - length, end))
  }

  get bodyStart() {
    const { words } = this.slab
    const { word } = this
    const head = words[word + URL_LENGTH] + words[word + REASON_LENGTH] + words[word + FIELDS_LENGTH]
    return word * 4 + TEXTS + head + words[word + TRAILERS_LENGTH]
  }

  get bodyLength() {
    return this.extra === undefined ? this.slab.words[this.word + BODY_LENGTH] : this.extra.length
  }

  /** The body as text. */
  text() {
    if (this.extra !== undefined) return utf8Text(this.extra)
    const start = this.bodyStart
    return utf8Text(this.slab.bytes, start, start + this.bodyLength)
  }

  /** The body in a buffer that shares no memory with other bodies. */
  bytes() {
    if (this.extra !== undefined) return this.extra
    const start = this.bodyStart
    const copy = allocUnsafeSlow(this.bodyLength)
    this.slab.bytes.copy(copy, 0, start, start + copy.length)
    return copy
  }

  /** The body in a buffer whose memory small ones share, as undici's pieces do: it costs far less. */
  pooled() {
    if (this.extra !== undefined) return this.extra
    const start = this.bodyStart
    const copy = Buffer.allocUnsafe(this.bodyLength)
    this.slab.bytes.copy(copy, 0, start, start + copy.length)
    return copy
  }

  /** The same into memory that has room for it. */
  copyBody(memory, offset) {
    if (this.extra !== undefined) this.extra.copy(memory, offset)
    else this.slab.bytes.copy(memory, offset, this.bodyStart, this.bodyStart + this.bodyLength)
  }

  get info() {
    const { slab, word } = this
    const heads = this.bodyStart + slab.words[word + BODY_LENGTH]
    const texts = heads + slab.words[word + INFORMATIONAL_LENGTH]
    const info = infoOf(slab, word, texts)
    info.informational = texts === heads ? [] : headsOf(slab.bytes.latin1Slice(heads, texts))
    let tls
    const get = () => (tls ??= slab.tlsOf(info.connectionId))
    Object.defineProperty(info, 'tls', { get, enumerable: true, configurable: true })
    let history
    const led = () => (history ??= this.history)
    return Object.defineProperty(info, 'history', { get: led, enumerable: true, configurable: true })
  }

  /** The records of the answers that led here. */
  get hops() {
    const { words } = this.slab
    const from = words[this.word + HISTORY]
    const hops = []
    if (from === 0) return hops
    const end = this.word * 4 + words[this.word + SIZE]
    for (let at = this.word * 4 + from; at < end; at += words[(at >>> 2) + SIZE]) hops.push(new Record(this.slab, at))
    return hops
  }

  /** The same as programs see them. */
  get history() {
    return this.hops.map((hop) => ({ ...hop.head, info: hop.info }))
  }

  /** Of a head, what programs see of it. */
  get head() {
    const { fields } = this
    const headers = fieldObject(fields)
    return {
      statusCode: this.status,
      statusText: this.reason,
      url: this.url,
      headers: fields.length === 0 ? headers : require('./secrets').guarded(headers, fields),
    }
  }

  /** Whether it says how the exchange went. */
  get told() {
    return (this.slab.words[this.word + FLAGS] & TOLD) !== 0
  }

  /** Of the end of a body: the milliseconds since the head, and all bytes of the response. */
  get ended() {
    return endOf(this.slab, this.word)
  }
}

// <generated info>
/** What is told of the exchange whose record begins with the word `at`, its last texts at `next`. */
function infoOf({ words, doubles, bytes }, at, next) {
  const flags = words[at + FLAGS]
  const number = (at + WORDS) / 2
  const part = (length) => (length === 0 ? null : bytes.utf8Slice(next, (next += length)))
  return {
    reused: (flags & REUSED) !== 0,
    connectionId: doubles[number],
    requests: doubles[number + 1],
    pipelined: (flags & PIPELINED) !== 0,
    replays: words[at + REPLAYS],
    replayReason: kindName(words[at + REPLAY_REASON]),
    retries: words[at + RETRIES],
    redirects: words[at + REDIRECTS],
    hedged: (flags & HEDGED) !== 0,
    hedgeWon: (flags & HEDGE_WON) !== 0,
    bytesSent: doubles[number + 2],
    bytesReceived: doubles[number + 3],
    localAddress: part(words[at + LOCAL_ADDRESS_LENGTH]),
    peerAddress: part(words[at + PEER_ADDRESS_LENGTH]),
    httpVersion: (flags & HTTP_10) !== 0 ? '1.0' : '1.1',
    timings: {
      queued: doubles[number + 4],
      stalled: doubles[number + 5],
      resolve: doubles[number + 6],
      connect: doubles[number + 7],
      tls: doubles[number + 8],
      send: doubles[number + 9],
      wait: doubles[number + 10],
      receive: doubles[number + 11],
      total: doubles[number + 12],
    },
  }
}

/** What the end of a body adds to that: its milliseconds, and bytes in all. */
function endOf({ doubles }, at) {
  const number = (at + WORDS) / 2
  return [doubles[number + 11], doubles[number + 3]]
}
// </generated>

/** 1xx heads, as the record has them. */
function headsOf(block) {
  const parts = split(block)
  const heads = []
  for (let at = 0; at < parts.length; ) {
    const end = at + 2 + 2 * Number(parts[at + 1])
    heads.push({ statusCode: Number(parts[at]), headers: fieldObject(parts.slice(at + 2, end)) })
    at = end
  }
  return heads
}

function split(block) {
  if (block === '') return []
  const pieces = block.split('\0')
  pieces.pop()
  return pieces
}

/** Fields as an object with lower-case names; repeated ones become arrays. */
function fieldObject(fields) {
  const object = {}
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i].toLowerCase()
    const value = fields[i + 1]
    const before = object[name]
    if (before === undefined || !Object.hasOwn(object, name)) {
      // A field named __proto__ must become a property, not a prototype.
      if (name === '__proto__') {
        Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true })
      } else {
        object[name] = value
      }
    } else if (Array.isArray(before)) {
      before.push(value)
    } else {
      object[name] = [before, value]
    }
  }
  return object
}

module.exports = { EXTRA, FLAGS, KIND, RESTART, Record, SIZE, SLOT, STATUS, Slab, fieldObject, kind }
