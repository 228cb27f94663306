'use strict'
// The body of a response: here already, or pulled piece by piece so that a slow reader slows the
// server down.

const { KeepaliveError } = require('./errors')
const { fieldObject } = require('./record')

const PIECE = 512 * 1024

/** After a piece of this size the next is fetched while the reader works on it. */
const BULK = 32 * 1024

/** After so many bytes that were there without waiting, the event loop gets a turn. */
const BURST = 2 * 1024 * 1024

/**
 * Pieces are lent to V8, which looks at how much of that became garbage only when it allocates such
 * memory itself: so that it looks after this many bytes, it is made to.
 */
const NUDGE = 4 * 1024 * 1024
let lent = 0

class Incoming {
  /** `exchange` is undefined when the whole body came with the head. */
  constructor(record, exchange) {
    this.record = record
    this.exchange = exchange
    this.tail = exchange === undefined ? record : undefined // has the trailers
    this.direct = exchange !== undefined && record.direct
    this.burst = 0
    this.used = false
    this.ahead = undefined // the promise of the next piece
    this.failure = undefined // { reason }, once reading has failed
    this.onFailure = undefined // told when the body fails while nobody reads
    this.closed = false
  }

  get complete() {
    return this.exchange === undefined
  }

  /** Trailer fields as an object; undefined before the body's end. */
  get trailers() {
    return this.tail === undefined ? undefined : fieldObject(this.tail.trailers)
  }

  /** Marks the body as taken; a second taker gets a TypeError. */
  take() {
    if (this.used) throw new TypeError('Body is unusable: it has already been read')
    this.used = true
  }

  /** The whole body as text. Call `take` first. */
  async text() {
    if (this.complete) return this.record.text()
    const bytes = await this.bytes()
    const start = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
    return bytes.utf8Slice(start, bytes.length)
  }

  /** The whole body in a Buffer of its own. Call `take` first. */
  async bytes() {
    if (this.complete) return this.record.bytes()
    return (await this.pull(undefined)) ?? Buffer.alloc(0)
  }

  /**
   * The next piece in a Buffer of its own, or all the rest when `max` is undefined; null at the
   * verified end. One at a time.
   */
  async pull(max) {
    if (this.failure !== undefined) throw this.failure.reason
    if (this.closed) throw new KeepaliveError({ code: 'KA_INVALID_STATE', phase: 'body', message: 'the body was closed' })
    if (this.complete) {
      const { record } = this
      this.closed = true
      this.pull = ended
      return record.bodyLength === 0 ? null : record.bytes()
    }
    if (this.tail !== undefined) return null
    if (this.direct && max !== undefined) return this.pullDirect(max)
    let record
    try {
      const next = this.ahead ?? this.exchange.read(max)
      this.ahead = undefined
      record = await next
    } catch (reason) {
      this.failure ??= { reason }
      throw reason
    }
    if (record.last) {
      this.tail = record
    } else if (record.bodyLength >= BULK && !this.closed && this.failure === undefined) {
      this.ahead = this.exchange.read(max)
      // Its failure is told to the next pull.
      this.ahead.catch(ignore)
    }
    return record.bodyLength === 0 ? null : record.bytes()
  }

  /** A piece that is at hand; null when none is, and when the event loop is to have a turn. */
  takeNow(max) {
    if (!this.direct || this.burst >= BURST || this.closed || this.failure !== undefined) return null
    const piece = this.exchange.take(max)
    if (piece === null) return null
    this.burst += piece.length
    lent += piece.length
    if (lent >= NUDGE) {
      lent = 0
      new ArrayBuffer(1)
    }
    if (this.exchange.over) this.tail = NO_TRAILERS
    return piece
  }

  /** The socket's buffer is read here, and the engine only waits for it to be filled. */
  async pullDirect(max) {
    for (;;) {
      if (this.burst >= BURST) {
        await new Promise(setImmediate)
        this.burst = 0
        if (this.failure !== undefined) throw this.failure.reason
      }
      const piece = this.takeNow(max)
      if (piece !== null) return piece
      if (this.closed || this.tail !== undefined) return null
      let record
      try {
        record = await this.exchange.read(0)
      } catch (reason) {
        this.failure ??= { reason }
        throw reason
      }
      this.burst = 0
      if (record.last) {
        this.tail = record
        return record.bodyLength === 0 ? null : record.bytes()
      }
    }
  }

  /** Gives up the rest, as `close`; resolves when the connection is free or closed. */
  async dump() {
    this.used = true
    this.closed = true
    await this.exchange?.dump()
  }

  /** Gives up the rest: read and thrown away within the drain limits, else the connection closes. */
  close() {
    this.used = true
    this.closed = true
    this.exchange?.discard()
  }

  /** The signal fired before the end. */
  fail(reason) {
    this.failure ??= { reason }
    this.onFailure?.(reason)
  }
}

const NO_TRAILERS = { trailers: [] }

function ignore() {}

async function ended() {
  return null
}

/** A byte stream over `incoming`; it reads from the connection only when it is read. */
function webStream(incoming) {
  return new ReadableStream(
    {
      type: 'bytes',
      start(controller) {
        incoming.onFailure = (reason) => controller.error(reason)
      },
      async pull(controller) {
        incoming.used = true
        const piece = await incoming.pull(PIECE)
        if (piece !== null) {
          controller.enqueue(own(piece))
        } else {
          incoming.onFailure = undefined
          controller.close()
          controller.byobRequest?.respond(0)
        }
      },
      cancel() {
        return incoming.dump()
      },
    },
    { highWaterMark: 0 },
  )
}

/** A stream takes a chunk's memory away from everyone else, so it must be all the chunk's. */
function own(piece) {
  const whole = piece.byteOffset === 0 && piece.byteLength === piece.buffer.byteLength
  return whole
    ? new Uint8Array(piece.buffer)
    : new Uint8Array(piece)
}

module.exports = { Incoming, PIECE, webStream }
