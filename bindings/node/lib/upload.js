'use strict'
// Request bodies: what can be one, and the pump of those that come in pieces. The engine asks for
// a piece when it has sent the one before, so a slow server slows the producer.
//
// Sources are other people's code. It runs in the async context of the call that brought it, and
// what it throws concerns its own request only.

const { AsyncResource } = require('node:async_hooks')
const { PassThrough, isDisturbed } = require('node:stream')
const { types } = require('node:util')
const { Promise, asyncIterator, ignore, iterator, toStringTag } = require('./captured')
const { argumentError } = require('./errors')
const { bridge } = require('./bridge')

const EXPECTED =
  'expected a string, Buffer, ArrayBuffer, typed array, URLSearchParams, Blob, FormData, ' +
  'stream or (async) iterable'

/** Bytes up to so many are copied when the request is made. */
const COPIED = 1024 * 1024

/** And larger ones so many at a time, which the engine writes at once: each costs a turn of two threads. */
const SLICE = 1024 * 1024

/**
 * Sorts a body: `payload` (sent with its length) or `upload` (in pieces, `length` when it is
 * known, else -1), and the Content-Type that goes with it. `lent`: bytes may be read later, while they are
 * sent; fetch has to take its own at once.
 */
function prepareBody(body, lent) {
  if (typeof body === 'string') {
    return { payload: body, upload: undefined, length: -1, type: undefined, text: true }
  }
  if (ArrayBuffer.isView(body) || types.isAnyArrayBuffer(body)) {
    const bytes = toBytes(body)
    return lent && bytes.byteLength > COPIED ? pieces(slicesOf(bytes), bytes.byteLength) : whole(bytes)
  }
  if (typeof body !== 'object') throw argumentError(`body: ${EXPECTED}; got ${typeof body}`)
  const tag = body[toStringTag]
  if (tag === 'URLSearchParams') return whole(String(body), 'application/x-www-form-urlencoded;charset=UTF-8')
  if (isBlob(body)) return pieces(streamOf(body), body.size, body.type || undefined)
  if (tag === 'FormData' && typeof body.entries === 'function') {
    const { source, length, type } = require('./multipart').encodeForm(body, blobPieces)
    return pieces(source, length, type)
  }
  if (isNodeStream(body)) {
    if (body.destroyed || isDisturbed(body)) throw argumentError('body: the stream has already been read or destroyed')
    if (isForm(body)) return formData(body)
    return pieces(body[asyncIterator] === undefined ? piped(body) : body, -1, undefined)
  }
  if (isWebStream(body)) {
    if (body.locked || isDisturbed(body)) throw argumentError('body: the stream is locked or has already been read')
    return pieces(body, -1, undefined)
  }
  if (Array.isArray(body) || types.isSet(body)) {
    const list = [...body].map(toPiece)
    return pieces(list, list.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0), undefined)
  }
  if (typeof body[asyncIterator] === 'function' || typeof body[iterator] === 'function') {
    return pieces(body, -1, undefined)
  }
  throw argumentError(`body: ${EXPECTED}; got ${Object.prototype.toString.call(body)}`)
}

/** Large bytes, copied slice by slice as they are sent: a copy of all would cost more than sending them. */
function slicesOf(bytes) {
  const { byteLength } = bytes
  return {
    *[iterator]() {
      for (let at = 0; at < byteLength; at += SLICE) {
        if (bytes.byteLength !== byteLength) throw argumentError('body: it was transferred or resized before it was sent')
        yield bytes.subarray(at, at + SLICE)
      }
    },
  }
}

/** By shape, since there are Blobs of Node, of undici, and of DOM emulations. */
function isBlob(value) {
  const tag = value[toStringTag]
  return (tag === 'Blob' || tag === 'File') && typeof value.slice === 'function' && typeof value.size === 'number'
}

/** The bytes of a Blob, from its beginning each time they are asked for. */
function streamOf(blob) {
  return { [asyncIterator]: () => blobPieces(blob) }
}

function isNodeStream(value) {
  return typeof value.pipe === 'function' && typeof value.on === 'function'
}

function isWebStream(value) {
  return value[toStringTag] === 'ReadableStream' && typeof value.getReader === 'function'
}

/** Of the `form-data` package: a stream that knows its type and, often, its length. */
function isForm(value) {
  return typeof value.getHeaders === 'function' && typeof value.getBoundary === 'function'
}

function formData(form) {
  const length = form.hasKnownLength?.() ? form.getLengthSync() : -1
  return pieces(piped(form), length, form.getHeaders()['content-type'])
}

/** A stream of the old kind, which cannot be iterated, through one that can. */
function piped(source) {
  const through = new PassThrough()
  source.on('error', (error) => through.destroy(error))
  return {
    [asyncIterator]() {
      source.pipe(through)
      return through[asyncIterator]()
    },
    pipe: ignore,
    on: ignore,
    destroy() {
      // What a form still holds was opened when it was appended, and is closed by nobody else.
      const held = [source._currentStream, ...(source._streams ?? [])]
      through.on('error', ignore).destroy()
      source.destroy?.()
      for (const part of held) {
        const file = part?.source ?? part
        if (typeof file?.destroy === 'function') file.destroy()
      }
    },
  }
}

function whole(payload, type) {
  return { payload, upload: undefined, length: -1, type, text: false }
}

function pieces(source, length, type) {
  return { payload: undefined, upload: new Upload(source), length, type, text: false }
}

/** Copied where another thread could write to it meanwhile. */
function toBytes(value) {
  const bytes = types.isUint8Array(value)
    ? value
    : ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value)
  return types.isSharedArrayBuffer(bytes.buffer) ? Buffer.from(bytes) : bytes
}

