'use strict'
// One request and its response: the promise, the abort signal, the upload, and the reads that
// follow when the body did not come with the head.

const { acquire, bridge, linger, release } = require('./bridge')
const { KeepaliveError, localError } = require('./errors')
const { Incoming } = require('./incoming')
const { unwatch, watch } = require('./signals')

const PENDING = 0 // the request is on its way
const OPEN = 1 // the head is here, more of the body is to come
const OVER = 2

/** Closes the connection's response when nobody can read it any more. */
const unread = new FinalizationRegistry((exchange) => exchange.discard())

class Exchange {
  /** `deliver(incoming)` makes what the promise resolves to; `wrap(error)` what it rejects with. */
  constructor(resolve, reject, deliver, wrap = same) {
    this.resolve = resolve
    this.reject = reject
    this.deliver = deliver
    this.wrap = wrap
    this.state = PENDING
    this.token = -1
    this.cancelled = false
    this.leaving = false
    this.reader = undefined // of the read that runs
    this.signal = undefined
    this.upload = undefined
    this.incoming = undefined // weak, so that an unread response can be collected
  }

  /** Sends; throws when the arguments are not acceptable. */
  submit(client, request) {
    const { signal, upload } = request
    this.token = acquire(this)
    try {
      const lingers = bridge.submit(
        this.token,
        client,
        request.method,
        request.url,
        request.flags,
        request.headers,
        request.headerCount,
        request.payload,
        request.length,
        request.limits,
      )
      if (lingers) setImmediate(linger, this.token)
    } catch (error) {
      this.state = OVER
      release(this.token)
      throw localError(error)
    }
    if (upload !== undefined) {
      this.upload = upload
      upload.start(this.token)
    }
    if (signal !== undefined) {
      this.signal = signal
      watch(signal, this)
    }
  }

  onHead(record) {
    this.endUpload()
    const { last } = record
    if (this.cancelled) {
      if (!last) bridge.discard(this.token)
      this.finish()
      return
    }
    const incoming = new Incoming(record, last ? undefined : this)
    if (last) {
      this.finish()
    } else {
      this.state = OPEN
      this.incoming = new WeakRef(incoming)
      unread.register(incoming, this, this)
    }
    const { resolve } = this
    this.resolve = this.reject = undefined
    resolve(this.deliver(incoming))
  }

  onFailure(failure) {
    const { upload } = this
    this.endUpload()
    const error = new KeepaliveError(failure)
    if (upload !== undefined && failure.code === 'KA_BODY_SOURCE_FAILED' && upload.failed) {
      error.cause = upload.reason
    }
    const { reject, reader } = this
    this.finish()
    if (this.cancelled) return
    if (reader !== undefined) reader.reject(this.wrap(error, true))
    else reject(this.wrap(error))
  }

  onChunk(record) {
    const { reader } = this
    this.reader = undefined
    if (this.cancelled) {
      if (!record.last) bridge.discard(this.token)
      this.finish()
      return
    }
    if (record.last) this.finish()
    reader.resolve(record)
  }

  onWantBody() {
    this.upload?.want()
  }

  /** The next piece of the body; `Incoming` sees to it that one read runs at a time. */
  read(max) {
    return new Promise((resolve, reject) => {
      try {
        bridge.read(this.token, max)
      } catch (error) {
        this.finish()
        reject(localError(error))
        return
      }
      this.reader = { resolve, reject }
    })
  }

  /** What is at hand of the body, without waiting; null when nothing is. */
  take(max) {
    if (this.state !== OPEN || this.cancelled) return null
    const piece = bridge.take(this.token, max)
    if (piece !== null && bridge.isOver(this.token)) this.finish()
    return piece
  }

  get over() {
    return this.state === OVER
  }

  /** As `discard`; resolves when the connection is free or closed. */
  async dump() {
    if (this.state !== OPEN || this.cancelled) return
    if (this.reader !== undefined) {
      this.cancel()
      return
    }
    this.leaving = true
    await new Promise((resolve) => {
      bridge.close(this.token)
      this.reader = { resolve, reject: resolve }
    })
  }

  /** The signal fired. */
  abort(reason) {
    if (this.state === OVER || this.cancelled) return
    const { reject, reader } = this
    if (this.state === PENDING) {
      this.cancel()
      reject(reason)
      return
    }
    const incoming = this.incoming.deref()
    this.discard()
    reader?.reject(reason)
    incoming?.fail(reason)
  }

  /** Nobody wants the rest of the body. */
  discard() {
    if (this.state !== OPEN || this.cancelled || this.leaving) return
    if (this.reader !== undefined) {
      this.cancel()
    } else {
      bridge.discard(this.token)
      this.finish()
    }
  }

  cancel() {
    this.cancelled = true
    this.endUpload()
    this.leaveSignal()
    bridge.cancel(this.token)
  }

  finish() {
    if (this.state === OPEN) unread.unregister(this)
    this.state = OVER
    this.leaveSignal()
    release(this.token)
  }

  endUpload() {
    this.upload?.stop()
    this.upload = undefined
  }

  leaveSignal() {
    if (this.signal === undefined) return
    unwatch(this.signal, this)
    this.signal = undefined
  }
}

function same(error) {
  return error
}

module.exports = { Exchange }
