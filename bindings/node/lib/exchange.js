'use strict'
// One request and its response: the promise, the abort signal, the upload, and the reads that
// follow when the body did not come with the head.
//
// Its slot is given back only when nothing of it runs any more: after the engine's last record, or
// when it is given up between two calls.

const { FinalizationRegistry, Promise, WeakRef, canPollInline, ignore, soon } = require('./captured')
const { channel } = require('node:diagnostics_channel')
const { acquire, bridge, pollInline, release } = require('./bridge')
const { KeepaliveError, closed, failureOf, localError, tellInfo } = require('./errors')
const { Incoming } = require('./incoming')
const { unwatch, watch } = require('./abort')

// It goes down this list only; OPEN and what follows may be passed over.
const PENDING = 'pending' // the request is on its way
const OPEN = 'open' // the head is here, more of the body is to come
const LEAVING = 'leaving' // the rest of the body is being read and thrown away
const CANCELLED = 'cancelled' // the engine's last word is still to come, for nobody
const OVER = 'over' // the slot is given back

const INLINE = 8
const ASK = 2048

/** What is told of requests and connections to whoever listens. */
const channels = [
  'request:create', 'request:queued', 'request:connection', 'request:sent', 'request:firstByte',
  'request:informational', 'request:headers', 'request:again', 'request:end', 'request:error',
  'connection:connecting', 'connection:connected', 'connection:error', 'connection:returned', 'connection:closed',
].map((name) => [name, channel(`libkeepalive:${name}`)])

let diagnostics // loaded when somebody listens

/** What is told of a request that is about to be submitted, if somebody listens. */
function traced(request) {
  if (diagnostics === undefined) {
    if (!channels.some(isHeard)) return undefined
    diagnostics = require('./diagnostics')
    diagnostics.use(channels)
  }
  return diagnostics.begin(bridge, request)
}