/** Whether a source starts anew each time it is iterated. Streams, generators and the like do not. */
function isRewindable(source) {
  return !isNodeStream(source) && !isWebStream(source) &&
    typeof source.next !== 'function' && typeof source.on !== 'function'
}

class Upload {
  constructor(source) {
    this.source = source
    this.isRewindable = isRewindable(source)
    this.run = 0 // how often it began again
    this.iterator = undefined
    this.opened = undefined // what iterated it last
    this.slot = -1
    this.ended = false // the source has given all it has
    this.over = false
    this.failed = false
    this.isLent = false // a stream, which somebody else destroys
    this.reason = undefined // what the source threw
    this.onPiece = undefined // told of each piece that is sent
    this.trailers = undefined // tells the values of trailers, `[name, value]`, at the end
    this.context = new AsyncResource('KEEPALIVE_BODY', { requireManualDestroy: true })
    // A stream that fails while nobody reads it must not end the process; the read reports it.
    if (isNodeStream(source)) source.on('error', ignore)
  }

  /** The same for another request; of one that can be rewound. */
  again() {
    return new Upload(this.source)
  }

  /** The engine wants the next piece; or, `again`, the first one. */
  want(again) {
    this.context.runInAsyncScope(again ? restart : next, undefined, this)
  }

  fail(error) {
    this.failed = true
    this.reason = error
    bridge.fail(this.slot, textOf(error))
  }

  /**
   * The request is over, or its response came early: the source is released. What it throws is
   * returned as `{ reason }`. `why` is told to a web stream.
   */
  stop(why) {
    if (this.over) return undefined
    this.over = true
    const { iterator, source } = this
    this.iterator = undefined
    if (this.ended || this.isLent) return undefined
    try {
      return this.context.runInAsyncScope(discard, undefined, source, iterator, why)
    } catch (reason) {
      return { reason }
    }
  }
}

async function next(upload) {
  const { run } = upload
  try {
    upload.iterator ??= open(upload)
    for (;;) {
      const result = await upload.iterator.next()
      if (upload.over || upload.run !== run) return
      if (typeof result !== 'object' || result === null) throw argumentError('body: an iterator must give objects')
      const { done, value } = result
      if (done) {
        upload.ended = true
        upload.iterator = undefined
        for (const [name, text] of upload.trailers?.() ?? []) bridge.tellTrailer(upload.slot, name, text)
        bridge.finish(upload.slot)
        return
      }
      const piece = toPiece(value)
      if (piece.length !== 0) {
        upload.onPiece?.(piece)
        bridge.push(upload.slot, piece)
        return
      }
    }
  } catch (error) {
    if (!upload.over && upload.run === run) upload.fail(error)
  }
}

/** It is sent again: what was under way is given up. */
function restart(upload) {
  if (upload.over) return
  const { iterator } = upload
  upload.run += 1
  upload.iterator = undefined
  upload.ended = false
  bridge.restarted(upload.slot)
  try {
    if (iterator !== undefined) discard(upload.source, iterator)
  } catch (error) {
    upload.fail(error)
    return
  }
  next(upload)
}

function open(upload) {
  const { source } = upload
  const iterate = source[asyncIterator] ?? source[iterator]
  const opened = iterate.call(source)
  if (typeof opened !== 'object' || opened === null || typeof opened.next !== 'function') {
    throw argumentError('body: what iterates it is not an iterator')
  }
  if (opened === upload.opened) throw argumentError('body: it was already sent and cannot be produced again')
  upload.opened = opened
  return opened
}

/** Lets go of a source, which may have been opened; its descriptors and locks are free then. */
function discard(source, opened, why) {
  if (isNodeStream(source)) {
    source.destroy?.()
  } else if (opened !== undefined) {
    const ending = opened.return?.(why)
    // What fails later fails after the request's end; Node's streams keep that to themselves, too.
    if (typeof ending?.then === 'function') ending.then(ignore, ignore)
  } else if (isWebStream(source)) {
    if (!source.locked) source.cancel(why).catch(ignore)
  } else if (typeof source.next === 'function' && typeof source.return === 'function') {
    discard(source, source, why)
  }
}

/** A body whose request was refused before it was sent. */
function discardBody(body) {
  if (typeof body !== 'object' || body === null) return
  try {
    if (isNodeStream(body)) body.on('error', ignore)
    discard(isForm(body) ? piped(body) : body, undefined)
  } catch {
    // The caller is told what is wrong with the request.
  }
}

function toPiece(value) {
  if (typeof value === 'string') return value
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return toBytes(value)
  throw argumentError(`body: a piece must be a string or bytes; got ${value === null ? 'null' : typeof value}`)
}

/** Whatever was thrown, as text. */
function textOf(error) {
  try {
    return String(error?.message ?? error)
  } catch {
    return 'it threw something that is no text'
  }
}

/** The bytes of a Blob; some DOM emulations can read theirs in one way only. */
async function* blobPieces(blob) {
  if (typeof blob.stream === 'function') yield* blob.stream()
  else if (typeof blob.arrayBuffer === 'function') yield blob.arrayBuffer()
  else yield readFile(blob)
}

function readFile(blob) {
  return new Promise((resolve, reject) => {
    const reader = new globalThis.FileReader()
    reader.onload = () => resolve(reader.result)
    reader.onerror = () => reject(reader.error)
    reader.readAsArrayBuffer(blob)
  })
}

module.exports = { discardBody, isNodeStream, prepareBody }
