'use strict'
// MockAgent: answers requests of `request`, `fetch`, Client and KeepaliveDispatcher in place of servers.

const { Client, nativeOf } = require('../client')
const { argumentError } = require('../errors')
const { answerBy } = require('./answer')
const { MockCallHistory, MockCallHistoryLog, write } = require('./history')
const { Mock, MockInterceptor, checkNames, matcherOf } = require('./interceptor')

const OPTIONS = new Set(['client', 'connections', 'enableCallHistory', 'ignoreTrailingSlash'])

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

let placeFor // where the replies of an agent for an origin are kept

/** What is replied for one origin; two of the same agent for the same origin have the same replies. */
class MockPool {
  #mocks
  #origin
  #slashes

  constructor(origin, options) {
    const agent = options?.agent
    if (!(agent instanceof MockAgent)) throw argumentError('agent: expected a MockAgent')
    const place = placeFor(agent, origin, this)
    this.#origin = place.origin
    this.#slashes = options.ignoreTrailingSlash ?? place.slashes
    this.#mocks = place.mocks
  }

  intercept(conditions) {
    const all = this.#slashes === undefined || typeof conditions !== 'object' || conditions === null ? conditions : { ignoreTrailingSlash: this.#slashes, ...conditions }
    return new MockInterceptor(new Mock(this.#origin, all), this.#mocks)
  }

  /** Forgets all replies. */
  cleanMocks() {
    this.#mocks.length = 0
  }

  async close() {
    this.cleanMocks()
  }
}

/** The same; what an agent with `connections: 1` gives. */
class MockClient extends MockPool {}

class MockAgent {
  #native // of the one client that it answers for
  #places = new Map() // what is replied, by origin or by what matches origins
  #allowed = true // of the network: all, nothing, or matchers of hosts
  #Pool
  #slashes
  #history
  #writes

  static {
    placeFor = (agent, origin, pool) => {
      const key = originText(origin) ?? origin
      const matches = matcherOf('origin', key)
      let place = agent.#places.get(key)
      if (place === undefined) {
        place = { origin: key, matches, mocks: [], pool, slashes: agent.#slashes }
        agent.#places.set(key, place)
      }
      return place
    }
  }

  constructor(options = {}) {
    checkNames('options', options, OPTIONS)
    const { client, connections, enableCallHistory = false, ignoreTrailingSlash } = options
    if (client !== undefined && !(client instanceof Client)) throw argumentError('client: expected a Client')
    for (const [name, value] of Object.entries({ enableCallHistory, ignoreTrailingSlash })) {
      if (value !== undefined && typeof value !== 'boolean') throw argumentError(`${name}: expected true or false; got ${value === null ? 'null' : typeof value}`)
    }
    this.#native = client === undefined ? undefined : nativeOf(client)
    this.#Pool = connections === 1 ? MockClient : MockPool
    this.#slashes = ignoreTrailingSlash
    this.#writes = enableCallHistory
    if (enableCallHistory) this.#history = new MockCallHistory()
    answerBy((native) => active.filter((agent) => agent.#native === undefined || agent.#native === native))
    this.activate()
  }

  /** What is replied for an origin: a URL's text, a RegExp or a function. */
  get(origin) {
    const found = this.#places.get(originText(origin) ?? origin)?.pool
    return found ?? new this.#Pool(origin, { agent: this })
  }

  /** A request came; what is written down of it. */
  called(request) {
    if (!this.#writes) return undefined
    this.#history ??= new MockCallHistory()
    return write(this.#history, request)
  }

  enableCallHistory() {
    this.#writes = true
    return this
  }

  disableCallHistory() {
    this.#writes = false
    return this
  }

  /** The requests that came while they were written down; undefined when they never were. */
  getCallHistory() {
    return this.#history
  }

  clearCallHistory() {
    this.#history?.clear()
  }

  /** The replies that a request without its body may get, in their order. */
  candidates(request) {
    const mocks = []
    for (const place of this.#places.values()) {
      if (place.matches(request.origin)) mocks.push(...place.mocks.filter((mock) => mock.matches(request)))
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
    this.clearCallHistory()
    this.#places.clear()
  }

  async [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    await this.close()
  }

  /** The replies that were not asked for yet, or not as often as was said. */
  pendingInterceptors() {
    const pending = []
    for (const { mocks } of this.#places.values()) {
      for (const mock of mocks) {
        if (!mock.isPending) continue
        const { invoked, method, most, origin, path, persistent, statusCode } = mock
        pending.push({ origin, method, path, statusCode, data: { statusCode }, persist: persistent, times: persistent ? null : most, timesInvoked: invoked, pending: true })
      }
    }
    return pending
  }

  /** Throws an error that lists them, if there are any. */
  assertNoPendingInterceptors({ pendingInterceptorsFormatter: formatter = LINES } = {}) {
    const pending = this.pendingInterceptors()
    if (pending.length === 0) return
    if (typeof formatter?.format !== 'function') throw argumentError('pendingInterceptorsFormatter: expected an object with a method format')
    throw new Error(`${pending.length === 1 ? '1 interceptor is' : `${pending.length} interceptors are`} pending:\n\n${formatter.format(pending)}`.trim())
  }
}

const LINES = {
  format(pending) {
    const lines = pending.map(({ method, origin, path, statusCode, times, timesInvoked }) => {
      return `  ${method} ${origin} ${path}: ${statusCode ?? 'a callback or an error'}, ${timesInvoked} of ${times ?? 'any number of'} times`
    })
    return lines.join('\n')
  },
}

module.exports = { MockAgent, MockCallHistory, MockCallHistoryLog, MockClient, MockNotMatchedError, MockPool }