function isHeard([, one]) {
  return one.hasSubscribers
}

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
    this.slot = -1
    this.url = ''
    this.limit = Infinity // of a body that is collected whole
    this.reader = undefined // of the read that runs
    this.signal = undefined
    this.upload = undefined
    this.decider = undefined // has a word on redirects
    this.left = undefined // told when a body that was given up costs nothing any more
    this.incoming = undefined // weak, so that an unread response can be collected
    this.trace = undefined // of the request, for the diagnostics channels
    this.life = undefined // counts what is under way of a client
    this.extras = undefined // what was asked for beside the exchange
  }

  /** Sends; throws when the arguments are not acceptable. */
  submit(client, limit, request, life) {
    const { decider, signal, upload } = request
    let { flags } = request
    if (decider !== undefined) {
      this.decider = decider
      flags |= ASK
    }
    this.url = request.url
    this.limit = limit
    // Somebody else's code, which may throw, so before the engine has the request.
    if (signal !== undefined) {
      watch(signal, this)
      this.signal = signal
    }
    this.trace = traced(request)
    this.slot = acquire(this)
    if (life !== undefined) {
      this.life = life
      life.running += 1
    }
    this.extras = request.extras
    let polled
    try {
      polled = bridge.submit(
        this.slot,
        client,
        request.method,
        request.url,
        canPollInline ? flags | INLINE : flags,
        request.headers,
        request.headerCount,
        request.payload,
        request.length,
        request.limits,
        request.own,
      )
    } catch (error) {
      this.finish()
      throw localError(error, request.url)
    }
    // From here on the engine has the slot, and nothing may throw.
    if (upload !== undefined) {
      this.upload = upload
      upload.slot = this.slot
    }
    if (polled) soon(pollInline, this.slot)
  }

  onHead(record) {
    const thrown = this.endUpload()
    const { last } = record
    if (this.state === CANCELLED) {
      this.drop(last)
      return
    }
    const { reject, resolve } = this
    let incoming
    try {
      if (thrown !== undefined) throw thrown.reason
      record.fetch(bridge)
      incoming = this.incomingOf(record, last ? undefined : this)
    } catch (error) {
      this.drop(last)
      reject(error)
      return
    }
    this.resolve = this.reject = undefined
    if (last) {
      this.finish()
    } else {
      this.state = OPEN
      this.incoming = new WeakRef(incoming)
      unread.register(incoming, this, this)
    }
    let value
    try {
      value = this.deliver(incoming)
    } catch (error) {
      this.discard()
      reject(error)
      return
    }
    resolve(value)
  }

  incomingOf(record, exchange) {
    const most = this.extras?.most
    if (most === undefined) return new Incoming(record, exchange, this.limit, this.wrap)
    const { CappedIncoming } = require('./capped')
    return new CappedIncoming(record, exchange, this.limit, this.wrap, most)
  }

  /** An interim response came. */
  onInformational(record) {
    const { onInfo } = this.extras
    if (onInfo === undefined || this.state !== PENDING) return
    const { statusCode, headers } = record.head
    try {
      onInfo({ statusCode, headers })
    } catch (error) {
      this.abort(error)
    }
  }

  /** A body has come so far. */
  onProgress(progress) {
    const onProgress = this.extras?.onProgress
    if (onProgress === undefined || this.state === CANCELLED || this.state === OVER) return
    try {
      onProgress(progress)
    } catch (error) {
      this.abort(error)
    }
  }

  /** `number` of the failure in the batch; `record` says how the exchange went. */
  onFailure(number, record) {
    const { reject, reader, state, upload } = this
    const failure = failureOf(bridge, number)
    // What its source throws on being told is less than what happened.
    this.endUpload()
    this.finish()
    const error = new KeepaliveError(failure, this.url)
    if (record.told) tellInfo(error, record)
    if (this.trace !== undefined && state !== CANCELLED) diagnostics.failed(this.trace, error)
    if (state === CANCELLED) {
      reader?.reject(this.wrap(error, true))
      return
    }
    if (upload !== undefined && failure.code === 'KA_BODY_SOURCE_FAILED' && upload.failed) {
      error.cause = upload.reason
    }
    if (failure.code === 'KA_RESOLVE_FAILED' && this.life?.lookup !== undefined) {
      error.cause = this.life.lookup.failureOf(this.url)
    }
    const thrown = failure.code === 'KA_REDIRECT_REFUSED' ? this.decider?.thrown : undefined
    if (reader !== undefined) reader.reject(this.wrap(error, true))
    else reject(thrown === undefined ? this.wrap(error) : thrown.reason)
  }

  onChunk(record) {
    const { reader } = this
    this.reader = undefined
    const { last } = record
    if (this.state === CANCELLED) {
      if (last || this.left === undefined) this.drop(last)
      else this.leave()
      reader.reject(this.wrap(closed(this.url), true))
      return
    }
    try {
      if (reader.sink === undefined) record.fetch(bridge)
      else reader.sink(record, bridge)
    } catch (error) {
      this.drop(last)
      reader.reject(error)
      return
    }
    if (last) this.finish()
    reader.resolve(record)
  }

  /** `again`: from its beginning. */
  onWantBody(again) {
    this.upload?.want(again)
  }

  /** A redirect waits for a word. */
  onRedirect(record) {
    if (this.state !== PENDING) return
    const { slot } = this
    this.decider.decide(record, (refusal) => {
      // The slot may be another's by now.
      if (this.state === PENDING) bridge.decide(slot, refusal)
    })
  }

  /**
   * The next piece of the body, at most `max` bytes; with 0 it only waits. `sink` takes what comes,
   * else the record that it resolves to has it. `Incoming` sees to it that one read runs at a time.
   */
  read(max, sink) {
    return this.reading(sink, () => bridge.read(this.slot, max))
  }

  /** The next `size` bytes of the body, or what is left of it; `sink` takes them. */
  readFull(size, sink) {
    return this.reading(sink, () => bridge.readFull(this.slot, size))
  }

  reading(sink, start) {
    return new Promise((resolve, reject) => {
      if (!this.open) {
        reject(this.wrap(closed(this.url), true))
        return
      }
      try {
        start()
      } catch (error) {
        this.finish()
        reject(localError(error, this.url))
        return
      }
      this.reader = { resolve, reject, sink }
    })
  }

  /** Bytes of the body that are to come; -1 when that is not known. */
  get remaining() {
    return this.open ? bridge.remaining(this.slot) : -1
  }

  /** Bytes of the body that can be taken without waiting. */
  get atHand() {
    return this.open ? bridge.atHand(this.slot) : 0
  }

  /** Takes what is at hand of the body into `memory` from `offset` on; how many bytes. */
  take(memory, offset) {
    if (!this.open) return 0
    const count = bridge.take(this.slot, memory, offset)
    if (bridge.isOver(this.slot)) this.finish()
    return count
  }

  get open() {
    return this.state === OPEN
  }

  get over() {
    return this.state === OVER
  }

  /** As `discard`; resolves when the connection is free or closed. */
  async dump() {
    if (!this.open) return
    await new Promise((resolve) => {
      this.left = resolve
      if (this.reader === undefined) this.leave()
      else this.cancel()
    })
  }

  /** Nothing of it runs; `left` is called when the connection is free or closed. */
  leave() {
    this.state = LEAVING
    try {
      bridge.close(this.slot)
    } catch {
      this.finish()
      return
    }
    this.reader = { resolve: ignore, reject: ignore, sink: undefined }
  }

  /** The signal fired. */
  abort(reason) {
    if (this.state === OVER || this.state === CANCELLED) return
    const { reject, reader } = this
    if (this.trace !== undefined) diagnostics.failed(this.trace, reason)
    if (this.state === PENDING) {
      this.cancel(reason)
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
    if (!this.open) return
    if (this.reader !== undefined) this.cancel()
    else this.drop(false)
  }

  /** The engine's last word is still to come. */
  cancel(reason) {
    this.state = CANCELLED
    this.leaveSignal()
    if (this.left === undefined) bridge.cancel(this.slot)
    else bridge.leave(this.slot)
    this.endUpload(reason)
  }

  /** Nothing of it runs; what may be left of the body is given up. */
  drop(last) {
    if (!last) bridge.discard(this.slot)
    this.finish()
  }

  finish() {
    if (this.state === OVER) return
    if (this.incoming !== undefined) unread.unregister(this)
    this.state = OVER
    this.leaveSignal()
    release(this.slot)
    const { left, life } = this
    this.left = undefined
    left?.()
    if (life !== undefined && --life.running === 0 && life.onIdle !== undefined) life.onIdle()
  }

  /** What the body's source threw on being told, if it did. */
  endUpload(reason) {
    const { upload } = this
    this.upload = undefined
    return upload?.stop(reason)
  }

  leaveSignal() {
    if (this.signal === undefined) return
    const { signal } = this
    this.signal = undefined
    unwatch(signal, this)
  }
}

function same(error) {
  return error
}

module.exports = { Exchange }
