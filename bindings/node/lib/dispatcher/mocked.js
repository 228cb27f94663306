'use strict'
// `new MockAgent({ agent })` of undici, with a dispatcher of ours as its agent: what it has no reply for goes over the
// native pool. A MockAgent keeps its pools in its agent's inside, under a symbol of its own copy of undici.

const { bothShapes } = require('./both_shapes')

/** Pools by origin, as an Agent of undici has them. */
class Pools extends Map {
  constructor(send) {
    super()
    Object.defineProperty(this, 'send', { value: send })
  }

  set(origin, value) {
    const pool = poolOf(value)
    const sending = sendingOf(pool)
    if (sending !== undefined) Object.defineProperty(pool, sending, { value: this.send })
    return super.set(origin, value)
  }
}

/** The symbol by which a pool's own part calls what sends: what is not mocked comes there. */
function sendingOf(pool) {
  for (let one = pool; one !== null; one = Object.getPrototypeOf(one)) {
    for (const symbol of Object.getOwnPropertySymbols(one)) {
      if (symbol.description === 'dispatch' && typeof pool[symbol] === 'function') return symbol
    }
  }
  return undefined
}

/** undici 7 has its pools in an object. */
function poolOf(value) {
  return typeof value.dispatch === 'function' ? value : value.dispatcher
}

/** A MockAgent's pool for the origin of a request; undefined when there is none. */
function mockPool(dispatcher, origin) {
  for (const pools of dispatcher.pools.values()) {
    const found = pools.get(String(origin))
    if (found !== undefined) return poolOf(found)
  }
  return undefined
}

/** Has a mock's pool answer. */
function dispatchTo(pool, opts, handler) {
  pool.dispatch(opts, bothShapes(handler))
}

/** `prototype` for one whose objects are asked for the pools of an Agent. */
function withPools(prototype) {
  return new Proxy(Object.create(prototype), {
    get(target, key, receiver) {
      if (typeof key !== 'symbol' || key.description !== 'clients' || receiver.pools === undefined) return Reflect.get(target, key, receiver)
      const { pools } = receiver
      if (!pools.has(key)) pools.set(key, new Pools((opts, given) => receiver.send(opts, given)))
      return pools.get(key)
    },
  })
}

module.exports = { dispatchTo, mockPool, withPools }
