'use strict'
// The body of a response: here already, or pulled piece by piece so that a slow reader slows the
// server down. What is handed out is memory of V8's own, each piece apart from all others: it can be
// kept, and transferred to another thread.

const { Promise, allocUnsafeSlow, globalClass, ignore, soon } = require('./captured')
const { bridge } = require('./bridge')
const { KeepaliveError, closed, retraced } = require('./errors')
const { fieldObject } = require('./completion_record')
const { utf8Text } = require('./text')

let Collected // loaded by the first body that does not come with its head

const PIECE = 512 * 1024

/** After a piece of this size the next is fetched while the reader works on it. */
const BULK = 32 * 1024

/** After so many bytes that were there without waiting, the event loop gets a turn. */
const BURST = 2 * 1024 * 1024

// Where a body stands. It goes down this list only.
const HERE = 'here' // all of it came with the head
const DIRECT = 'direct' // more is to come, and can be taken as it comes
const ASKED = 'asked' // more is to come, each piece is asked for
const ENDED = 'ended' // handed over to its verified end
const CLOSED = 'closed' // given up
const FAILED = 'failed' // `reason` says why

class Incoming {
  /**
   * `exchange` is undefined when the whole body came with the head; `limit` is the most bytes of a
   * body that is collected whole; `wrap` makes an error what the reader is to see.
   */
  constructor(record, exchange, limit, wrap) {
    this.record = record
    this.exchange = exchange
    this.limit = limit
    this.wrap = wrap
    this.state = exchange === undefined ? HERE : record.direct ? DIRECT : ASKED
    this.reason = undefined // of a failure
    this.tail = exchange === undefined ? record : undefined // has the trailers
    this.reader = undefined // who reads it: once somebody does, nobody else can
    this.burst = 0 // bytes that were there without waiting
    this.ahead = undefined // the promise of the next piece
    this.onFailure = undefined // told when the body fails while nobody reads
    this.told = undefined // how the exchange went, once somebody has asked
  }

  /** How the exchange went, as far as it has come. */
  get info() {
    const { tail } = this
    this.told ??= this.record.info
    if (tail !== undefined && tail.ended !== undefined && tail !== this.record) {
      const { told } = this
      const [receive, bytesReceived] = tail.ended
      told.timings.total += receive - told.timings.receive
      told.timings.receive = receive
      told.bytesReceived = bytesReceived
    }
    return this.told
  }

  /** Trailer fields as an object; undefined before the body's end. */
  get trailers() {
    return this.tail === undefined ? undefined : fieldObject(this.tail.trailers)
  }

  get used() {
    return this.reader !== undefined
  }

  /** Takes the body for one who reads it to its end; a second one gets a TypeError. */
  take(reader) {
    if (this.used) throw unusable()
    this.reader = reader
  }

  /** The same for one who comes again for each piece. */
  share(reader) {
    if (this.reader !== reader) this.take(reader)
  }

  /** The whole body as text. Call `take` first. */
  async text() {
    if (this.state === HERE && this.record.bodyLength <= this.limit) return this.record.text()
    return utf8Text(await this.bytes())
  }

  /** The whole body in a Buffer of its own. Call `take` first. */
  async bytes() {
    try {
      if (this.state === HERE) {
        if (this.record.bodyLength > this.limit) throw this.tooLarge()
        return this.record.bytes()
      }
      return await this.collect()
    } catch (reason) {
      throw this.failed(reason)
    }
  }

  /**
   * The next piece in a Buffer of its own; null at the verified end. One at a time.
   */
  async pull() {
    try {
      this.check()
      if (this.state === HERE) return this.deliver()
      if (this.state === ENDED) return null
      if (this.state === DIRECT) return await this.pullDirect()
      const next = this.ahead ?? this.exchange.read(PIECE)
      this.ahead = undefined
      const record = await next
      if (record.last) {
        this.end(record)
      } else if (record.bodyLength >= BULK && this.state === ASKED) {
        this.ahead = this.exchange.read(PIECE)
        // Its failure is told to the next pull.
        this.ahead.catch(ignore)
      }
      return record.bodyLength === 0 ? null : record.bytes()
    } catch (reason) {
      throw this.failed(reason)
    }
  }

  /** The body that came with the head, once. */
  deliver() {
    this.end(this.record)
    return this.record.bodyLength === 0 ? null : this.record.bytes()
  }

  /** A piece that is at hand; null when none is, and when the event loop is to have a turn. */
  takeNow() {
    if (this.state !== DIRECT || this.burst >= BURST) return null
    const size = this.exchange.atHand
    if (size === 0) return null
    const piece = allocUnsafeSlow(Math.min(size, PIECE))
    const count = this.takeInto(piece, 0)
    if (count === piece.length) return piece
    // Fewer than there were cannot be; what is not whole would be memory that two can see.
    return count === 0 ? null : Buffer.from(new Uint8Array(piece.subarray(0, count)).buffer)
  }

