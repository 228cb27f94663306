'use strict'
// Abort signals: one listener per signal, however many requests use it. Node warns about a leak at
// the eleventh listener, and adding one costs more than the rest of a request.

/** signal -> { exchanges, listener } */
const watched = new WeakMap()

/** `exchange.abort(reason)` is called when the signal fires. */
function watch(signal, exchange) {
  let entry = watched.get(signal)
  if (entry === undefined) {
    const exchanges = new Set()
    const listener = () => {
      watched.delete(signal)
      for (const one of exchanges) one.abort(signal.reason)
    }
    entry = { exchanges, listener }
    watched.set(signal, entry)
    signal.addEventListener('abort', listener, { once: true })
  }
  entry.exchanges.add(exchange)
}

/** The exchange is over. */
function unwatch(signal, exchange) {
  const entry = watched.get(signal)
  if (entry === undefined || !entry.exchanges.delete(exchange) || entry.exchanges.size !== 0) return
  watched.delete(signal)
  signal.removeEventListener('abort', entry.listener)
}

module.exports = { unwatch, watch }
