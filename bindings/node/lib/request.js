'use strict'
// Turns the arguments of `request` and `fetch` into what `Exchange.submit` takes. Everything that
// can be wrong with them is a TypeError here, before anything is sent.

const { toStringTag } = require('./captured')
const { argumentError } = require('./errors')
const { HeaderBlock, collectHeaders } = require('./headers')

let upload // loaded by the first body

const DECODE = 1
const FOLLOW = 2
const STREAM = 4
const REWIND = 16

const LIMITS = ['queueTimeout', 'connectTimeout', 'headersTimeout', 'sendTimeout', 'bodyTimeout', 'totalTimeout']
const REQUEST_OPTIONS = new Set([
  'method', 'headers', 'body', 'query', 'signal', 'redirect', 'decompress', ...LIMITS,
])
// The six that WHATWG's fetch spells in capitals whatever the caller wrote.
const UPPER = new Map(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'].map((name) => [name.toLowerCase(), name]))

/** For `request(url, options)`. */
function prepareRequest(url, options) {
  if (options === undefined || options === null) return new Prepared(urlText(url))
  if (typeof options !== 'object') throw argumentError(`options: expected an object; got ${typeof options}`)
  try {
    return requestOf(url, options)
  } catch (error) {
    discardBody(options.body)
    throw error
  }
}

function requestOf(url, options) {
  const prepared = new Prepared(urlText(url))
  for (const name in options) {
    if (!REQUEST_OPTIONS.has(name)) {
      throw argumentError(`unknown option ${name}; the options are ${[...REQUEST_OPTIONS].join(', ')}`)
    }
  }
  prepared.setMethod(options.method)
  prepared.setSignal(options.signal)
  prepared.setLimits(options)
  if (options.query !== undefined) prepared.addQuery(options.query)
  const { redirect, decompress } = options
  if (redirect !== undefined) prepared.setRedirect(redirect)
  if (decompress !== undefined) {
    if (typeof decompress !== 'boolean') throw argumentError(`decompress: expected true or false; got ${typeof decompress}`)
    if (decompress) prepared.flags |= DECODE
  }
  const { body, headers } = options
  if (headers === undefined && (body === undefined || body === null)) return prepared
  const block = new HeaderBlock()
  collectHeaders(headers, block)
  prepared.setBody(body, block, false)
  prepared.setHeaders(block)
  return prepared
}

/** For `fetch(input, init)`; `input` may be a Request. */
function prepareFetch(input, init) {
  if (init !== undefined && init !== null && typeof init !== 'object') {
    throw argumentError(`init: expected an object; got ${typeof init}`)
  }
  init ??= {}
  const source = isRequest(input) ? input : undefined
  try {
    return fetchOf(input, source, init)
  } catch (error) {
    discardBody(init.body ?? (source?.bodyUsed === false ? source.body : undefined))
    throw error
  }
}

function fetchOf(input, source, init) {
  const prepared = new Prepared(source === undefined ? urlText(input) : source.url)
  prepared.flags |= DECODE
  prepared.setMethod(init.method ?? source?.method)
  if (/^(connect|trace|track)$/i.test(prepared.method)) {
    throw argumentError(`method: fetch does not send ${prepared.method}`, 'KA_INVALID_METHOD')
  }
  const signal = init.signal === undefined ? source?.signal : init.signal
  prepared.setSignal(signal)
  prepared.setLimits(init)
  prepared.setRedirect(init.redirect ?? source?.redirect ?? 'follow')
  const block = new HeaderBlock()
  collectHeaders(init.headers ?? source?.headers, block)
  const body = init.body === undefined ? source?.body : init.body
  if (body !== undefined && body !== null && (prepared.method === 'GET' || prepared.method === 'HEAD')) {
    throw argumentError(`body: fetch sends none with ${prepared.method}`)
  }
  if (source?.bodyUsed && init.body === undefined) throw argumentError('input: the body of the Request has already been read')
  prepared.setBody(body, block, true)
  if (!block.has('accept')) block.add('Accept', '*/*')
  prepared.setHeaders(block)
  return prepared
}

class Prepared {
  constructor(url) {
    this.url = url
    this.method = 'GET'
    this.flags = 0
    this.headers = undefined
    this.headerCount = undefined
    this.payload = undefined
    this.upload = undefined
    this.length = undefined
    this.limits = undefined
    this.signal = undefined
    this.redirect = 'manual'
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
    this.redirect = redirect
    if (redirect === 'follow') this.flags |= FOLLOW
  }

  setLimits(options) {
    for (let i = 0; i < LIMITS.length; i += 1) {
      const value = options[LIMITS[i]]
      if (value === undefined) continue
      if (value !== null && (typeof value !== 'number' || !(value >= 0))) {
        throw argumentError(`${LIMITS[i]}: expected milliseconds or null; got ${String(value)}`)
      }
      this.limits ??= new Array(LIMITS.length).fill(NaN)
      // As undici spells "none"; a limit of no time at all could never be kept.
      this.limits[i] = value === null || value === 0 ? Infinity : value
    }
  }

  addQuery(query) {
    if (query === null || typeof query !== 'object') throw argumentError(`query: expected an object; got ${query === null ? 'null' : typeof query}`)
    let text
    if (query[toStringTag] === 'URLSearchParams') {
      text = query.toString()
    } else {
      const params = new URLSearchParams()
      for (const name of Object.keys(query)) {
        const value = query[name]
        if (value === undefined) continue
        for (const one of Array.isArray(value) ? value : [value]) params.append(name, one)
      }
      text = params.toString()
    }
    if (text === '') return
    const hash = this.url.indexOf('#')
    const url = hash === -1 ? this.url : this.url.slice(0, hash)
    this.url = `${url}${url.includes('?') ? '&' : '?'}${text}`
  }

  setBody(body, block, isFetch) {
    if (body === undefined || body === null) return
    upload ??= require('./upload')
    const { payload, upload: source, length, type, text } = upload.prepareBody(body)
    this.payload = payload
    const implied = text && isFetch ? 'text/plain;charset=UTF-8' : type
    if (implied !== undefined && !block.has('content-type')) block.add('Content-Type', implied)
    if (source === undefined) return
    this.upload = source
    this.flags |= source.isRewindable ? STREAM | REWIND : STREAM
    this.length = length === -1 ? declaredLength(block) : length
  }

  setHeaders(block) {
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

function isRequest(input) {
  return typeof input === 'object' && input !== null &&
    typeof input.url === 'string' && typeof input.method === 'string'
}

module.exports = { prepareFetch, prepareRequest, urlText }