  takeInto(memory, offset) {
    const count = this.exchange.take(memory, offset)
    this.burst += count
    if (this.exchange.over) this.end({ trailers: [], ended: bridge.ended() })
    return count
  }

  /** The socket's buffer is read here, and the engine only waits for it to be filled. */
  async pullDirect() {
    for (;;) {
      if (this.burst >= BURST) await this.turn()
      const piece = this.takeNow()
      if (piece !== null) return piece
      if (this.state === ENDED) return null
      this.check()
      const record = await this.exchange.read(0)
      this.burst = 0
      if (record.last) {
        this.end(record)
        return record.bodyLength === 0 ? null : record.bytes()
      }
    }
  }

  /** The whole body of an exchange. */
  async collect() {
    this.check()
    const { exchange, limit } = this
    const left = exchange.remaining
    if (left > limit) throw this.tooLarge()
    Collected ??= require('./collected').Collected
    const collected = new Collected(left)
    const sink = (record) => {
      if (collected.length + record.size(bridge) > limit) throw this.tooLarge()
      collected.add(record, bridge)
    }
    while (this.state !== ENDED) {
      if (collected.isFull) await collected.grow()
      if (this.burst >= BURST) await this.turn()
      this.check()
      let record
      if (this.state === DIRECT) {
        if (this.collectNow(collected)) continue
        record = await exchange.read(0, sink)
        this.burst = 0
      } else {
        record = await exchange.readFull(collected.wish, sink)
      }
      if (record.last) this.end(record)
    }
    return collected.finish()
  }

  /** Whether something was at hand. */
  collectNow(collected) {
    const before = collected.length
    if (collected.isKnown) {
      collected.length += this.takeInto(collected.memory, before)
    } else {
      const piece = this.takeNow()
      if (piece !== null) collected.addPiece(piece)
    }
    if (collected.length > this.limit) throw this.tooLarge()
    return collected.length > before
  }

  /** Lets the event loop have its turn after much that was there without waiting. */
  async turn() {
    await new Promise(soon)
    this.burst = 0
    this.check()
  }

  check() {
    if (this.state === FAILED) throw this.reason
    if (this.state === CLOSED) throw this.wrap(closed(this.record.url), true)
  }

  /** Throws what ended it early, whoever reads it. */
  checkFailure() {
    if (this.state === FAILED) throw retraced(this.reason)
  }

  failed(reason) {
    this.becomeFailed(reason)
    return retraced(reason)
  }

  becomeFailed(reason) {
    if (this.state === FAILED) return
    this.state = FAILED
    this.reason = reason
  }

  /** The last of it is here; `tail` has the trailers. */
  end(tail) {
    this.tail = tail
    if (this.state !== FAILED && this.state !== CLOSED) this.state = ENDED
  }

  becomeClosed() {
    this.reader ??= NOBODY
    if (this.state !== FAILED) this.state = CLOSED
  }

  tooLarge() {
    this.exchange?.discard()
    const message = `the response body has more than ${this.limit} bytes (option maxBodySize)`
    const failure = { code: 'KA_BODY_TOO_LARGE', phase: 'body', sent: 'all', message }
    return this.wrap(new KeepaliveError(failure, this.record.url), true)
  }

  /** Gives up the rest, as `close`; resolves when the connection is free or closed. */
  async dump() {
    this.becomeClosed()
    await this.exchange?.dump()
  }

  /** Gives up the rest: read and thrown away within the drain limits, else the connection closes. */
  close() {
    this.becomeClosed()
    this.exchange?.discard()
  }

  /** The signal fired before the end. */
  fail(reason) {
    this.becomeFailed(reason)
    this.onFailure?.(reason)
  }
}

/** Readers. */
const WHOLE = 'whole'
const ITERATOR = 'iterator'
const STREAM = 'stream'
const WEB = 'web stream'
const NOBODY = 'nobody'

function unusable() {
  return new TypeError('Body is unusable: it has already been read')
}

/** A byte stream over `incoming`; it reads from the connection only when it is read. */
function webStream(incoming) {
  const ReadableStream = globalClass('ReadableStream')
  return new ReadableStream(
    {
      type: 'bytes',
      start(controller) {
        incoming.onFailure = (reason) => controller.error(reason)
      },
      async pull(controller) {
        incoming.share(WEB)
        const piece = await incoming.pull()
        if (piece !== null) {
          controller.enqueue(new Uint8Array(piece.buffer, piece.byteOffset, piece.length))
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

module.exports = { ENDED, HERE, ITERATOR, Incoming, STREAM, WHOLE, unusable, webStream }
