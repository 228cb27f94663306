'use strict'
// Which requests are answered, and with what: `intercept()`, `reply()` and what stands behind them, in the words of
// undici's MockAgent.

const { types } = require('node:util')
const { argumentError } = require('../errors')

const CONDITIONS = new Set(['path', 'method', 'headers', 'body', 'query', 'ignoreTrailingSlash'])
const REPLY_OPTIONS = new Set(['headers', 'trailers'])

/** A string, RegExp or function as a function that says whether a text is meant. */
function matcherOf(what, matcher) {
  if (typeof matcher === 'string') return (text) => text === matcher
  if (types.isRegExp(matcher)) {
    // One that remembers where it was would match every second time.
    const own = new RegExp(matcher.source, matcher.flags.replace(/[gy]/g, ''))
    return (text) => own.test(text)
  }
  if (typeof matcher === 'function') return (text) => Boolean(matcher(text))
  throw argumentError(`${what}: expected a string, RegExp or function; got ${nameOf(matcher)}`)
}

function nameOf(value) {
  return value === null ? 'null' : typeof value
}

function checkNames(what, given, names) {
  if (typeof given !== 'object' || given === null) throw argumentError(`${what}: expected an object; got ${nameOf(given)}`)
  for (const name of Object.keys(given)) {
    if (!names.has(name)) throw argumentError(`${what}: unknown name ${name}; expected ${[...names].join(', ')}`)
  }
}

/** A path with the parameters of its query in order. */
function inOrder(path) {
  const at = path.indexOf('?')
  if (at === -1) return path
  const parameters = new URLSearchParams(path.slice(at + 1))
  parameters.sort()
  const text = parameters.toString()
  return text === '' ? path.slice(0, at) : `${path.slice(0, at)}?${text}`
}

function withQuery(path, query) {
  if (typeof query !== 'object' || query === null) throw argumentError(`query: expected an object; got ${nameOf(query)}`)
  if (path.includes('?')) throw argumentError('query: the path has one already')
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(name, `${one}`)
  }
  return `${path}?${parameters}`
}

/** Without the slash at the end of what comes before the query. */
function withoutSlash(path) {
  return path.replace(/\/(?=\?|$)/, '')
}

function pathMatcher({ ignoreTrailingSlash = false, path, query }) {
  if (typeof ignoreTrailingSlash !== 'boolean') throw argumentError(`ignoreTrailingSlash: expected true or false; got ${nameOf(ignoreTrailingSlash)}`)
  if (path === undefined) throw argumentError('path: expected a string, RegExp or function')
  if (typeof path !== 'string') {
    if (query !== undefined) throw argumentError('query: only with a path that is a string')
    return matcherOf('path', path)
  }
  const form = ignoreTrailingSlash ? (text) => withoutSlash(inOrder(text)) : inOrder
  const wanted = form(query === undefined ? path : withQuery(path, query))
  return (text) => form(text) === wanted
}

function headersMatcher(headers) {
  if (headers === undefined) return () => true
  if (typeof headers === 'function') return (fields) => Boolean(headers(fields))
  if (typeof headers !== 'object' || headers === null) throw argumentError(`headers: expected an object or function; got ${nameOf(headers)}`)
  const all = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), matcherOf(`headers.${name}`, value)])
  return (fields) => all.every(([name, matches]) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined
    return value !== undefined && matches(Array.isArray(value) ? value.join(', ') : value)
  })
}

/** Names and values as the fields of a response. */
function fieldsOf(what, headers) {
  const fields = []
  if (headers === undefined || headers === null) return fields
  if (typeof headers !== 'object') throw argumentError(`${what}: expected an object; got ${typeof headers}`)
  const pairs = typeof headers[Symbol.iterator] === 'function' ? headers : Object.entries(headers)
  for (const [name, value] of pairs) {
    for (const one of Array.isArray(value) ? value : [value]) fields.push(String(name), String(one))
  }
  return fields
}

/** What a reply has as its body, in bytes. */
function bytesOf(data) {
  if (data === undefined || data === null) return Buffer.alloc(0)
  if (typeof data === 'string') return Buffer.from(data)
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  if (types.isAnyArrayBuffer(data)) return Buffer.from(data)
  return Buffer.from(typeof data === 'object' ? JSON.stringify(data) : String(data))
}

function checkReply(statusCode, options) {
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) {
    throw argumentError(`statusCode: expected a whole number from 200 to 599; got ${String(statusCode)}`)
  }
  if (options !== undefined) checkNames('responseOptions', options, REPLY_OPTIONS)
}

