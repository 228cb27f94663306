'use strict'
// Every `fetch` of the process on the native pool: puts a dispatcher into the places where Node's built-in
// fetch and all copies of undici look for the global one.

const { globalClass } = require('../captured')
const { bothShapes } = require('./both_shapes')
const { InvalidArgumentError } = require('./errors')
const { KeepaliveDispatcher } = require('./dispatcher')

/** undici up to 7, and Node up to 25; from 8 on, and Node 26. */
const SLOTS = [1, 2].map((number) => Symbol.for(`undici.globalDispatcher.${number}`))

let current
let before // what the slots had, in their order

/** What of the options of the dispatcher that was there can be read. */
function limitsOf(dispatcher) {
  const limits = {}
  const symbol = Object.getOwnPropertySymbols(dispatcher ?? {}).find(({ description }) => description === 'options')
  const options = symbol === undefined ? undefined : dispatcher[symbol]
  if (typeof options !== 'object' || options === null) return limits
  for (const name of ['headersTimeout', 'bodyTimeout', 'maxHeaderSize', 'maxResponseSize', 'connections']) {
    if (Number.isInteger(options[name])) limits[name] = options[name]
  }
  const timeout = options.connect?.timeout ?? options.connectTimeout
  if (Number.isInteger(timeout)) limits.connectTimeout = timeout
  // Whom it trusts and how it connects: what cannot be followed is refused, as it would be of the caller.
  for (const name of ['tls', 'connect', 'socketPath', 'localAddress']) {
    if (options[name] !== undefined && options[name] !== null) limits[name] = options[name]
  }
  return limits
}

/** A copy of undici has one that is made for its older handlers around the one of the newer. */
function put(values) {
  SLOTS.forEach((slot, i) => {
    // Not configurable, as undici's own: it could not define them again.
    Object.defineProperty(globalThis, slot, { value: values[i], writable: true, enumerable: false, configurable: false })
  })
}

/** What the slots have: there has to be something to go back to. */
function whatIsThere() {
  const given = SLOTS.map((slot) => globalThis[slot])
  // Node's own undici makes its dispatcher when it is loaded, if its own slot is empty; it fills both then.
  globalClass('Headers')
  return SLOTS.map((slot, i) => given[i] ?? globalThis[slot])
}

/** One with these options, and what those that are replaced had beside. */
function takingOver(found, options) {
  const theirs = { ...limitsOf(found[1]), ...limitsOf(found[0]) }
  try {
    return KeepaliveDispatcher.shared({ ...theirs, ...options })
  } catch (error) {
    if (theirs.connect !== undefined && options?.connect === undefined && error.message.startsWith('connect')) {
      error.message += ' (an option of the dispatcher that is replaced; `register({ connect: {} })` leaves it out)'
    }
    throw error
  }
}

/**
 * Puts a dispatcher with these options into the global places; a second call replaces the first's. The
 * pool is one for all threads that ask for the same options.
 */
function register(options) {
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw new InvalidArgumentError('options must be an object')
  }
  const found = before ?? whatIsThere()
  const dispatcher = takingOver(found, options)
  before = found
  current = dispatcher
  put([dispatcher, dispatcher])
  return dispatcher
}

/** Gives back what was there, unless somebody has put something else there since; whether it did. */
function unregister() {
  if (current === undefined) return false
  const mine = current
  const [older, newer] = before
  current = before = undefined
  let gaveBack = false
  SLOTS.forEach((slot, i) => {
    if (globalThis[slot] !== mine && !(i === 0 && isAround(globalThis[slot], mine))) return
    gaveBack = true
    Object.defineProperty(globalThis, slot, {
      value: [older ?? newer, newer ?? forNewer(older)][i],
      writable: true,
      enumerable: false,
      configurable: false,
    })
  })
  return gaveBack
}

/** An older dispatcher for undici 8, which was loaded when the newer place was ours and so has none of its own. */
function forNewer(older) {
  if (older === undefined) return undefined
  const dispatch = (opts, handler) => older.dispatch(opts, bothShapes(handler))
  return Object.create(older, { dispatch: { value: dispatch } })
}

/** undici 8 puts a wrapper of the newer slot's into the older one. */
function isAround(dispatcher, inner) {
  if (typeof dispatcher !== 'object' || dispatcher === null) return false
  return Object.getOwnPropertySymbols(dispatcher).some((symbol) => dispatcher[symbol] === inner)
}

function isRegistered() {
  return current !== undefined
}

module.exports = { isRegistered, register, unregister }
