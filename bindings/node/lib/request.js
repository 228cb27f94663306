'use strict'
// Turns the arguments of `request` into what `Exchange.submit` takes. Everything that
// can be wrong with them is a TypeError here, before anything is sent.

const native = require('./native')
const { toStringTag } = require('./captured')
const { argumentError } = require('./errors')
const { HeaderBlock, collectHeaders } = require('./headers')

let upload // loaded by the first body

const DECODE = 1
const FOLLOW = 2
const STREAM = 4
const REWIND = 16
const REFUSE = 32
const MANUAL = 128
const AS_CLIENT = 8192

const LIMITS = native.limitNames()
// Options of a client that a request can have for itself.
const OWN = new Set([...native.requestOptions(), 'rejectUnauthorized', 'servername'])
// WHATWG's fetch has a word of its own for this one.
OWN.delete('redirect')
/** What is seldom asked for (`lib/extras.js`), and, of parts of a URL, where it goes. */
const EXTRAS = [
  'cookies', 'maxRedirections', 'maxResponseSize', 'onInfo', 'onProgress', 'opaque', 'responseHeaders', 'throwOnError',
  'trailers',
]
const PLAIN_OPTIONS = [
  'method', 'headers', 'body', 'query', 'signal', 'redirect', 'decompress', 'onRedirect', 'rawTarget', ...LIMITS,
]
// What is to be done about an option.
const PLAIN = 1
const OWN_ONE = 2
const EXTRA = 3
const PATH = 4
const REQUEST_OPTIONS = new Map([
  ...PLAIN_OPTIONS.map((name) => [name, PLAIN]),
  ...[...OWN].map((name) => [name, OWN_ONE]),
  ...EXTRAS.map((name) => [name, EXTRA]),
  ['path', PATH],
])
// Those that WHATWG's fetch spells in capitals whatever the caller wrote.
const UPPER = new Map(native.fetchMethods().map((name) => [name.toLowerCase(), name]))

/** For `request(url, options)`. */
function prepareRequest(url, options) {
  if (typeof url === 'object' && url !== null && typeof url.href !== 'string') return requestInParts(url, options)
  if (options === undefined || options === null) return new Prepared(urlText(url))
  if (typeof options !== 'object') throw argumentError(`options: expected an object; got ${typeof options}`)
  try {
    return requestOf(url, options)
  } catch (error) {
    discardBody(options.body)
    throw error
  }
}

/** The same for undici's forms: the parts of a URL, with the options beside or among them. */
function requestInParts(parts, options) {
  const { isParts, urlOfParts } = require('./place')
  if (!isParts(parts)) return prepareRequest(urlText(parts), options)
  const { origin, protocol, hostname, port, path, pathname, search, ...others } = parts
  try {
    return prepareRequest(urlOfParts(parts), options === undefined || options === null ? others : { ...options })
  } catch (error) {
    discardBody((options ?? others).body)
    throw error
  }
}

function requestOf(url, options) {
  const prepared = new Prepared(urlText(url))
  let hasExtras = false
  for (const name in options) {
    switch (REQUEST_OPTIONS.get(name)) {
      case PLAIN:
        break
      case OWN_ONE:
        prepared.setOwn(options)
        break
      case EXTRA:
        hasExtras = true
        break
      case PATH:
        if (options.path !== undefined) prepared.url = require('./place').joined(prepared.url, options.path)
        break
      default:
        throw require('./names').unknownOption(name, [...REQUEST_OPTIONS.keys()])
    }
  }
  prepared.setMethod(options.method)
  prepared.setSignal(options.signal)
  prepared.setLimits(options)
  if (options.query !== undefined) prepared.addQuery(options.query)
  const { redirect, decompress, onRedirect, rawTarget } = options
  if (redirect !== undefined) prepared.setRedirect(redirect)
  if (onRedirect !== undefined) prepared.setDecider(onRedirect)
  if (decompress !== undefined) prepared.setDecode('decompress', decompress)
  if (options.decode !== undefined) prepared.setDecode('decode', options.decode)
  if (rawTarget !== undefined) prepared.setRawTarget(rawTarget)
  const { body, headers } = options
  if (headers !== undefined || (body !== undefined && body !== null)) {
    const block = new HeaderBlock()
    collectHeaders(headers, block)
    prepared.setBody(body, block, false)
    prepared.setHeaders(block)
  }
  if (hasExtras) require('./extras').applyExtras(prepared, options)
  return prepared
}

class Prepared {
  constructor(url) {
    this.url = url
    this.method = 'GET'
    this.flags = AS_CLIENT
    this.headers = undefined
    this.headerCount = undefined
    this.payload = undefined
    this.upload = undefined
    this.length = undefined
    this.limits = undefined
    this.signal = undefined
    this.own = undefined
    this.authorize = undefined // a function of the request
    this.saysWho = false // `auth` was given
    this.decider = undefined
    this.asks = false // a function of the program's is asked about redirects
    this.extras = undefined // what is asked for beside the exchange
  }

  addOwn(name, value) {
    this.own ??= []
    this.own.push(name, value)
  }

  /** The value of a field that the caller gave, by its lower-case name. */
  headerOf(name) {
    const pieces = this.headers === undefined ? [] : this.headers.split('\0')
    for (let i = 0; i + 1 < pieces.length; i += 2) if (pieces[i].toLowerCase() === name) return pieces[i + 1]
    return undefined
  }

  setOwn(options) {
    this.own ??= require('./options').ownOptions(options)
    const { auth } = options
    if (auth === undefined) return
    this.saysWho = true
    if (typeof auth === 'function') this.authorize = auth
  }