/** One interception and its reply. */
class Mock {
  constructor(origin, conditions) {
    checkNames('intercept', conditions, CONDITIONS)
    const { body, headers, method = 'GET', path, query } = conditions
    this.origin = origin
    this.path = typeof path === 'string' && query !== undefined ? withQuery(path, query) : path
    this.method = method
    this.matchesPath = pathMatcher(conditions)
    this.matchesMethod = matcherOf('method', typeof method === 'string' ? method.toUpperCase() : method)
    this.matchesHeaders = headersMatcher(headers)
    this.matchesBody = body === undefined ? undefined : matcherOf('body', body)
    this.reply = undefined // async (request) => { statusCode, fields, trailers, bytes }, or throws what the request fails with
    this.statusCode = undefined // when it is known beforehand
    this.wait = 0
    this.most = 1
    this.invoked = 0
    this.persistent = false
  }

  get isUsedUp() {
    return !this.persistent && this.invoked >= this.most
  }

  get isPending() {
    return this.reply !== undefined && (this.persistent ? this.invoked === 0 : this.invoked < this.most)
  }

  /** Whether a request is meant, as far as it is known without its body. */
  matches({ headers, method, path }) {
    return this.reply !== undefined && !this.isUsedUp && this.matchesMethod(method) && this.matchesPath(path) && this.matchesHeaders(headers)
  }
}

/** What `reply` returns: how often and when. */
class MockScope {
  #mock

  constructor(mock) {
    this.#mock = mock
  }

  /** Replies after so many milliseconds. */
  delay(milliseconds) {
    if (!Number.isInteger(milliseconds) || milliseconds <= 0) throw argumentError(`delay: expected milliseconds above 0; got ${String(milliseconds)}`)
    this.#mock.wait = milliseconds
    return this
  }

  /** Replies to every such request. */
  persist() {
    this.#mock.persistent = true
    return this
  }

  /** Replies to so many of them. */
  times(count) {
    if (!Number.isInteger(count) || count <= 0) throw argumentError(`times: expected a whole number above 0; got ${String(count)}`)
    this.#mock.most = count
    return this
  }
}

class MockInterceptor {
  #mock
  #mocks
  #headers = []
  #trailers = []
  #length = false

  constructor(mock, mocks) {
    this.#mock = mock
    this.#mocks = mocks
  }

  /** `reply(statusCode, data, { headers, trailers })`, or `reply(callback)` of the same three. */
  reply(first, data, options) {
    if (typeof first === 'function') {
      return this.#answer(undefined, async (request) => {
        const told = await first(request)
        if (typeof told !== 'object' || told === null) throw argumentError('reply: expected { statusCode, data, responseOptions } of the callback')
        const { statusCode, responseOptions } = told
        checkReply(statusCode, responseOptions)
        return this.#response(statusCode, told.data, responseOptions)
      })
    }
    checkReply(first, options)
    fieldsOf('headers', options?.headers)
    return this.#answer(first, async (request) => this.#response(first, typeof data === 'function' ? await data(request) : data, options))
  }

  /** The request rejects with `error`, as a failure of the engine would; the code of one (`KA_...`) makes one. */
  replyWithError(error) {
    if (error === undefined) throw argumentError('error: expected an error, or the code of a KeepaliveError')
    return this.#answer(undefined, async () => {
      throw error
    })
  }

  defaultReplyHeaders(headers) {
    this.#headers = fieldsOf('headers', headers)
    return this
  }

  defaultReplyTrailers(trailers) {
    this.#trailers = fieldsOf('trailers', trailers)
    return this
  }

  /** Has replies say how long they are. */
  replyContentLength() {
    this.#length = true
    return this
  }

  #response(statusCode, data, options) {
    const bytes = bytesOf(data)
    const own = fieldsOf('headers', options?.headers)
    const named = new Set(own.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()))
    const fields = []
    const usual = this.#length ? [...this.#headers, 'content-length', String(bytes.length)] : this.#headers
    for (let i = 0; i < usual.length; i += 2) if (!named.has(usual[i].toLowerCase())) fields.push(usual[i], usual[i + 1])
    return { statusCode, bytes, fields: [...fields, ...own], trailers: [...this.#trailers, ...fieldsOf('trailers', options?.trailers)] }
  }

  #answer(statusCode, reply) {
    // A second reply of the same interceptor is another one, as in undici.
    const mock = this.#mock.reply === undefined ? this.#mock : Object.assign(Object.create(Object.getPrototypeOf(this.#mock)), this.#mock, { invoked: 0, most: 1, persistent: false, wait: 0 })
    mock.statusCode = statusCode
    mock.reply = reply
    this.#mocks.push(mock)
    return new MockScope(mock)
  }
}

module.exports = { Mock, MockInterceptor, checkNames, matcherOf }
