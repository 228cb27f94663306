'use strict'
// Connections being opened ahead.

const { acquire, bridge, release } = require('./bridge')
const { KeepaliveError, localError } = require('./errors')

class Warming {
  constructor(resolve, reject) {
    this.resolve = resolve
    this.reject = reject
    this.token = acquire(this)
  }

  /** Throws when the URL is not acceptable. */
  start(client, url, count) {
    try {
      bridge.warm(this.token, client, url, count)
    } catch (error) {
      release(this.token)
      throw localError(error)
    }
  }

  onWarmed(count) {
    release(this.token)
    this.resolve(count)
  }

  onFailure(failure) {
    release(this.token)
    this.reject(new KeepaliveError(failure))
  }
}

module.exports = { Warming }
