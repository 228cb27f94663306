'use strict'
// A connection that speaks another protocol, as a Duplex: bytes are read when they are wanted and
// written one batch at a time, so that a slow side slows the other down.

const { Duplex } = require('node:stream')
const { allocUnsafeSlow } = require('./captured')
const { acquire, bridge, release } = require('./bridge')
const { KeepaliveError, failureOf, localError } = require('./errors')

const PIECE = 64 * 1024

/** One read or write of the engine's. `done(error, count)`. */
class Operation {
  constructor(url, done) {
    this.url = url
    this.done = done
    this.slot = acquire(this)
  }

  start(begin) {
    try {
      begin(this.slot)
    } catch (error) {
      release(this.slot)
      // Whoever asked hears of it as of any other failure.
      process.nextTick(this.done, localError(error, this.url), 0)
    }
  }

  onStreamed(count) {
    release(this.slot)
    this.done(null, count)
  }

  onFailure(number) {
    const failure = failureOf(bridge, number)
    release(this.slot)
    this.done(new KeepaliveError(failure, this.url), 0)
  }
}

class UpgradedSocket extends Duplex {
  #native
  #url

  constructor(native, url) {
    // As net.Socket: the peer's end is answered with one.
    super({ allowHalfOpen: false, readableHighWaterMark: PIECE, writableHighWaterMark: PIECE })
    this.#native = native
    this.#url = url
  }

  /** Whether TLS stands between, as tls.TLSSocket has it. */
  get encrypted() {
    return this.#native.isTls()
  }

  _read() {
    new Operation(this.#url, (error, count) => {
      if (this.destroyed) return
      if (error !== null) this.destroy(error)
      else if (count === 0) this.push(null)
      else this.#take(count)
    }).start((slot) => bridge.streamReady(slot, this.#native, PIECE))
  }

  #take(count) {
    const piece = allocUnsafeSlow(Math.min(count, PIECE))
    let taken
    try {
      taken = this.#native.take(piece)
    } catch (error) {
      this.destroy(localError(error, this.#url))
      return
    }
    this.push(taken === piece.length ? piece : piece.subarray(0, taken))
  }

  _write(chunk, _encoding, callback) {
    new Operation(this.#url, callback).start((slot) => bridge.streamWrite(slot, this.#native, chunk))
  }

  _writev(chunks, callback) {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', callback)
  }

  _final(callback) {
    new Operation(this.#url, callback).start((slot) => bridge.streamEnd(slot, this.#native))
  }

  _destroy(error, callback) {
    this.#native.close()
    callback(error)
  }
}

module.exports = { UpgradedSocket }
