'use strict'
// Abort signals: one listener per signal, however many requests use it. Node warns about a leak at
// the eleventh listener, and adding one costs more than the rest of a request.

const { bridge } = require('./bridge')

/** signal -> { exchanges, listener } */
const watched = new WeakMap()

/** `exchange.abort(reason)` is called when the signal fires. */
function watch(signal, exchange) {
  let entry = watched.get(signal)
  if (entry === undefined) {
    const exchanges = new Set()
    const listener = () => {
      watched.delete(signal)
      const reason = abortReason(signal)
      for (const one of exchanges) {
        try {
          one.abort(reason)
        } catch (error) {
          bridge.report(error)
        }
      }
    }
    signal.addEventListener('abort', listener, { once: true })
    entry = { exchanges, listener }
    watched.set(signal, entry)
  }
  entry.exchanges.add(exchange)
}

/** The exchange is over. */
function unwatch(signal, exchange) {
  const entry = watched.get(signal)
  if (entry === undefined || !entry.exchanges.delete(exchange) || entry.exchanges.size !== 0) return
  watched.delete(signal)
  try {
    signal.removeEventListener('abort', entry.listener)
  } catch (error) {
    bridge.report(error)
  }
}

/** Why it fired; older DOM emulations do not say. */
function abortReason(signal) {
  return signal.reason ?? new DOMException('This operation was aborted', 'AbortError')
}

module.exports = { abortReason, unwatch, watch }
