'use strict'
// Request bodies: what can be one, and the pump of those that come in pieces. The engine asks for
// a piece when it has sent the one before, so a slow server slows the producer.

const { Blob } = require('node:buffer')
const { Readable, isDisturbed } = require('node:stream')
const { types } = require('node:util')
const { argumentError } = require('./errors')
const { bridge } = require('./bridge')

const EXPECTED =
  'expected a string, Buffer, ArrayBuffer, typed array, URLSearchParams, Blob, FormData, ' +
  'stream or (async) iterable'

/**
 * Sorts a body: `payload` (sent with its length) or `upload` (in pieces, `length` when it is
 * known, else -1), and the Content-Type that goes with it.
 */
function prepareBody(body) {
  if (typeof body === 'string') {
    return { payload: body, upload: undefined, length: -1, type: undefined, text: true }
  }
  if (types.isUint8Array(body)) return whole(unshared(body))
  if (ArrayBuffer.isView(body)) {
    return whole(unshared(new Uint8Array(body.buffer, body.byteOffset, body.byteLength)))
  }
  if (types.isAnyArrayBuffer(body)) return whole(unshared(new Uint8Array(body)))
  if (typeof body !== 'object') throw argumentError(`body: ${EXPECTED}; got ${typeof body}`)
  if (body instanceof URLSearchParams) {
    return whole(body.toString(), 'application/x-www-form-urlencoded;charset=UTF-8')
  }
  if (body instanceof Blob) return pieces(body.stream(), body.size, body.type || undefined)
  if (body instanceof FormData) {
    const { source, length, type } = require('./multipart').encodeForm(body)
    return pieces(source, length, type)
  }
  if (body instanceof Readable) {
    if (body.destroyed || isDisturbed(body)) throw argumentError('body: the stream has already been read or destroyed')
    return pieces(body, -1, undefined)
  }
  if (body instanceof ReadableStream) {
    if (body.locked || isDisturbed(body)) throw argumentError('body: the stream is locked or has already been read')
    return pieces(body, -1, undefined)
  }
  if (typeof body[Symbol.asyncIterator] === 'function' || typeof body[Symbol.iterator] === 'function') {
    return pieces(body, -1, undefined)
  }
  throw argumentError(`body: ${EXPECTED}; got ${Object.prototype.toString.call(body)}`)
}

function whole(payload, type) {
  return { payload, upload: undefined, length: -1, type, text: false }
}

function pieces(source, length, type) {
  return { payload: undefined, upload: new Upload(source), length, type, text: false }
}

/** Another thread could write to shared memory while it is copied. */
function unshared(bytes) {
  return types.isSharedArrayBuffer(bytes.buffer) ? Buffer.from(bytes) : bytes
}

class Upload {
  constructor(source) {
    this.source = source
    this.iterator = undefined
    this.token = -1
    this.over = false
    this.failed = false
    this.reason = undefined // what the source threw
  }

  start(token) {
    this.token = token
    const { source } = this
    // A stream that fails while nobody reads it must not end the process; the read reports it.
    if (source instanceof Readable) source.on('error', ignore)
    const iterate = source[Symbol.asyncIterator] ?? source[Symbol.iterator]
    this.iterator = iterate.call(source)
  }

  /** The engine wants the next piece. */
  async want() {
    try {
      for (;;) {
        const { done, value } = await this.iterator.next()
        if (this.over) return
        if (done) {
          this.iterator = undefined
          bridge.finish(this.token)
          return
        }
        const piece = toPiece(value)
        if (piece.length !== 0) {
          bridge.push(this.token, piece)
          return
        }
      }
    } catch (error) {
      if (this.over) return
      this.failed = true
      this.reason = error
      bridge.fail(this.token, String(error?.message ?? error))
    }
  }

  /** The request is over, or its response came early: the source is released. */
  stop() {
    if (this.over) return
    this.over = true
    const { iterator } = this
    this.iterator = undefined
    if (iterator === undefined) return
    if (this.source instanceof Readable) this.source.destroy()
    else Promise.resolve(iterator.return?.()).catch(ignore)
  }
}

function toPiece(value) {
  if (typeof value === 'string' || types.isUint8Array(value)) return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (types.isAnyArrayBuffer(value)) return new Uint8Array(value)
  throw argumentError(`body: a piece must be a string or bytes; got ${value === null ? 'null' : typeof value}`)
}

function ignore() {}

module.exports = { prepareBody }
