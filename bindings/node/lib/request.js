'use strict'
// Turns the arguments of `request` and `fetch` into what `Exchange.submit` takes. Everything that
// can be wrong with them is a TypeError here, before anything is sent.

const { URL } = require('node:url')
const native = require('./native')
const { toStringTag } = require('./captured')
const { argumentError, publicUrl } = require('./errors')
const { HeaderBlock, collectHeaders } = require('./headers')

let upload // loaded by the first body
let whatwgRules // and this by the first of fetch that is an object

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

/** What `fetch` honours, and what it knows and can do without: a server's process has no use for them. */
const FETCH_OPTIONS = new Set([
  'method', 'headers', 'body', 'signal', 'redirect', 'duplex', 'onRedirect', 'rawTarget', ...LIMITS, ...OWN,
])
/** What is checked by Node's own Request. */
const CHECKED = new Set([
  'cache', 'credentials', 'integrity', 'keepalive', 'mode', 'priority', 'referrer', 'referrerPolicy', 'window',
])
/** What would change what is sent or trusted, and is not done here. */
const REFUSED = {
  dispatcher: "a dispatcher of undici's cannot be used; make a Client with the options it stands for",
  agent: "an agent of Node's cannot be used; make a Client with the options it stands for",
}

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

/** What fetch does not know is ignored, as WHATWG has it; what it should have known is not. */
function checkInit(init) {
  let isChecked = false
  for (const name in init) {
    if (FETCH_OPTIONS.has(name)) continue
    const value = init[name]
    if (CHECKED.has(name)) {
      if (value !== undefined && !isChecked) require('./whatwg').checkMembers(init)
      isChecked = true
      continue
    }
    if (value === undefined || value === null || value === '') continue
    if (Object.hasOwn(REFUSED, name)) throw argumentError(`${name}: ${REFUSED[name]}`)
    const near = require('./names').meant(name, [...PLAIN_OPTIONS, ...OWN])
    if (near !== undefined) throw argumentError(`unknown option ${name}; did you mean ${near}?`)
    if (require('./options').isClientOption(name)) throw argumentError(`option ${name} is a Client's: new Client({ ${name} })`)
  }
}

/** Whether the body of that Request has to be looked at before it can be sent. */
function hasRequestBody(input, init) {
  return isRequest(input) && typeof input.body === 'object' && input.body !== null && !input.bodyUsed &&
    (init === undefined || init === null || init.body === undefined)
}

/** For `fetch(input, init)`; `input` may be a Request, and `given` its body. */
function prepareFetch(input, init, given) {
  if (init !== undefined && init !== null && typeof init !== 'object') {
    throw argumentError(`init: expected an object; got ${typeof init}`)
  }
  init ??= {}
  const source = isRequest(input) ? input : undefined
  const body = given ?? (init.body === undefined ? source?.body : init.body)
  try {
    checkInit(init)
    if (source?.bodyUsed && init.body === undefined && given === undefined) {
      throw argumentError('input: the body of the Request has already been read')
    }
    return fetchOf(source === undefined ? urlText(input) : source.url, source, init, body)
  } catch (error) {
    discardBody(body)
    throw error
  }
}

function fetchOf(url, source, init, body) {
  const prepared = new Prepared(whatwg(url))
  prepared.isLocal = lastIsLocal
  prepared.integrity = init.integrity ?? source?.integrity
  for (const name in init) if (OWN.has(name)) prepared.setOwn(init)
  prepared.flags |= DECODE
  if (init.decode !== undefined) prepared.setDecode('decode', init.decode)
  if (init.rawTarget !== undefined) prepared.setRawTarget(init.rawTarget)
  prepared.setMethod(init.method ?? source?.method)
  if (/^(connect|trace|track)$/i.test(prepared.method)) {
    throw argumentError(`method: fetch does not send ${prepared.method}`, 'KA_INVALID_METHOD')
  }
  const signal = init.signal === undefined ? source?.signal : init.signal
  prepared.setSignal(signal)
  prepared.setLimits(init)
  prepared.setRedirect(init.redirect ?? source?.redirect ?? 'follow')
  prepared.isManual = (prepared.flags & MANUAL) !== 0
  if (init.onRedirect !== undefined) prepared.setDecider(init.onRedirect)
  const block = new HeaderBlock()
  collectHeaders(init.headers ?? source?.headers, block)
  if (body !== undefined && body !== null && (prepared.method === 'GET' || prepared.method === 'HEAD')) {
    throw argumentError(`body: fetch sends none with ${prepared.method}`)
  }
  if (init.duplex !== undefined || (typeof init.body === 'object' && init.body !== null)) {
    whatwgRules ??= require('./whatwg')
    whatwgRules.checkDuplex(init, init.body)
  }
  prepared.setBody(body, block, true)
  const cache = init.cache ?? source?.cache
  if (cache !== undefined && cache !== 'default') require('./whatwg').setCaching(cache, block)
  if (!block.decides('accept')) block.add('Accept', '*/*')
  prepared.setHeaders(block)
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
    this.extras = undefined // what is asked for beside the exchange
    this.isLocal = false // nothing is sent for it
    this.isManual = false // of fetch: a redirect is the response
    this.integrity = undefined // digests that the body has to have
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
    this.decider = require('./redirects').deciderOf(call)
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
      for (const one of Array.isArray(value) ? value : [value]) pairs.push(name, `${one}`)
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

let lastText
let lastUrl
let lastIsLocal // whether that URL has its answer in itself, or in this process

/** A URL as WHATWG parses it: blanks around it, backslashes and the like are repaired. */
function whatwg(text) {
  // Programs ask for the same again and again.
  if (text === lastText) return lastUrl
  let url
  try {
    url = new URL(text).href
  } catch {
    throw argumentError(`url: expected an absolute URL; got ${JSON.stringify(publicUrl(text))}`, 'KA_INVALID_URL')
  }
  lastText = text
  lastUrl = url
  lastIsLocal = url.startsWith('data:') || url.startsWith('blob:')
  return url
}

function isRequest(input) {
  return typeof input === 'object' && input !== null &&
    typeof input.url === 'string' && typeof input.method === 'string'
}

module.exports = { hasRequestBody, prepareFetch, prepareRequest, urlText }
