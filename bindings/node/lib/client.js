'use strict'
// Client, and the module's functions on the process-wide one. What a program may never use is loaded
// where it is first used: that is half of the time that loading the package takes.

const { EventEmitter } = require('node:events')
const { constants } = require('node:buffer')
const { Promise } = require('./captured')
const native = require('./native')
const { KeepaliveError, argumentError, fetchFailed, localError, retraced } = require('./errors')
const { trustsEnvironment } = require('./environment')
const { Exchange } = require('./exchange')
const { fieldObject } = require('./completion_record')
const { prepareRequest, urlText } = require('./request')
const { abortReason } = require('./abort')
const { Lifetime } = require('./lifetime')

const inspectCustom = Symbol.for('nodejs.util.inspect.custom')
const fromShared = Symbol('shared')

/** Options of a client that all threads share which ask for it. */
class Common {
  constructor(options) {
    this.options = options
  }
}

const NO_OPTIONS = { entries: [], profile: undefined }
let shared
let BodyReadable
let OtherResult
let fetchRequest
let makeResponse
let nativeOf
let incomingOf

/** Older versions have it by another name. */
const asyncDispose = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')

// It goes down this list only.
const OPEN = 'open'
const CLOSED = 'closed'
const DESTROYED = 'destroyed'

/** A pool with its limits and TLS settings. */
class Client extends EventEmitter {
  #native
  #limit // of a body that is collected whole
  #authorize // a function that says who asks
  #onRedirect // a function that decides about redirects
  #jar // of cookies, once somebody asks for it
  #most // bytes of a response, however it is read
  #life = new Lifetime()
  #state = OPEN

  static {
    nativeOf = (client) => client.#native
  }

  constructor(options) {
    super()
    this.#native = options === fromShared ? sharedNative() : made(options)
    if (typeof options === 'object' && options !== null) {
      this.#setFunctions(options)
      if (typeof options.cookies === 'object' && options.cookies !== null) this.#keep(options.cookies)
    }
    this.#limit = Math.min(this.#native.maxBodySize(), constants.MAX_LENGTH)
    // These two work without their client, as the functions they stand for do.
    for (const name of ['request', 'fetch']) {
      const value = this[name].bind(this)
      Object.defineProperty(this, name, { value, writable: true, configurable: true })
    }
  }

  /** The process-wide client: one pool for all threads of the process. */
  static shared() {
    shared ??= new Client(fromShared)
    return shared
  }

  #keep(jar) {
    require('./cookies').keepIn(jar, this.#native)
    this.#jar = jar
  }

  /** The jar of the client's cookies; null when it keeps none. */
  get cookies() {
    if (this.#jar === undefined) this.#jar = require('./cookies').jarOf(this.#native)
    return this.#jar
  }

  /** What somebody listens to is told. */
  on(name, listener) {
    return this.#listened(super.on(name, listener), name)
  }

  addListener(name, listener) {
    return this.on(name, listener)
  }

  prependListener(name, listener) {
    return this.#listened(super.prependListener(name, listener), name)
  }

  off(name, listener) {
    return this.removeListener(name, listener)
  }

  removeListener(name, listener) {
    return this.#listened(super.removeListener(name, listener), name)
  }

  removeAllListeners(...names) {
    super.removeAllListeners(...names)
    return this.#listened(this, names[0])
  }

  #listened(result, name) {
    if (name === undefined || name === 'drain') {
      this.#life.tell(this.listenerCount('drain') === 0 ? undefined : () => this.emit('drain'))
    }
    if (name === undefined || name === 'connect' || name === 'disconnect') {
      const yes = this.listenerCount('connect') + this.listenerCount('disconnect') > 0
      require('./client_events').tellConnections(this, this.#native, yes)
    }
    return result
  }

  #setFunctions({ auth, lookup, maxResponseSize, onRedirect }) {
    if (typeof auth === 'function') this.#authorize = auth
    if (maxResponseSize !== undefined) this.#most = require('./extras').sizeOf('option maxResponseSize', maxResponseSize)
    if (lookup !== undefined && lookup !== null) {
      if (typeof lookup !== 'function') throw argumentError(`option lookup: expected a function or null; got ${typeof lookup}`)
      this.#life.lookup = require('./lookup').useLookup(this, this.#native, lookup)
    }
    if (onRedirect === undefined || onRedirect === null) return
    require('./redirects').deciderOf(onRedirect)
    this.#onRedirect = onRedirect
  }

  /** The client's functions, where the request has none of its own, and what they say of it. */
  async #complete(prepared) {
    if (this.#onRedirect !== undefined && !prepared.asks) prepared.setDecider(this.#onRedirect)
    let call = prepared.authorize
    if (call === undefined && !prepared.saysWho && !prepared.hasHeader('authorization')) call = this.#authorize
    if (call === undefined) return
    try {
      await require('./auth').authorize(prepared, call)
    } catch (error) {
      prepared.upload?.stop()
      throw error
    }
  }

