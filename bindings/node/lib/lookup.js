'use strict'
// `lookup`: a client's function for the addresses of hosts, in the form of `dns.lookup`. It sees each host
// before a connection is made, URLs with an address in them included, and nothing is connected to but what
// it says.

const { AsyncResource } = require('node:async_hooks')
const { isIP } = require('node:net')
const { FinalizationRegistry } = require('./captured')
const { bridge, onLookups } = require('./bridge')

const OPTIONS = { all: true, family: 0, hints: 0, order: 'verbatim', verbatim: true }

/** Failures that are remembered for the requests that they end, of one client. */
const MOST = 64

const lookups = new Map()
const gone = new FinalizationRegistry((number) => lookups.delete(number))

class Lookup {
  constructor(call) {
    this.call = call
    this.scope = new AsyncResource('libkeepalive.lookup', { requireManualDestroy: true })
    this.failures = new Map()
  }

  ask({ number, host }) {
    let isOpen = true
    const answer = (error, found, family) => {
      if (!isOpen) return
      isOpen = false
      let addresses
      try {
        if (error === null || error === undefined) addresses = addressesOf(found, family)
      } catch (wrong) {
        error = wrong
      }
      if (addresses !== undefined) {
        this.failures.delete(host)
        bridge.found(number, addresses)
        return
      }
      if (this.failures.size >= MOST) this.failures.clear()
      this.failures.set(host, error)
      bridge.found(number, [], `lookup: ${textOf(error)}`)
    }
    try {
      const given = this.scope.runInAsyncScope(this.call, undefined, host, { ...OPTIONS }, answer)
      if (typeof given?.then === 'function') given.then((found) => found !== undefined && answer(null, found), answer)
    } catch (error) {
      answer(error ?? new Error('it threw nothing'))
    }
  }

  /** What it gave for the host of that URL, if it failed. */
  failureOf(url) {
    try {
      return this.failures.get(new URL(url).hostname.replace(/^\[|\]$/g, ''))
    } catch {
      return undefined
    }
  }
}

/** In whatever form `dns.lookup` gives them. */
function addressesOf(found, family) {
  const list = Array.isArray(found) ? found : [{ address: found?.address ?? found, family }]
  const addresses = list.map((one) => (typeof one === 'string' ? one : one?.address))
  for (const address of addresses) {
    if (typeof address !== 'string' || isIP(address) === 0) throw new TypeError('it gave something that is no IP address')
  }
  if (addresses.length === 0) throw new Error('it gave no address')
  return addresses
}

function textOf(error) {
  try {
    return String(error?.message ?? error)
  } catch {
    return 'it failed with something that is no text'
  }
}

function askAll() {
  for (const question of bridge.lookups()) {
    const lookup = lookups.get(question.client)
    if (lookup === undefined) bridge.found(question.number, [], 'lookup: the client is gone')
    else lookup.ask(question)
  }
}

/** Has `call` be asked for all addresses of `native`, the half of `client`. */
function useLookup(client, native, call) {
  const number = native.number()
  const lookup = new Lookup(call)
  native.askLookups(bridge, number)
  lookups.set(number, lookup)
  gone.register(client, number)
  onLookups(askAll)
  return lookup
}

module.exports = { useLookup }
