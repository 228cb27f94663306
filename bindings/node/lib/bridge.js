'use strict'
// One per environment (main thread or worker): slots for exchanges, and the batches that come back.
// A slot is in use until its exchange releases it, which it does when nothing of it runs any more.

const native = require('./native')
const { EXTRA, FLAGS, KIND, RESTART, Record, SIZE, SLOT, STATUS, Slab, kind } = require('./completion_record')

/** As much as src/bridge.rs puts into a batch before it hands it over. */
const BATCH = 64 * 1024

const exchanges = []
const free = []
const tlsOf = (connection) => require('./tls_info').tlsOf(bridge, connection)
let slab = new Slab(0, tlsOf)
let used = 0
let publish // what has happened, while somebody listens
let answerLookups // what clients ask their `lookup`, once one has it

const bridge = new native.Bridge(onWake)

function onWake() {
  while (deliver() >= BATCH);
}

/** Hands one batch out; how many bytes it had. */
function deliver() {
  let size = bridge.drain(slab.bytes, used)
  if (size < 0) {
    slab = new Slab(-size, tlsOf)
    used = 0
    size = bridge.drain(slab.bytes, 0)
  }
  // What led to the completions comes before them.
  if (publish !== undefined && !publish(bridge)) publish = undefined
  if (answerLookups !== undefined) answerLookups()
  const batch = slab
  const { words } = batch
  let at = used
  const end = at + size
  used = end
  for (; at < end; at += words[(at >>> 2) + SIZE]) {
    // Whatever one exchange runs into, the others get their records.
    try {
      dispatch(batch, at)
    } catch (error) {
      bridge.report(error)
    }
  }
  return size
}

function dispatch(batch, at) {
  const word = at >>> 2
  const { words } = batch
  const exchange = exchanges[words[word + SLOT]]
  if (exchange === undefined) return
  switch (words[word + KIND]) {
    case kind.HEAD:
      exchange.onHead(new Record(batch, at))
      break
    case kind.CHUNK:
      exchange.onChunk(new Record(batch, at))
      break
    case kind.WARMED:
      exchange.onWarmed(words[word + STATUS])
      break
    case kind.STREAMED:
      exchange.onStreamed(words[word + STATUS])
      break
    case kind.INFORMATIONAL:
      exchange.onInformational(new Record(batch, at))
      break
    case kind.PROGRESS:
      // One that comes late may find somebody else.
      exchange.onProgress?.(said(batch, at))
      break
    case kind.SAVED:
      exchange.onSaved(said(batch, at))
      break
    case kind.WANT_BODY:
      exchange.onWantBody((words[word + FLAGS] & RESTART) !== 0)
      break
    case kind.REDIRECT:
      exchange.onRedirect(new Record(batch, at))
      break
    default:
      exchange.onFailure(words[word + EXTRA] - 1, new Record(batch, at))
  }
}

/** What a record has to say in the place of a body. */
function said(batch, at) {
  return JSON.parse(new Record(batch, at).bytes().toString())
}

/** A lone request was sent: its answer may be here before the engine's thread could be woken for it. */
function pollInline(slot) {
  if (bridge.pollInline(slot)) onWake()
}

// Servers are told that their connections are over. A worker's end concerns its own requests only.
// Once per process, however often the package is loaded, and nothing of it is kept alive by that.
if (!native.tellsAtExit && isMain()) {
  native.tellsAtExit = true
  process.once('exit', native.atExit)
}

/** Node's module for threads takes a tenth of the time that loading the package takes, so it is asked last. */
function isMain() {
  return native.isMainThread() ?? require('node:worker_threads').isMainThread
}

/** Has what happened be published before completions. */
function onEvents(by) {
  publish = by
}

/** Has questions of clients for their `lookup` be looked for. */
function onLookups(by) {
  answerLookups = by
}

/** Calls `use` with each exchange that has a slot. */
function each(use) {
  for (const exchange of [...exchanges]) if (exchange !== undefined) use(exchange)
}

/** A slot for `exchange`. */
function acquire(exchange) {
  if (free.length !== 0) {
    const slot = free.pop()
    exchanges[slot] = exchange
    return slot
  }
  return exchanges.push(exchange) - 1
}

/** Nothing with this slot is under way. */
function release(slot) {
  exchanges[slot] = undefined
  free.push(slot)
}

module.exports = { acquire, bridge, each, onEvents, onLookups, pollInline, release }
