'use strict'
// Reads the records that src/completion_record.rs writes. Fields are offsets into a slab; nothing is decoded
// before it is asked for.

const { allocUnsafeSlow } = require('./captured')
const { kindName } = require('./errors')

const SLAB_SIZE = 64 * 1024

const kind = { HEAD: 0, CHUNK: 1, WANT_BODY: 2, FAILED: 3, WARMED: 4 }
const REUSED = 1
const HTTP_10 = 2
const LAST = 4
const HEDGED = 8
const HEDGE_WON = 16
const DIRECT = 32
const RESTART = 64
const DATA = 16 * 4 + 8 * 8

/** Memory that batches are packed into; the views share it. */
class Slab {
  constructor(size) {
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
    return this.slab.words[this.word + 7] - 1
  }

  /** How many bytes of body there are, fetched or not. */
  size(bridge) {
    const number = this.extraNumber
    return number < 0 ? this.slab.words[this.word + 12] : bridge.extraSize(number)
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
    const size = this.slab.words[this.word + 12]
    if (offset + size > memory.length) return -1
    this.slab.bytes.copy(memory, offset, start, start + size)
    return size
  }

  get status() {
    return this.slab.words[this.word + 3]
  }

  get last() {
    return (this.slab.words[this.word + 4] & LAST) !== 0
  }

  /** Of a head: whether the body can be taken as it comes (`bridge.take`). */
  get direct() {
    return (this.slab.words[this.word + 4] & DIRECT) !== 0
  }

  get redirects() {
    return this.slab.words[this.word + 5]
  }

  get url() {
    const start = this.word * 4 + DATA
    return this.slab.bytes.latin1Slice(start, start + this.slab.words[this.word + 8])
  }

  get reason() {
    const { words, bytes } = this.slab
    const start = this.word * 4 + DATA + words[this.word + 8]
    return bytes.latin1Slice(start, start + words[this.word + 9])
  }

  /** Header fields as `[name, value, name, value, ...]`, in the case and order they came in. */
  get fields() {
    const { words, bytes } = this.slab
    const start = this.word * 4 + DATA + words[this.word + 8] + words[this.word + 9]
    return split(bytes.latin1Slice(start, start + words[this.word + 10]))
  }

  /** Trailer fields, in the same form. */
  get trailers() {
    const { words, bytes } = this.slab
    const length = words[this.word + 11]
    if (length === 0) return []
    const end = this.bodyStart
    return split(bytes.latin1Slice(end - length, end))
  }

  get bodyStart() {
    const { words } = this.slab
    const { word } = this
    return word * 4 + DATA + words[word + 8] + words[word + 9] + words[word + 10] + words[word + 11]
  }

  get bodyLength() {
    return this.extra === undefined ? this.slab.words[this.word + 12] : this.extra.length
  }

  /** The body as text; a byte order mark is dropped, as TextDecoder does. */
  text() {
    const bytes = this.extra ?? this.slab.bytes
    let start = this.extra === undefined ? this.bodyStart : 0
    const length = this.bodyLength
    const end = start + length
    if (length >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) {
      start += 3
    }
    return bytes.utf8Slice(start, end)
  }

  /** The body in a buffer that shares no memory with other bodies. */
  bytes() {
    if (this.extra !== undefined) return this.extra
    const start = this.bodyStart
    const copy = allocUnsafeSlow(this.bodyLength)
    this.slab.bytes.copy(copy, 0, start, start + copy.length)
    return copy
  }

  get info() {
    const { words, doubles } = this.slab
    const { word } = this
    const flags = words[word + 4]
    const at = (word + 16) / 2
    return {
      reused: (flags & REUSED) !== 0,
      connectionId: doubles[at],
      replays: words[word + 6],
      replayReason: kindName(words[word + 13]),
      retries: words[word + 14],
      redirects: words[word + 5],
      hedged: (flags & HEDGED) !== 0,
      hedgeWon: (flags & HEDGE_WON) !== 0,
      httpVersion: (flags & HTTP_10) !== 0 ? '1.0' : '1.1',
      timings: {
        queued: doubles[at + 1],
        resolve: doubles[at + 2],
        connect: doubles[at + 3],
        tls: doubles[at + 4],
        send: doubles[at + 5],
        wait: doubles[at + 6],
        total: doubles[at + 7],
      },
    }
  }
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

module.exports = { RESTART, Record, Slab, fieldObject, kind }
