'use strict'
// `connect` and `disconnect` of clients, which are told while somebody listens to them.

const { URL } = require('node:url')
const { WeakRef } = require('./captured')
const { bridge } = require('./bridge')
const { listenTo } = require('./diagnostics')

/** Clients that are told, by their numbers. */
const told = new Set()

/** Has `emit(name, origin, about)` be called for the connections of `client`; `false` ends that. */
function tellConnections(client, native, yes) {
  const number = native.number()
  if (yes === told.has(number)) return
  if (!yes) {
    told.delete(number)
    listenTo(bridge, number, undefined)
    return
  }
  told.add(number)
  const weak = new WeakRef(client)
  const origins = new Map()
  listenTo(bridge, number, (event) => {
    const emitter = weak.deref()
    if (emitter === undefined) {
      told.delete(number)
      return false
    }
    const { connection: id, name, spent, text } = event
    if (name === 'connection:connected') {
      origins.set(id, text)
      const [resolve, connect, tls] = spent
      emitter.emit('connect', urlOf(text), { connection: { id }, timings: { resolve, connect, tls } })
    } else if (name === 'connection:closed') {
      const origin = origins.get(id)
      origins.delete(id)
      emitter.emit('disconnect', urlOf(origin), { connection: { id }, reason: text })
    }
    return true
  })
}

/** Of a connection that was opened before somebody listened it is not known. */
function urlOf(text) {
  return text === undefined || text === null ? null : new URL(text)
}

module.exports = { tellConnections }
