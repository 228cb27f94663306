'use strict'
// One per environment (main thread or worker): tokens for exchanges, and the batches that come
// back. A token is in use until its exchange releases it.

const native = require('./native')
const { Record, Slab, kind } = require('./record')

const exchanges = []
const free = []
let slab = new Slab(0)
let used = 0

const bridge = new native.Bridge(onWake)

function onWake() {
  let size = bridge.drain(slab.bytes, used)
  if (size < 0) {
    slab = new Slab(-size)
    used = 0
    size = bridge.drain(slab.bytes, 0)
  }
  if (size === 0) return
  const batch = slab
  const { words } = batch
  let at = used
  const end = at + size
  used = end
  let extras
  for (; at < end; at += words[at >>> 2]) {
    const word = at >>> 2
    if (words[word + 7] !== 0 && extras === undefined) extras = bridge.extras()
    const exchange = exchanges[words[word + 1]]
    switch (words[word + 2]) {
      case kind.HEAD:
        exchange.onHead(new Record(batch, at, extras))
        break
      case kind.CHUNK:
        exchange.onChunk(new Record(batch, at, extras))
        break
      case kind.WARMED:
        exchange.onWarmed(words[word + 3])
        break
      case kind.WANT_BODY:
        exchange?.onWantBody()
        break
      default:
        exchange.onFailure(extras[words[word + 7] - 1])
    }
  }
}

/** A lone request was sent: its answer may be here before the engine's thread could be woken for it. */
function linger(token) {
  if (bridge.linger(token)) onWake()
}

// Servers are told that their connections are over. A worker's end concerns its own requests only.
process.once('exit', () => {
  if (require('node:worker_threads').isMainThread) native.atExit()
})

/** A token for `exchange`. */
function acquire(exchange) {
  if (free.length !== 0) {
    const token = free.pop()
    exchanges[token] = exchange
    return token
  }
  return exchanges.push(exchange) - 1
}

/** No record with this token comes any more. */
function release(token) {
  exchanges[token] = undefined
  free.push(token)
}

module.exports = { acquire, bridge, linger, release }
