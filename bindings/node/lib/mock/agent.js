'use strict'
// MockAgent: answers requests of `request`, `fetch`, Client and KeepaliveDispatcher in place of servers.

const { Client, nativeOf } = require('../client')
const { argumentError } = require('../errors')
const { answerBy } = require('./answer')
const { Mock, MockInterceptor, matcherOf } = require('./interceptor')

class MockNotMatchedError extends Error {
  constructor(message) {
    super(message)
    this.name = 'MockNotMatchedError'
    this.code = 'UND_MOCK_ERR_MOCK_NOT_MATCHED'
  }
}

/** The agents that answer, the newest first. */
const active = []

/** An origin as URLs have it. */
function originText(origin) {
  const text = typeof origin === 'object' && typeof origin?.href === 'string' ? origin.href : origin
  if (typeof text !== 'string') return undefined
  let url
  try {
    url = new URL(text)
  } catch {
    throw argumentError(`origin: expected an absolute URL; got ${JSON.stringify(text)}`)
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') throw argumentError('origin: it has a path; the path is for intercept()')
  return url.origin
}

/** What is replied for one origin. */
class MockPool {
  #mocks = []
  #origin

  constructor(origin) {
    this.#origin = origin
  }

  intercept(conditions) {
    return new MockInterceptor(new Mock(this.#origin, conditions), this.#mocks)
  }

  /** Forgets all replies. */
  cleanMocks() {
    this.#mocks.length = 0
  }

  static mocksOf(pool) {
    return pool.#mocks
  }
}

class MockAgent {
  #native // of the one client that it answers for
  #pools = new Map() // by origin, or by what matches origins
  #allowed = true // of the network: all, nothing, or matchers of hosts

  constructor(options) {
    if (options !== undefined && (typeof options !== 'object' || options === null)) throw argumentError('options: expected an object')
    for (const name of Object.keys(options ?? {})) if (name !== 'client') throw argumentError(`unknown option ${name}; expected client`)
    const client = options?.client
    if (client !== undefined && !(client instanceof Client)) throw argumentError('client: expected a Client')
    this.#native = client === undefined ? undefined : nativeOf(client)
    answerBy((native) => active.filter((agent) => agent.#native === undefined || agent.#native === native))
    this.activate()
  }

  /** What is replied for an origin: a URL's text, a RegExp or a function. */
  get(origin) {
    const text = originText(origin)
    if (text === undefined) matcherOf('origin', origin)
    const key = text ?? origin
    let found = this.#pools.get(key)
    if (found === undefined) {
      found = { pool: new MockPool(key), matches: matcherOf('origin', key) }
      this.#pools.set(key, found)
    }
    return found.pool
  }

  /** The replies that a request without its body may get, in their order. */
  candidates(request) {
    const mocks = []
    for (const { matches, pool } of this.#pools.values()) {
      if (matches(request.origin)) mocks.push(...MockPool.mocksOf(pool).filter((mock) => mock.matches(request)))
    }
    return mocks
  }

  /** Why a request may not go to the network; undefined when it may. */
  refusalOf({ method, origin, path }) {
    const { host } = new URL(origin)
    if (this.#allowed === true || (this.#allowed !== false && this.#allowed.some((matches) => matches(host)))) return undefined
    const why = this.#allowed === false ? 'net.connect disabled' : 'net.connect is not enabled for this origin'
    const left = this.pendingInterceptors().length
    return new MockNotMatchedError(`no reply for ${method} ${path} of ${origin}, and it was not allowed to go there (${why}); ${left} interceptor(s) pending`)
  }

  /** Requests without a reply go to the network: all, or those to a host (`host:port`) that matches. */
  enableNetConnect(matcher) {
    if (matcher === undefined) {
      this.#allowed = true
      return
    }
    const matches = matcherOf('matcher', matcher)
    if (Array.isArray(this.#allowed)) this.#allowed.push(matches)
    else this.#allowed = [matches]
  }

  /** Requests without a reply reject with `UND_MOCK_ERR_MOCK_NOT_MATCHED`. */
  disableNetConnect() {
    this.#allowed = false
  }

  get isMockActive() {
    return active.includes(this)
  }

  activate() {
    if (!active.includes(this)) active.unshift(this)
  }

  /** Requests go to the network as if it were not there. */
  deactivate() {
    const at = active.indexOf(this)
    if (at !== -1) active.splice(at, 1)
  }

  /** Answers nothing any more, and forgets all replies. */
  async close() {
    this.deactivate()
    this.#pools.clear()
  }

  async [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    await this.close()
  }

  /** The replies that were not asked for yet, or not as often as was said. */
  pendingInterceptors() {
    const pending = []
    for (const { pool } of this.#pools.values()) {
      for (const mock of MockPool.mocksOf(pool)) {
        if (!mock.isPending) continue
        const { invoked, method, most, origin, path, persistent, statusCode } = mock
        pending.push({ origin, method, path, statusCode, persist: persistent, times: persistent ? null : most, timesInvoked: invoked, pending: true })
      }
    }
    return pending
  }

  /** Throws an error that lists them, if there are any. */
  assertNoPendingInterceptors() {
    const pending = this.pendingInterceptors()
    if (pending.length === 0) return
    const lines = pending.map(({ method, origin, path, statusCode, times, timesInvoked }) => {
      return `  ${method} ${origin} ${path}: ${statusCode ?? 'a callback or an error'}, ${timesInvoked} of ${times ?? 'any number of'} times`
    })
    throw new Error(`${pending.length === 1 ? '1 interceptor is' : `${pending.length} interceptors are`} pending:\n${lines.join('\n')}`)
  }
}

module.exports = { MockAgent, MockNotMatchedError }