  setDecider(call) {
    const decider = require('./redirects').deciderOf(call)
    if (decider === undefined) return
    this.asks = true
    this.decider = this.decider === undefined ? decider : this.decider.before(decider)
  }

  /** Whether a redirect is the answer. */
  get isManual() {
    return (this.flags & MANUAL) !== 0
  }

  /** Fields of these names go to no other origin. */
  addSensitive(names) {
    this.own ??= []
    const at = this.own.indexOf('sensitive_headers')
    const others = at === -1 ? '' : this.own[at + 1]
    if (at !== -1) this.own.splice(at, 2)
    this.own.push('sensitive_headers', `${others} ${names.join(' ')}`)
  }

  /** Whether the caller gave a field of that lower-case name. */
  hasHeader(name) {
    return this.headers !== undefined && `\0${this.headers.toLowerCase()}`.split('\0').some((text, i) => i % 2 === 1 && text === name)
  }

  setDecode(name, decode) {
    if (typeof decode !== 'boolean') throw argumentError(`${name}: expected true or false; got ${typeof decode}`)
    this.flags &= ~(DECODE | AS_CLIENT)
    if (decode) this.flags |= DECODE
  }

  setRawTarget(target) {
    if (typeof target !== 'string') throw argumentError(`rawTarget: expected a string; got ${target === null ? 'null' : typeof target}`)
    this.own = [...(this.own ?? []), 'raw_target', target]
  }

  setMethod(method) {
    if (method === undefined) return
    if (typeof method !== 'string') throw argumentError(`method: expected a string; got ${typeof method}`)
    this.method = UPPER.get(method.toLowerCase()) ?? method
  }

  setSignal(signal) {
    if (signal === undefined || signal === null) return
    if (typeof signal !== 'object' || typeof signal.aborted !== 'boolean' || typeof signal.addEventListener !== 'function') {
      throw argumentError('signal: expected an AbortSignal')
    }
    this.signal = signal
  }

  setRedirect(redirect) {
    if (redirect !== 'follow' && redirect !== 'error' && redirect !== 'manual') {
      throw argumentError(`redirect: expected "follow", "error" or "manual"; got ${String(redirect)}`)
    }
    if (redirect === 'follow') this.flags |= FOLLOW
    else if (redirect === 'error') this.flags |= REFUSE
    else this.flags |= MANUAL
  }

  setLimits(options) {
    for (let i = 0; i < LIMITS.length; i += 1) {
      const value = options[LIMITS[i]]
      if (value === undefined) continue
      if (value !== null && (typeof value !== 'number' || !(value >= 0))) {
        throw argumentError(`${LIMITS[i]}: expected milliseconds or null; got ${String(value)}`)
      }
      this.limits ??= new Array(LIMITS.length).fill(NaN)
      this.limits[i] = value ?? Infinity
    }
  }

  addQuery(query) {
    if (query === null || typeof query !== 'object') throw argumentError(`query: expected an object; got ${query === null ? 'null' : typeof query}`)
    if (query[toStringTag] === 'URLSearchParams') {
      this.url = native.withQuery(this.url, query.toString())
      return
    }
    const pairs = []
    for (const name of Object.keys(query)) {
      const value = query[name]
      if (value === undefined) continue
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined) pairs.push(name, queryText(name, one))
      }
    }
    this.url = native.withQuery(this.url, undefined, pairs)
  }

  setBody(body, block, isFetch) {
    if (body === undefined || body === null) return
    upload ??= require('./upload')
    const { payload, upload: source, length, type, text } = upload.prepareBody(body, !isFetch)
    this.payload = payload
    const implied = text && isFetch ? 'text/plain;charset=UTF-8' : type
    if (implied !== undefined && !block.decides('content-type')) block.add('Content-Type', implied)
    if (source === undefined) return
    this.upload = source
    this.flags |= source.isRewindable ? STREAM | REWIND : STREAM
    this.length = length === -1 ? declaredLength(block) : length
  }

  setHeaders(block) {
    if (block.omitted !== undefined) {
      this.own = [...(this.own ?? []), ...block.omitted.flatMap((name) => ['omit', name])]
    }
    if (block.count === 0) return
    this.headers = block.text
    this.headerCount = block.count
  }
}

/** Of a request that is refused; what comes in pieces is let go. */
/** `null` is a name without a value, as undici's query has it. What has no text of its own is a mistake. */
function queryText(name, value) {
  if (value === null) return ''
  const text = typeof value === 'function' ? '[object Function]' : `${value}`
  if (typeof value === 'string' || !text.startsWith('[object ')) return text
  throw argumentError(`query: the value of ${name} is to be a string, number, bigint, boolean, null or an array of them; got ${typeof value === 'function' ? 'a function' : 'an object'}`)
}

function discardBody(body) {
  if (typeof body !== 'object' || body === null) return
  upload ??= require('./upload')
  upload.discardBody(body)
}

/** A stream's length when the caller knows it and says so in the header. */
function declaredLength(block) {
  const value = block.find('content-length')
  return value !== undefined && /^[0-9]{1,15}$/.test(value) ? Number(value) : -1
}

function urlText(url) {
  if (typeof url === 'string') return url
  // A URL of Node's, or of a DOM emulation.
  if (typeof url === 'object' && url !== null && typeof url.href === 'string') return url.href
  throw argumentError(`url: expected a string or URL; got ${url === null ? 'null' : typeof url}`)
}

module.exports = { DECODE, LIMITS, OWN, PLAIN_OPTIONS, Prepared, discardBody, prepareRequest, urlText }