  /** Whether there is more to a request than to send it. */
  #isIncomplete(prepared) {
    return prepared.authorize !== undefined || this.#authorize !== undefined || this.#onRedirect !== undefined
  }

  async request(url, options) {
    const prepared = prepareRequest(url, options)
    if (this.#isIncomplete(prepared)) await this.#complete(prepared)
    try {
      if (prepared.extras !== undefined) return await this.#sendWith(prepared)
      return await this.#send(prepared, deliverResult, undefined)
    } catch (error) {
      throw retraced(error)
    }
  }

  /** The same for one that asks for more than the exchange. */
  async #sendWith(prepared) {
    const { extras } = prepared
    const other = (incoming) => {
      OtherResult ??= require('./other_result').otherResult(Result)
      return new OtherResult(incoming, extras)
    }
    const result = await this.#send(prepared, extras.isOther ? other : deliverResult, undefined)
    if (!extras.throwOnError || result.statusCode < 400) return result
    const { fields } = incomingOf(result).record
    throw await require('./other_result').statusError(result, first(fieldObject(fields)['content-type']) ?? '')
  }

  async fetch(input, init) {
    fetchRequest ??= require('./fetch_request')
    const given = fetchRequest.hasRequestBody(input, init) ? await require('./request_body').bodyOf(input) : undefined
    const prepared = fetchRequest.prepareFetch(input, init, given)
    // Here, and not only where it is sent: then it rejects in the same turn.
    if (prepared.signal?.aborted) throw abandoned(prepared)
    if (this.#isIncomplete(prepared)) await this.#complete(prepared)
    const deliver = (incoming, stream) => {
      makeResponse ??= require('./response').makeResponse
      return makeResponse(incoming, prepared, stream)
    }
    try {
      if (prepared.isPlain) return await this.#send(prepared, deliver, fetchFailed)
      if (prepared.page !== undefined) prepared.page.client = this.#native
      const send = () => this.#send(prepared, same, fetchFailed)
      return await require('./local').fetchWhole(prepared, send, deliver)
    } catch (error) {
      throw retraced(error instanceof KeepaliveError ? fetchFailed(error) : error)
    }
  }

  /** Writes the body of a response to `path`; resolves to its head and what was written. */
  async download(url, path, options) {
    const { Downloading, prepareDownload } = require('./download')
    const prepared = prepareDownload(url, path, options)
    try {
      return await this.#send(prepared, deliverSaved, undefined, Downloading)
    } catch (error) {
      throw retraced(error)
    }
  }

  /** Asks for another protocol; resolves to the connection that speaks it. */
  async upgrade(url, options) {
    return this.#handOut(require('./upgrade').prepareUpgrade(url, options))
  }

  /** Asks a proxy for a way to a server; resolves to the connection that leads there. */
  async connect(url, options) {
    return this.#handOut(require('./upgrade').prepareConnect(url, options))
  }

  async #handOut(prepared) {
    if (this.#isIncomplete(prepared)) await this.#complete(prepared)
    try {
      return await this.#send(prepared, undefined, undefined, require('./upgrade').Switching)
    } catch (error) {
      throw retraced(error)
    }
  }

  #send(prepared, deliver, wrap, Kind = Exchange) {
    return new Promise((resolve, reject) => {
      try {
        if (prepared.signal?.aborted) throw abortReason(prepared.signal)
        if (this.#most !== undefined) require('./extras').limitTo(prepared, this.#most)
        new Kind(resolve, reject, deliver, wrap).submit(this.#native, this.#limit, prepared, this.#life)
      } catch (error) {
        prepared.upload?.stop(error)
        reject(error)
      }
    })
  }

  /** Counters of the pool. */
  stats() {
    const stats = this.#native.stats()
    const closed = {}
    for (const { reason, count } of stats.closed) closed[reason] = count
    // An object of the native side has no property for what is none.
    const origins = stats.origins.map((origin) => ({ ...origin, idleLimit: origin.idleLimit ?? null }))
    return { ...stats, closed, origins }
  }

  /** Opens connections to the origin of `url` until `count` are idle; resolves to how many it opened. */
  async warm(url, count) {
    const text = urlText(url)
    if (!Number.isSafeInteger(count) || count < 0) throw argumentError(`count: expected a whole number; got ${String(count)}`)
    // The caps of the pool are far below 2^32.
    const most = Math.min(count, 0xffffffff)
    const { Warming } = require('./warm')
    try {
      return await new Promise((resolve, reject) => new Warming(resolve, reject, text).start(this.#native, most))
    } catch (error) {
      throw retraced(error)
    }
  }

  /** The network is another one: closes idle connections and forgets which origins failed. */
  networkChanged() {
    this.#native.networkChanged()
  }

  /** Closes the circuit breaker of the origin of `url`, for the whole process. */
  resetBreaker(url) {
    const text = urlText(url)
    try {
      this.#native.resetBreaker(text)
    } catch (error) {
      throw localError(error, text)
    }
  }

  /** Closes idle connections; the client stays usable. */
  closeIdle() {
    this.#native.closeIdle()
  }

  /** Closes idle connections and refuses new requests; resolves when those under way have finished. */
  close() {
    this.#native.close()
    if (this.#native.isShared()) return Promise.resolve()
    if (this.#state === OPEN) this.#state = CLOSED
    return this.#life.over()
  }

  /** Closes it, and ends what is under way with `error`. */
  destroy(error) {
    const closed = this.close()
    if (!this.#native.isShared()) this.#state = DESTROYED
    this.#life.destroy(error)
    return closed
  }

  get closed() {
    return this.#state !== OPEN
  }

  get destroyed() {
    return this.#state === DESTROYED
  }

  [asyncDispose]() {
    return this.close()
  }

  [inspectCustom](depth, options, inspect) {
    const { closed, destroyed } = this
    return `Client ${inspect({ closed, destroyed }, options)}`
  }
}

/** What `request` resolves to. Decoded when it is asked for. */
class Result {
  #incoming
  #headers
  #trailers
  #body

  static {
    incomingOf = (result) => result.#incoming
  }

  constructor(incoming) {
    this.#incoming = incoming
    this.statusCode = incoming.record.status
  }

  get statusText() {
    return this.#incoming.record.reason
  }

  get url() {
    return this.#incoming.record.url
  }

  get headers() {
    if (this.#headers === undefined) {
      const { fields } = this.#incoming.record
      const headers = fieldObject(fields)
      this.#headers = 'set-cookie' in headers ? require('./secrets').guarded(headers, fields) : headers
    }
    return this.#headers
  }

  /** Filled in once the body has been read. */
  get trailers() {
    const now = this.#incoming.trailers
    if (now === undefined) return {}
    this.#trailers ??= now
    return this.#trailers
  }

  get body() {
    BodyReadable ??= require('./readable').BodyReadable
    this.#body ??= new BodyReadable(this.#incoming, () => first(this.headers['content-type']))
    return this.#body
  }

  get info() {
    return this.#incoming.info
  }

  [inspectCustom](depth, options, inspect) {
    const { statusCode, statusText, url } = this
    const headers = require('./secrets').shownFields(this.#incoming.record.fields)
    return inspect({ statusCode, statusText, url, headers }, options)
  }
}

function first(value) {
  return Array.isArray(value) ? value[0] : value
}

/** Why a request is not sent whose signal has fired; its body is let go. */
function abandoned({ signal, upload }) {
  const reason = abortReason(signal)
  upload?.stop(reason)
  return reason
}

function same(incoming) {
  return incoming
}

function deliverSaved(incoming, saved) {
  return Object.assign(new Result(incoming), { saved })
}

function deliverResult(incoming) {
  return new Result(incoming)
}

/** Whether the environment says nothing of trust: then the module for it is not loaded. */
function isPlain() {
  return process.env.NODE_TLS_REJECT_UNAUTHORIZED === undefined
}

/** The native half of the process-wide client. */
function sharedNative() {
  try {
    return native.NativeClient.shared(trustsEnvironment(), isPlain() || require('./trust').verifiedByDefault(native))
  } catch (error) {
    throw localError(error)
  }
}

/** The native client with these options. */
function made(options) {
  const isCommon = options instanceof Common
  if (isCommon) ({ options } = options)
  const none = (options === undefined || options === null) && !trustsEnvironment()
  const { entries, profile } = none ? NO_OPTIONS : require('./options').clientOptions(options ?? {})
  const plain = isPlain() && entries.every(({ name }) => name !== 'tls_verify')
  try {
    const whole = plain ? entries : require('./trust').completed(native, entries)
    return isCommon ? native.NativeClient.common(keyOf(whole), whole) : new native.NativeClient(whole, profile)
  } catch (error) {
    if (typeof error.message === 'string') error.message = require('./options').camelNames(error.message)
    throw localError(error)
  }
}

/** Stands for options, some of which are secrets. */
function keyOf(entries) {
  const text = JSON.stringify(entries, (_, value) => (ArrayBuffer.isView(value) ? Buffer.from(value).toString('base64') : value))
  return require('node:crypto').createHash('sha256').update(text).digest('base64')
}

/** A client on the pool that all threads of the process share that ask for it with these options. */
function commonClient(options) {
  for (const name of ['auth', 'lookup', 'onRedirect']) {
    if (typeof options?.[name] !== 'function') continue
    throw argumentError(`option ${name}: a function is one thread's, and this client is shared by all of them`)
  }
  return new Client(new Common(options))
}

module.exports = { Client, commonClient, nativeOf }
