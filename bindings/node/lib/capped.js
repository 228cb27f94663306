'use strict'
// The body of a response that may have so many bytes at most, however it is read (`maxResponseSize`).

const { KeepaliveError } = require('./errors')
const { Incoming } = require('./incoming')

class CappedIncoming extends Incoming {
  constructor(record, exchange, limit, wrap, most) {
    super(record, exchange, Math.min(limit, most), wrap)
    this.most = most
    this.count = 0
    const announced = exchange === undefined ? record.bodyLength : exchange.remaining
    // Nothing is handed out of what is known to be too much.
    if (announced > most) throw this.tooLarge()
  }

  takeInto(memory, offset) {
    const count = super.takeInto(memory, offset)
    this.count += count
    return count
  }

  takeNow() {
    const piece = super.takeNow()
    if (this.count <= this.most) return piece
    this.stop()
    return null
  }

  collectNow(collected) {
    const found = super.collectNow(collected)
    this.check()
    return found
  }

  async pull() {
    const before = this.count
    const piece = await super.pull()
    if (piece !== null && this.count === before) this.count += piece.length
    if (this.count > this.most) {
      this.stop()
      throw this.reason
    }
    return piece
  }

  stop() {
    this.becomeFailed(this.tooLarge())
  }

  tooLarge() {
    const { most } = this
    if (this.limit < most) return super.tooLarge()
    this.exchange?.discard()
    const message = `the response body has more than ${most} bytes (option maxResponseSize)`
    return this.wrap(new KeepaliveError({ code: 'KA_BODY_TOO_LARGE', phase: 'body', sent: 'all', message }, this.record.url), true)
  }
}

module.exports = { CappedIncoming }
