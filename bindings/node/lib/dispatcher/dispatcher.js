'use strict'
// A Dispatcher, as undici calls what sends its requests: `fetch`, `request`, `stream`, interceptors and
// WebSocket of undici 6, 7 and 8, and so Node's own fetch, run on the native pool with it.

const { EventEmitter } = require('node:events')
const { constants } = require('node:buffer')
const { bridge } = require('../bridge')
const { Client, commonClient, nativeOf } = require('../client')
const { ClientClosedError, ClientDestroyedError, InvalidArgumentError, undiciError } = require('./errors')
const { bothShapes } = require('./both_shapes')
const { Call } = require('./call')
const { Calls } = require('./calls')
const { checkHandler } = require('./handler')
const { dispatcherOptions, inGivenNames } = require('./options')
const { dispatchTo, mockPool, withPools } = require('./mocked')
const { Prepared } = require('./request')
const { traceOf } = require('./channels')

const fromCommon = Symbol('common')

/** Runs what follows in a turn of its own; `queueMicrotask` makes a resource for each. */
const soon = Promise.resolve()

class KeepaliveDispatcher extends EventEmitter {
  // No private fields: `compose` and other people's proxies call methods on objects that stand for this one.
  constructor(options, common) {
    super()
    const given = options instanceof Client ? {} : options
    const { client, limits, webSocket, eventSource } = dispatcherOptions(given)
    let own
    try {
      own = options instanceof Client ? options : common === fromCommon ? commonClient(client) : new Client(client)
    } catch (error) {
      throw undiciError(inGivenNames(error, given), {})
    }
    const hidden = {
      client: own,
      native: nativeOf(own),
      limits,
      calls: new Calls(),
      pools: new Map(), // of undici's MockAgents, by the symbols under which they look for them
      waiting: [], // for the last call to end
      settings: { webSocket, eventSource },
      isOwn: own !== options && common !== fromCommon,
    }
    for (const name of Object.keys(hidden)) Object.defineProperty(this, name, { value: hidden[name] })
    this.closed = false
    this.destroyed = false
  }

  /** A dispatcher on a pool that all threads of the process share that ask for it with the same options. */
  static shared(options) {
    return new KeepaliveDispatcher(options, fromCommon)
  }

  /** The class as a subclass of that undici's Dispatcher, with its `request`, `stream`, `pipeline` and so on. */
  static withUndici(undici) {
    if (typeof undici?.Dispatcher !== 'function') throw new InvalidArgumentError('undici: expected the module')
    return require('./with_undici').classOf(KeepaliveDispatcher, undici)
  }

  dispatch(opts, handler) {
    if (typeof handler !== 'object' || handler === null) throw new InvalidArgumentError('handler must be an object')
    if (this.pools.size !== 0) {
      const pool = mockPool(this, opts?.origin)
      if (pool !== undefined) {
        try {
          dispatchTo(pool, opts, handler)
        } catch (error) {
          refuse(handler, error)
        }
        return true
      }
    }
    return this.send(opts, handler)
  }

  send(opts, handler) {
    let prepared
    try {
      if (typeof opts !== 'object' || opts === null) throw new InvalidArgumentError('opts must be an object.')
      if (this.destroyed) throw new ClientDestroyedError()
      if (this.closed) throw new ClientClosedError()
      prepared = new Prepared(opts)
      checkHandler(handler, prepared.switches)
      prepared.limits = limitsOf(opts)
      const call = new Call(this, prepared, handler, traceOf(prepared, opts))
      this.calls.add(call)
      soon.then(() => call.begin())
    } catch (thrown) {
      refuse(handler, undiciError(thrown, {}))
    }
    return true
  }

  /** Whether somebody wants to hear of connections. */
  get wantsInfo() {
    return this.listenerCount('connect') !== 0
  }

  hasConnection(origin, info) {
    if (!info.reused) this.emit('connect', new URL(origin), [this])
  }

  hasNoConnection(origin, error) {
    this.emit('connectionError', new URL(origin), [this], error)
  }

  handlerFailed(error) {
    if (this.listenerCount('error') !== 0) this.emit('error', error)
    else bridge.report(error)
  }

  ended(call) {
    this.calls.delete(call)
    if (this.calls.size !== 0 || this.waiting.length === 0) return
    for (const resolve of this.waiting.splice(0)) resolve()
  }

