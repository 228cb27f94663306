'use strict'
// The body of `request()`: a Node Readable that becomes one only when it is used as one. Reading it
// whole (`text()`, `json()`, ...) needs no stream, and setting one up costs more than a request.

const { AsyncResource } = require('node:async_hooks')
const { Readable, isDisturbed } = require('node:stream')
const { Blob } = require('node:buffer')
const { asyncIterator, globalClass, ignore } = require('./captured')
const { ITERATOR, STREAM, WHOLE, unusable, webStream } = require('./incoming')
const { utf8Text } = require('./text')

const kIncoming = Symbol('incoming')
const kType = Symbol('type')
const kStream = Symbol('stream')

function BodyReadable(incoming, type) {
  this[kIncoming] = incoming
  this[kType] = type
}

Object.setPrototypeOf(BodyReadable, Readable)
BodyReadable.prototype = Object.create(Readable.prototype, {
  constructor: { value: BodyReadable, writable: true, configurable: true },
  // Everything in Readable goes through this field, so the first access is the first use.
  _readableState: {
    configurable: true,
    get() {
      if (!(kIncoming in this)) return undefined
      Readable.call(this, { highWaterMark: 64 * 1024 })
      const incoming = this[kIncoming]
      // Its listeners hear of an abort in the context of who made it a stream.
      incoming.onFailure = AsyncResource.bind((reason) => this.destroy(reason))
      // It has been read in another way: as a stream it is over.
      if (incoming.reader === ITERATOR) this.destroy()
      return this._readableState
    },
    set(value) {
      Object.defineProperty(this, '_readableState', {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    },
  },
})

const methods = {
  _read() {
    const incoming = this[kIncoming]
    try {
      incoming.share(STREAM)
    } catch (error) {
      this.destroy(error)
      return
    }
    // A second piece would be copied together with the one that waits to be read.
    const piece = this.readableLength === 0 ? incoming.takeNow() : null
    if (piece !== null) this.push(piece)
    else pump(this, incoming)
  },

  _destroy(error, callback) {
    const incoming = this[kIncoming]
    incoming.onFailure = undefined
    incoming.close()
    callback(error)
  },

  /** The whole body as text. */
  async text() {
    if (!isStream(this)) {
      this[kIncoming].take(WHOLE)
      return this[kIncoming].text()
    }
    return utf8Text(await collect(this))
  },

  /** The whole body, parsed. */
  async json() {
    return JSON.parse(await this.text())
  },

  /** The whole body as a Uint8Array. */
  async bytes() {
    const bytes = await whole(this)
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  },

  /** The whole body as an ArrayBuffer. */
  async arrayBuffer() {
    const { buffer, byteOffset, length } = await whole(this)
    return length === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + length)
  },

  /** The whole body as a Blob with the response's content type. */
  async blob() {
    return new Blob([await whole(this)], { type: this[kType]() ?? '' })
  },

  /** The whole body as form data. */
  async formData() {
    return parseForm(await whole(this), this[kType]())
  },

  /**
   * The pieces. Straight from the connection unless it is used as a stream already: that needs
   * neither a queue nor the ticks that Node's streams wait for.
   */
  [asyncIterator]() {
    if (isStream(this)) return Readable.prototype[asyncIterator].call(this)
    return piecesOf(this[kIncoming])
  },

  /** Throws the rest away; the connection is kept when little is left, and free when this resolves. */
  async dump() {
    const done = this[kIncoming].dump()
    if (isStream(this)) this.on('error', ignore).destroy()
    await done
    return null
  },
}
for (const name of Reflect.ownKeys(methods)) {
  Object.defineProperty(BodyReadable.prototype, name, {
    value: methods[name],
    writable: true,
    configurable: true,
  })
}

Object.defineProperties(BodyReadable.prototype, {
  /** Whether reading has begun. */
  bodyUsed: {
    configurable: true,
    get() {
      return this[kIncoming].used || (isStream(this) && isDisturbed(this))
    },
  },
  /** The same body as a web stream. */
  body: {
    configurable: true,
    get() {
      this[kStream] ??= isStream(this) ? Readable.toWeb(this) : webStream(this[kIncoming])
      return this[kStream]
    },
  },
})

async function pump(stream, incoming) {
  let piece
  try {
    piece = await incoming.pull()
  } catch (error) {
    stream.destroy(error)
    return
  }
  if (piece === null) incoming.onFailure = undefined
  stream.push(piece)
}

async function* piecesOf(incoming) {
  incoming.take(ITERATOR)
  try {
    for (;;) {
      const piece = await incoming.pull()
      if (piece === null) return
      yield piece
    }
  } finally {
    incoming.close()
  }
}

function isStream(body) {
  return Object.hasOwn(body, '_readableState')
}

function whole(body) {
  if (isStream(body)) return collect(body)
  const incoming = body[kIncoming]
  incoming.take(WHOLE)
  return incoming.bytes()
}

async function collect(body) {
  if (body[kIncoming].used || isDisturbed(body)) throw unusable()
  const pieces = []
  for await (const piece of body) {
    // Strings when an encoding was set.
    pieces.push(typeof piece === 'string' ? Buffer.from(piece, body.readableEncoding) : piece)
  }
  return Buffer.concat(pieces)
}

/** multipart/form-data and urlencoded, by Node's own parser. */
function parseForm(bytes, type) {
  const headers = type === undefined ? {} : { 'content-type': type }
  const Response = globalClass('Response')
  return new Response(bytes, { headers }).formData()
}

module.exports = { BodyReadable, parseForm }
