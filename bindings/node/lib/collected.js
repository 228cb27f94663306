'use strict'
// A body that is being collected whole: into one piece of memory when its length is known, else into
// pieces that are joined at the end.

const { bridge } = require('./bridge')
const native = require('./native')
const { Promise, allocUnsafeSlow, soon } = require('./captured')

/** Most memory taken on the word of a Content-Length, and how much more than what came afterwards. */
const [TRUST, GROWTH] = native.trustedLength()

/** What the engine gathers before it wakes this thread: at first, and in bulk. */
const FIRST = 64 * 1024
const BLOCK = 1024 * 1024

/** From this size on memory is prepared for what is to come. */
const LARGE = native.preparedFrom()

/** Bytes that are copied in one turn of the event loop. */
const TURN = 16 * 1024 * 1024

function room(size) {
  const memory = allocUnsafeSlow(size)
  if (size >= LARGE) bridge.prepare(memory)
  return memory
}

class Collected {
  /** `total` is -1 when it is not known. */
  constructor(total) {
    this.total = total
    this.length = 0
    this.memory = total === -1 ? undefined : room(Math.min(total, TRUST))
    this.pieces = []
  }

  get isKnown() {
    return this.memory !== undefined
  }

  /** How much the engine is to gather next. */
  get wish() {
    if (!this.isKnown) return this.length === 0 ? FIRST : BLOCK
    return Math.max(1, Math.min(BLOCK, this.memory.length - this.length))
  }

  /** There is no room, and more is to come. */
  get isFull() {
    return this.isKnown && this.length === this.memory.length && this.length < this.total
  }

  /** Makes room for more of what was announced. */
  async grow() {
    const larger = room(Math.min(this.total, this.length * GROWTH))
    for (let at = 0; at < this.length; at += TURN) {
      this.memory.copy(larger, at, at, Math.min(this.length, at + TURN))
      await new Promise(soon)
    }
    this.memory = larger
  }

  /** Takes the body of a record. */
  add(record, bridge) {
    if (this.isKnown) {
      const count = record.copyTo(this.memory, this.length, bridge)
      if (count === -1) throw new RangeError('the body is longer than it was announced')
      this.length += count
    } else if (record.size(bridge) > 0) {
      record.fetch(bridge)
      this.addPiece(record.bytes())
    }
  }

  /** Takes a Buffer that has its memory for itself. */
  addPiece(piece) {
    this.pieces.push(piece)
    this.length += piece.length
  }

  /** All of it, in memory of its own. */
  async finish() {
    const { memory, pieces, length } = this
    if (memory !== undefined) {
      return length === memory.length ? memory : Buffer.from(memory.buffer.slice(0, length))
    }
    if (pieces.length === 1) return pieces[0]
    const whole = room(length)
    let at = 0
    let turn = TURN
    for (let i = 0; i < pieces.length; i += 1) {
      pieces[i].copy(whole, at)
      at += pieces[i].length
      pieces[i] = undefined
      if (at >= turn) {
        turn = at + TURN
        await new Promise(soon)
      }
    }
    return whole
  }
}

module.exports = { Collected }