  /** Refuses new requests; resolves when those under way are over. */
  close(callback) {
    return settled(callback, async () => {
      if (this.destroyed) throw new ClientDestroyedError()
      this.closed = true
      if (this.calls.size !== 0) await new Promise((resolve) => this.waiting.push(resolve))
      this.destroyed = true
      this.release()
    })
  }

  /** Ends those under way with `error` too. */
  destroy(error, callback) {
    if (typeof error === 'function') [error, callback] = [null, error]
    return settled(callback, async () => {
      if (this.destroyed) return
      this.closed = this.destroyed = true
      for (const call of [...this.calls]) call.giveUp(error ?? new ClientDestroyedError())
      this.release()
    })
  }

  release() {
    if (this.isOwn) this.client.close()
  }

  async [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    if (!this.destroyed) await this.close()
  }

  /** A dispatcher whose requests pass these interceptors first; undici's own are such. */
  compose(...interceptors) {
    const list = Array.isArray(interceptors[0]) ? interceptors[0] : interceptors
    let dispatch = this.dispatch.bind(this)
    for (const interceptor of list) {
      if (interceptor === undefined || interceptor === null) continue
      if (typeof interceptor !== 'function') {
        throw new TypeError(`invalid interceptor, expected function received ${typeof interceptor}`)
      }
      const next = interceptor(dispatch)
      if (typeof next !== 'function' || next.length !== 2) throw new TypeError('invalid interceptor')
      dispatch = (opts, handler) => next(opts, bothShapes(handler))
    }
    return new Proxy(this, { get: (target, key) => (key === 'dispatch' ? dispatch : target[key]) })
  }

  /** By origin, undici's names: `connected`, `free`, `pending`, `queued`, `running`, `size`. */
  get stats() {
    const stats = {}
    for (const { active, dialing, idle, origin, waiting } of this.client.stats().origins) {
      stats[origin] = {
        connected: active + idle,
        free: idle,
        pending: dialing,
        queued: waiting,
        running: active,
        size: active + waiting,
      }
    }
    return stats
  }

  get webSocketOptions() {
    const { webSocket } = this.settings
    return {
      maxFragments: webSocket.maxFragments ?? 131_072,
      maxPayloadSize: webSocket.maxPayloadSize ?? 128 * 1024 * 1024,
    }
  }

  get eventSourceOptions() {
    return { maxEventSize: this.settings.eventSource.maxEventSize ?? constants.MAX_STRING_LENGTH }
  }
}

// What is looked up for each request stands before what answers MockAgents.
for (const name of ['emit', 'listenerCount', 'on', 'once', 'off']) {
  Object.defineProperty(KeepaliveDispatcher.prototype, name, Object.getOwnPropertyDescriptor(EventEmitter.prototype, name))
}
Object.setPrototypeOf(KeepaliveDispatcher.prototype, withPools(EventEmitter.prototype))

/** A request's own limits, in the order in which the engine takes them; undefined when it has none. */
function limitsOf({ bodyTimeout, headersTimeout }) {
  const none = (value) => value === undefined || value === null
  if (none(bodyTimeout) && none(headersTimeout)) return undefined
  const limit = (value) => (none(value) ? NaN : value === 0 ? Infinity : value)
  const headers = limit(headersTimeout)
  return [NaN, NaN, headers, headers, limit(bodyTimeout), NaN]
}

/** Tells a handler of a request that is not sent; throws when there is nobody to tell. */
function refuse(handler, error) {
  if (typeof handler.onRequestStart === 'function') {
    if (typeof handler.onResponseError !== 'function') throw error
    handler.onResponseError(null, error)
    return
  }
  if (typeof handler.onError !== 'function') throw new InvalidArgumentError('invalid onError method', { cause: error })
  handler.onError(error)
}

/** A promise, or the callback that undici's methods take instead. */
function settled(callback, act) {
  if (callback === undefined) return act().then(() => null)
  if (typeof callback !== 'function') throw new InvalidArgumentError('invalid callback')
  // What it throws is an uncaught exception, and what it returns is nobody's, as of any callback.
  const told = (...outcome) => {
    try {
      callback(...outcome)
    } catch (error) {
      bridge.report(error)
    }
  }
  act().then(() => told(null, null), (error) => told(error, null))
  return undefined
}

module.exports = { KeepaliveDispatcher }
