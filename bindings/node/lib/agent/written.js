'use strict'
// The body of a request as Node writes it to a connection.

const { Promise, asyncIterator } = require('../captured')

/** Given to the engine piece by piece. */
class Written {
  constructor() {
    this.pieces = []
    this.isEnded = false
    this.waiting = undefined
    this.taken = undefined // told when there is nothing left
  }

  [asyncIterator]() {
    return this
  }

  next() {
    return new Promise((resolve) => {
      this.waiting = resolve
      this.give()
    })
  }

  return() {
    this.isOver = true
    this.tell()
    return Promise.resolve({ done: true, value: undefined })
  }

  add(pieces, isEnded, taken) {
    this.pieces.push(...pieces)
    this.isEnded = isEnded
    this.taken = taken
    if (this.isOver) this.tell()
    else this.give()
  }

  give() {
    const { waiting } = this
    if (this.pieces.length === 0) this.tell()
    if (waiting === undefined || (this.pieces.length === 0 && !this.isEnded)) return
    this.waiting = undefined
    const value = this.pieces.shift()
    if (this.pieces.length === 0) this.tell()
    waiting(value === undefined ? { done: true, value } : { done: false, value })
  }

  tell() {
    const { taken } = this
    this.taken = undefined
    taken?.()
  }
}

module.exports = { Written }
