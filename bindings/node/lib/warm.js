'use strict'
// Connections being opened ahead.

const { acquire, bridge, release } = require('./bridge')
const { KeepaliveError, failureOf, localError } = require('./errors')

class Warming {
  constructor(resolve, reject, url) {
    this.resolve = resolve
    this.reject = reject
    this.url = url
    this.slot = acquire(this)
  }

  /** Throws when the URL is not acceptable. */
  start(client, count) {
    try {
      bridge.warm(this.slot, client, this.url, count)
    } catch (error) {
      release(this.slot)
      throw localError(error, this.url)
    }
  }

  onWarmed(count) {
    release(this.slot)
    this.resolve(count)
  }

  onFailure(number) {
    const failure = failureOf(bridge, number)
    release(this.slot)
    this.reject(new KeepaliveError(failure, this.url))
  }
}

module.exports = { Warming }
