'use strict'
// What a MockAgent writes down of the requests that come, in the words of undici's `getCallHistory()`.

const { types } = require('node:util')
const { argumentError } = require('../errors')

/** Of the newest calls; what came before them is forgotten. */
const MOST = 10_000

let write

const TEXTS = ['protocol', 'host', 'port', 'origin', 'path', 'hash', 'fullUrl', 'method']

class MockCallHistoryLog {
  constructor({ body, hash = '', headers, method, origin, path }) {
    // A raw target may be no path at all.
    const url = new URL(path.startsWith('/') ? `${origin}${path}` : origin)
    url.hash = hash
    this.body = body
    this.headers = headers
    this.method = method
    this.fullUrl = url.href
    this.origin = url.origin
    this.path = url.pathname
    this.searchParams = Object.fromEntries(url.searchParams)
    this.protocol = url.protocol
    this.host = url.host
    this.port = url.port
    this.hash = url.hash
  }

  toMap() {
    const names = ['protocol', 'host', 'port', 'origin', 'path', 'hash', 'searchParams', 'fullUrl', 'method', 'body', 'headers']
    return new Map(names.map((name) => [name, this[name]]))
  }

  toString() {
    const parts = []
    for (const [name, value] of this.toMap()) {
      parts.push(`${name}->${typeof value === 'object' && value !== null ? JSON.stringify(value) : value}`)
    }
    return parts.join('|')
  }
}

/** Whether a log is meant by the text or pattern of one of its properties. */
function matcherOf(name, wanted) {
  if (typeof wanted === 'string' || wanted === undefined || wanted === null) return (log) => log[name] === wanted
  if (types.isRegExp(wanted)) {
    const own = withoutPlace(wanted)
    return (log) => own.test(log[name])
  }
  throw argumentError(`${name}: expected a string, RegExp, undefined or null; got ${typeof wanted}`)
}

/** One that remembers where it was would match every second time. */
function withoutPlace(pattern) {
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
}

class MockCallHistory {
  #logs = []

  static {
    write = (history, request) => {
      const log = new MockCallHistoryLog(request)
      if (history.#logs.length >= MOST) history.#logs.shift()
      history.#logs.push(log)
      return log
    }
  }

  calls() {
    return [...this.#logs]
  }

  firstCall() {
    return this.#logs.at(0)
  }

  lastCall() {
    return this.#logs.at(-1)
  }

  /** Counted from 1. */
  nthCall(number) {
    if (!Number.isInteger(number) || number < 1) throw argumentError(`number: expected a whole number above 0; got ${String(number)}`)
    return this.#logs.at(number - 1)
  }

  /** Those that a function, a pattern of their texts, or any (`operator: 'AND'`: all) of the properties given means. */
  filterCalls(criteria, options = {}) {
    if (typeof criteria === 'function') return this.#logs.filter(criteria)
    if (types.isRegExp(criteria)) {
      const own = withoutPlace(criteria)
      return this.#logs.filter((log) => own.test(log.toString()))
    }
    if (typeof criteria !== 'object' || criteria === null) throw argumentError('criteria: expected a function, RegExp or object')
    const { operator = 'OR' } = options
    const isAll = /^and$/i.test(operator)
    if (!isAll && !/^or$/i.test(operator)) throw argumentError(`operator: expected "OR" or "AND"; got ${String(operator)}`)
    const matchers = TEXTS.filter((name) => name in criteria).map((name) => matcherOf(name, criteria[name]))
    if (matchers.length === 0) return this.calls()
    return this.#logs.filter((log) => (isAll ? matchers.every((matches) => matches(log)) : matchers.some((matches) => matches(log))))
  }

  clear() {
    this.#logs.length = 0
  }

  [Symbol.iterator]() {
    return this.calls()[Symbol.iterator]()
  }
}

for (const name of TEXTS) {
  const method = `filterCallsBy${name[0].toUpperCase()}${name.slice(1)}`
  const value = { [method](wanted) {
    return this.filterCalls(matcherOf(name, wanted))
  } }[method]
  Object.defineProperty(MockCallHistory.prototype, method, { value, writable: true, configurable: true })
}

module.exports = { MockCallHistory, MockCallHistoryLog, write }
