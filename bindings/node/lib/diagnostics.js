'use strict'
// What is published on the channels of `node:diagnostics_channel` named `libkeepalive:*`. Loaded by the first
// request that somebody listens to (`lib/exchange.js` looks); messages are made while somebody does.

const { performance } = require('node:perf_hooks')
const { onEvents } = require('./bridge')

let channels = {}
let ofRequests = []
let ofConnections = []

/** Who is told of the connections of a client, by its number; `false` of it ends that. */
const sinks = new Map()

/** Requests that somebody listens to, by the number that the engine knows them by. */
const traces = new Map()
let last = 0
let watching = false

/** `given` are the channels, `[name, channel]`. */
function use(given) {
  channels = Object.fromEntries(given)
  ofRequests = given.filter(([name]) => name.startsWith('request:')).map(([, one]) => one)
  ofConnections = given.filter(([name]) => name.startsWith('connection:')).map(([, one]) => one)
}

function isHeard(some) {
  for (const one of some) if (one.hasSubscribers) return true
  return false
}

/** Has `sink` be told of the connections of the client with that number; `undefined` ends that. */
function listenTo(bridge, number, sink) {
  if (sink === undefined) sinks.delete(number)
  else sinks.set(number, sink)
  watch(bridge)
}

function watch(bridge) {
  const heard = sinks.size > 0 || isHeard(ofConnections)
  if (heard === watching) return
  watching = heard
  bridge.watch(heard)
  onEvents(heard || traces.size > 0 ? publish : undefined)
}

/** A request is about to be submitted: what is told of it, if somebody listens. */
function begin(bridge, request) {
  watch(bridge)
  return isHeard(ofRequests) ? start(bridge, request) : undefined
}

function start(bridge, { method, url }) {
  last = last === 0xffffffff ? 1 : last + 1
  const trace = { id: 0, method, url: require('./errors').publicUrl(url) }
  channels['request:create'].publish({ request: trace, time: performance.now() })
  traces.set(last, trace)
  onEvents(publish)
  bridge.trace(last)
  return trace
}

/** Publishes what has happened; whether more may come. */
function publish(bridge) {
  const now = performance.now()
  for (const event of bridge.events()) {
    const { age, name, request, trace } = event
    if (name === 'gone') {
      traces.delete(trace)
      continue
    }
    const one = traces.get(trace)
    if (one !== undefined) one.id = request
    const sink = sinks.size === 0 || trace !== 0 ? undefined : sinks.get(event.client)
    if (sink !== undefined) tellOf(bridge, sink, event)
    if (channels[name]?.hasSubscribers) channels[name].publish(messageOf(event, one, now - age))
  }
  return watching || traces.size > 0
}

function tellOf(bridge, sink, event) {
  try {
    if (!sink(event)) listenTo(bridge, event.client, undefined)
  } catch (error) {
    bridge.report(error)
  }
}

/** A request has failed, or was aborted. */
function failed(request, error) {
  channels['request:error'].publish({ request, error, time: performance.now() })
}

function messageOf(event, request, time) {
  const { connection, dial, failed: code, fields, name, number, reused, spent, step, text } = event
  const first = () => spent[0]
  switch (name) {
    case 'request:connection':
      return { request, connection: { id: connection, reused, idle: first() }, time }
    case 'request:sent':
      return { request, bytes: number, time }
    case 'request:informational':
    case 'request:headers':
      return { request, response: { statusCode: number, statusText: text ?? '', headers: fields }, time }
    case 'request:again':
      return {
        request,
        reason: step,
        ...(code === undefined || code === null ? {} : { code }),
        ...(step === 'retry' ? { pause: first() } : {}),
        ...(step === 'redirect' ? { redirects: number } : {}),
        time,
      }
    case 'connection:connecting':
      return { requestId: event.request, dial, step, subject: text ?? '', code: code ?? null, time }
    case 'connection:error':
      return { requestId: event.request, dial, code, message: text, time }
    case 'connection:connected': {
      const [resolve, connect, tls] = spent
      return { requestId: event.request, connection: { id: connection }, origin: text ?? null, timings: { resolve, connect, tls }, time }
    }
    case 'connection:returned':
      return { connection: { id: connection }, time }
    case 'connection:closed':
      return { connection: { id: connection }, reason: text, time }
    default:
      return { request, time }
  }
}

module.exports = { begin, failed, listenTo, use }
