'use strict'
// Turns the arguments of `fetch` into what `Exchange.submit` takes, by the rules of WHATWG's Request. Everything that
// can be wrong with them is told here, before anything is sent.

const { URL } = require('node:url')
const { KeepaliveError, argumentError, fetchFailed, publicUrl } = require('./errors')
const { FetchHeaders, collectHeaders } = require('./headers')
const { isBlocked } = require('./ports')
const { rulesOf } = require('./redirects')
const { DECODE, LIMITS, OWN, PLAIN_OPTIONS, Prepared, discardBody, urlText } = require('./request')

let whatwgRules // loaded by the first call that has an object as its body

const ANYTHING = '*/*'
/** How many fields a request has of which the caller says none. */
const DEFAULTS = 3
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

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
    return fetchOf(source === undefined ? textOf(input) : source.url, source, init, body)
  } catch (error) {
    discardBody(body)
    throw error
  }
}

function fetchOf(url, source, init, body) {
  const text = whatwg(url)
  const prepared = new FetchPrepared(text, lastIsLocal)
  prepared.integrity = init.integrity ?? source?.integrity
  for (const name in init) if (OWN.has(name)) prepared.setOwn(init)
  prepared.flags |= DECODE
  if (init.decode !== undefined) prepared.setDecode('decode', init.decode)
  if (init.rawTarget !== undefined) prepared.setRawTarget(init.rawTarget)
  prepared.setMethod(init.method ?? source?.method)
  const signal = init.signal === undefined ? source?.signal : init.signal
  prepared.setSignal(signal)
  prepared.setLimits(init)
  prepared.setRedirect(init.redirect ?? source?.redirect ?? 'follow')
  const rules = rulesOf(init.mode ?? source?.mode ?? 'cors')
  prepared.decider = rules
  prepared.mode = rules.mode
  if (init.onRedirect !== undefined) prepared.setDecider(init.onRedirect)
  const headers = init.headers ?? source?.headers
  const cache = init.cache ?? source?.cache ?? 'default'
  const hasBody = body !== undefined && body !== null
  if (headers === undefined && !hasBody && cache === 'default' && init.duplex === undefined) {
    prepared.headers = rules.headers
    prepared.headerCount = DEFAULTS
  } else {
    setHeaders(prepared, headers, cache, rules, init, body, hasBody)
  }
  if (isOfPage(init, source)) require('./fetch_page').usePage(prepared, globalThis[GLOBAL_ORIGIN], source, init)
  return prepared
}

function setHeaders(prepared, headers, cache, rules, init, body, hasBody) {
  if (hasBody && (prepared.method === 'GET' || prepared.method === 'HEAD')) {
    throw argumentError(`body: fetch sends none with ${prepared.method}`)
  }
  if (init.duplex !== undefined || (typeof init.body === 'object' && init.body !== null)) {
    whatwgRules ??= require('./whatwg')
    whatwgRules.checkDuplex(init, init.body)
  }
  const block = new FetchHeaders()
  collectHeaders(headers, block)
  prepared.setBody(body, block, true)
  // Which server it is, and how long the body, is not the caller's to say, as in Node's own; of a stream it may be known.
  block.leave('host')
  if (prepared.upload === undefined || block.find('content-length') !== String(prepared.length)) block.leave('content-length')
  if (cache !== 'default') require('./whatwg').setCaching(cache, block)
  if (!block.decides('accept')) block.push('accept', 'Accept', ANYTHING)
  if (!block.decides('accept-language')) block.push('accept-language', 'Accept-Language', '*')
  if (!block.decides('sec-fetch-mode')) block.push('sec-fetch-mode', 'Sec-Fetch-Mode', rules.mode)
  // Parts of what is coded could not be decoded.
  if (block.decides('range') && !block.decides('accept-encoding')) block.push('accept-encoding', 'Accept-Encoding', 'identity')
  prepared.setHeaders(block)
}

class FetchPrepared extends Prepared {
  constructor(url, isLocal) {
    super(url)
    this.isLocal = isLocal // nothing is sent for it
    this.mode = 'cors'
    this.integrity = undefined // digests that the body has to have
    this.page = undefined // who asks, where that is said
  }

  setMethod(method) {
    if (method === undefined) return
    super.setMethod(method)
    if (!TOKEN.test(this.method)) throw argumentError(`method: ${JSON.stringify(this.method)} is not a valid HTTP method`, 'KA_INVALID_METHOD')
    if (/^(connect|trace|track)$/i.test(this.method)) {
      throw argumentError(`method: fetch does not send ${this.method}`, 'KA_INVALID_METHOD')
    }
  }

  /** Another origin gets neither what says who asks, nor what was meant for this one alone. */
  leaveOrigin() {
    this.leave('auth')
    this.addOwn('auth', '')
  }

  /** Takes an option of its own back. */
  leave(option) {
    if (this.own !== undefined) this.own = this.own.filter((_, i, all) => all[i - (i % 2)] !== option)
  }

  /** Whether there is no more to it than to send it. */
  get isPlain() {
    return !this.isLocal && !this.integrity && this.page === undefined
  }
}

/** Whether something is to be said of who asks: there is an origin, or a referrer is given. */
function isOfPage(init, source) {
  if (globalThis[GLOBAL_ORIGIN] !== undefined) return true
  const referrer = init.referrer ?? source?.referrer
  return referrer !== undefined && referrer !== '' && referrer !== 'about:client'
}

let lastText
let lastOrigin
let lastUrl
let lastIsLocal // whether that URL has its answer in itself, or in this process

/** Where undici's `setGlobalOrigin` puts the URL that relative ones start from. */
const GLOBAL_ORIGIN = Symbol.for('undici.globalOrigin.1')

/** A URL as WHATWG parses it: blanks around it, backslashes and the like are repaired. */
function whatwg(text) {
  const origin = globalThis[GLOBAL_ORIGIN]
  // Programs ask for the same again and again.
  if (text === lastText && origin === lastOrigin) return lastUrl
  let parsed
  try {
    parsed = new URL(text, origin)
  } catch {
    throw argumentError(`url: expected an absolute URL; got ${JSON.stringify(publicUrl(text))}`, 'KA_INVALID_URL')
  }
  const url = parsed.href
  if (parsed.username !== '' || parsed.password !== '') {
    throw argumentError(`url: fetch takes no credentials in a URL, give them as the option auth; got ${JSON.stringify(publicUrl(text))}`, 'KA_INVALID_URL')
  }
  if (isBlocked(parsed)) {
    const message = `bad port: fetch connects to no port ${parsed.port}, as browsers do not; request() does`
    throw fetchFailed(new KeepaliveError({ code: 'KA_INVALID_URL', message }, url))
  }
  lastText = text
  lastOrigin = origin
  lastUrl = url
  lastIsLocal = url.startsWith('data:') || url.startsWith('blob:')
  return url
}

/** What is no URL says itself what it is one of. */
function textOf(input) {
  const isOther = typeof input === 'object' && input !== null && typeof input.href !== 'string' &&
    typeof input.toString === 'function' && input.toString !== Object.prototype.toString
  return isOther ? String(input) : urlText(input)
}

function isRequest(input) {
  return typeof input === 'object' && input !== null &&
    typeof input.url === 'string' && typeof input.method === 'string'
}

module.exports = { hasRequestBody, prepareFetch }
