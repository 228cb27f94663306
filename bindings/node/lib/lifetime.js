'use strict'
// How many requests of a client are under way, and who waits for there to be none.

const { Promise } = require('./captured')
const { bridge, each } = require('./bridge')
const { KeepaliveError } = require('./errors')

class Lifetime {
  constructor() {
    this.running = 0
    this.onIdle = undefined // called when the last one has ended
    this.waiting = undefined // { promise, resolve } of `close`
    this.onDrain = undefined
    this.lookup = undefined // the client's function for addresses
  }

  /** Resolves when nothing is under way. */
  over() {
    if (this.running === 0) return Promise.resolve()
    if (this.waiting === undefined) {
      this.waiting = {}
      this.waiting.promise = new Promise((resolve) => {
        this.waiting.resolve = resolve
      })
      this.onIdle = () => this.ended()
    }
    return this.waiting.promise
  }

  /** Has `call` be run each time that nothing is under way any more. */
  tell(call) {
    this.onDrain = call
    this.onIdle = call === undefined && this.waiting === undefined ? undefined : () => this.ended()
  }

  ended() {
    const { onDrain, waiting } = this
    this.waiting = undefined
    if (onDrain === undefined) this.onIdle = undefined
    waiting?.resolve()
    try {
      onDrain?.()
    } catch (error) {
      bridge.report(error)
    }
  }

  /** Ends what is under way. */
  destroy(reason) {
    const error = reason ?? new KeepaliveError({ code: 'KA_CANCELLED', message: 'the client was destroyed' })
    each((exchange) => {
      if (exchange.life === this) exchange.abort(error)
    })
  }
}

module.exports = { Lifetime }
