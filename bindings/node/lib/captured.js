'use strict'
// What the package needs of its surroundings, taken once, when it is loaded. Programs replace globals
// (fake timers, promise libraries, DOM emulations), and a request must not hang for it.

const timers = require('node:timers')

/** The language's own, whatever `globalThis.Promise` is. */
const { constructor: Promise } = (async () => {})()
const { captureStackTrace } = Error
const { asyncIterator, iterator, toStringTag } = Symbol
const { FinalizationRegistry, WeakRef } = globalThis
const { allocUnsafeSlow } = Buffer

/** Node counts those that are real. */
function immediates() {
  let count = 0
  for (const name of process.getActiveResourcesInfo()) if (name === 'Immediate') count += 1
  return count
}

/** Whether what `node:timers` has is Node's, and not what a test put there before. */
function isReal({ setImmediate, clearImmediate }) {
  try {
    const before = immediates()
    const handle = setImmediate(ignore)
    const real = immediates() === before + 1
    clearImmediate(handle)
    return real
  } catch {
    return false
  }
}

const real = isReal(timers)
const soon = real ? timers.setImmediate : byMessage()

/** As setImmediate, through a message to itself: nothing fakes that. */
function byMessage() {
  const { MessageChannel } = require('node:worker_threads')
  const waiting = []
  let port
  return (call, argument) => {
    if (port === undefined) {
      const channel = new MessageChannel()
      port = channel.port1
      port.on('message', () => {
        const [next, given] = waiting.shift()
        if (waiting.length === 0) port.unref()
        next(given)
      })
      port.other = channel.port2
    }
    if (waiting.push([call, argument]) === 1) port.ref()
    port.other.postMessage(null)
  }
}

let outer

/** The global scope that Node started with. */
function outerScope() {
  outer ??= require('node:vm').runInThisContext('globalThis')
  return outer
}

/**
 * A class of the global scope, or, where that lacks it (a DOM emulation), of the one that Node
 * started with. Looked up when it is first needed: that is when Node loads it.
 */
function globalClass(name) {
  return compilingAtOnce(() => (typeof globalThis[name] === 'function' ? globalThis[name] : outerScope()[name]))
}

/**
 * What Node loads in `load` compiles its WebAssembly at once. Response and Headers come with Node's own
 * HTTP client, whose parser is compiled in the background: a worker that is terminated meanwhile takes the
 * whole process along, because V8 reports to an event loop that is gone.
 */
function compilingAtOnce(load) {
  const { WebAssembly } = outerScope()
  // Absent without a compiler (--jitless), and immutable in hardened realms.
  const compile = WebAssembly?.compile
  const atOnce = (bytes) => new Promise((resolve) => resolve(new WebAssembly.Module(bytes)))
  if (compile === undefined || !Reflect.set(WebAssembly, 'compile', atOnce)) return load()
  try {
    return load()
  } finally {
    Reflect.set(WebAssembly, 'compile', compile)
  }
}

function ignore() {}

module.exports = {
  FinalizationRegistry,
  Promise,
  WeakRef,
  allocUnsafeSlow,
  asyncIterator,
  captureStackTrace,
  globalClass,
  ignore,
  iterator,
  canPollInline: real,
  soon,
  toStringTag,
}
