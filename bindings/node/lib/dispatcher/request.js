'use strict'
// The first argument of `dispatch` as what `Exchange.submit` takes. What is wrong with it is said in
// undici's errors and words.

const { stringify } = require('node:querystring')
const { types } = require('node:util')
const { ignore } = require('../captured')
const { prepareBody, discardBody, isNodeStream } = require('../upload')
const { IDEMPOTENT, INFORM, ONCE, REWIND, STREAM, SWITCH } = require('../flags')
const { ownOptions } = require('../options')
const { setTarget } = require('../target')
const { InvalidArgumentError, NotSupportedError, RequestContentLengthMismatchError } = require('./errors')

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/
const BAD_PATH = /[^\x21-\xff]/
const DIGITS = /^[0-9]{1,15}$/

/** Methods whose request says that its body is empty. */
const WITH_BODY = new Set(['PUT', 'POST', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH'])

/** Names that programs send, in lower case; bounded, since they may come from anywhere. */
const lowered = new Map()
const KNOWN_NAMES = 512

function lowerName(key) {
  let name = lowered.get(key)
  if (name !== undefined) return name
  if (typeof key !== 'string' || !TOKEN.test(key)) throw new InvalidArgumentError('invalid header key')
  name = key.toLowerCase()
  if (lowered.size < KNOWN_NAMES) lowered.set(key, name)
  return name
}

function valueOf(key, value) {
  if (typeof value === 'string') {
    if (BAD_VALUE.test(value)) throw new InvalidArgumentError(`invalid ${key} header`)
    return value
  }
  if (value === null) return ''
  if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') {
    throw new InvalidArgumentError(`invalid ${key} header`)
  }
  return `${value}`
}

/** The fields of a request, and those that say something about its connection and body. */
class RequestHead {
  constructor() {
    this.text = ''
    this.count = 0
    this.list = [] // names and values in turn, as undici shows them to subscribers
    this.host = null
    this.contentLength = null
    this.contentType = null
    this.closes = false
  }

  add(key, value) {
    if (value === undefined) return
    const name = lowerName(key)
    if (Array.isArray(value)) {
      value = value.map((one) => valueOf(key, one))
      if (name === 'host' || name === 'content-length' || name === 'connection') throw new InvalidArgumentError(`invalid ${name} header`)
    } else {
      value = valueOf(key, value)
    }
    switch (name) {
      case 'host':
        if (this.host !== null) throw new InvalidArgumentError('duplicate host header')
        this.host = value
        this.put(key, value)
        return
      case 'content-length':
        if (this.contentLength !== null) throw new InvalidArgumentError('duplicate content-length header')
        if (!DIGITS.test(value)) throw new InvalidArgumentError('invalid content-length header')
        this.contentLength = Number(value)
        return
      case 'transfer-encoding':
      case 'keep-alive':
      case 'upgrade':
        throw new InvalidArgumentError(`invalid ${name} header`)
      case 'connection':
        for (const token of value.toLowerCase().split(',')) {
          const option = token.trim()
          if (!TOKEN.test(option)) throw new InvalidArgumentError('invalid connection header')
          this.closes ||= option === 'close'
        }
        return
      case 'expect':
        throw new NotSupportedError('expect header not supported')
      case 'content-type':
        this.contentType ??= value
    }
    this.list.push(key, value)
    this.put(key, value)
  }

  /** Says it anew: subscribers of channels change the list of fields that they are shown. */
  rebuild(list) {
    const { host } = this
    this.text = ''
    this.count = 0
    if (host !== null) this.put('host', host)
    for (let i = 0; i + 1 < list.length; i += 2) {
      lowerName(list[i])
      const value = list[i + 1]
      this.put(list[i], Array.isArray(value) ? value.map((one) => valueOf(list[i], one)) : valueOf(list[i], value))
    }
  }

  put(key, value) {
    if (Array.isArray(value)) {
      for (const one of value) this.put(key, one)
      return
    }
    this.text += `${key}\0${value}\0`
    this.count += 1
  }
}

function addFields(head, headers) {
  if (headers === undefined || headers === null) return
  if (typeof headers !== 'object') throw new InvalidArgumentError('headers must be an object or an array')
  if (Array.isArray(headers)) {
    // A flat list; pairs are what other callers have.
    if (headers.length !== 0 && Array.isArray(headers[0])) {
      addPairs(head, headers)
      return
    }
    if (headers.length % 2 !== 0) throw new InvalidArgumentError('headers array must be even')
    for (let i = 0; i < headers.length; i += 2) head.add(headers[i], headers[i + 1])
  } else if (typeof headers[Symbol.iterator] === 'function') {
    addPairs(head, headers)
  } else {
    for (const key of Object.keys(headers)) head.add(key, headers[key])
  }
}

function addPairs(head, pairs) {
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new InvalidArgumentError('headers must be in key-value pair format')
    head.add(pair[0], pair[1])
  }
}

let lastOrigin
let lastBase

/** An origin as `{ text, hostname, tls }`. */
function baseOf(origin) {
  if (origin === lastOrigin) return lastBase
  if (!origin || (typeof origin !== 'string' && typeof origin.href !== 'string')) {
    throw new InvalidArgumentError('opts.origin must be a non-empty string or URL.')
  }
  let url
  try {
    url = new URL(typeof origin === 'string' ? origin : origin.href)
  } catch {
    throw new InvalidArgumentError('Invalid URL')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new InvalidArgumentError('Invalid URL protocol: the URL must start with `http:` or `https:`.')
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') throw new InvalidArgumentError('invalid url')
  const base = { text: url.origin, hostname: url.hostname, tls: url.protocol === 'https:' }
  if (typeof origin === 'string') {
    lastOrigin = origin
    lastBase = base
  }
  return base
}

function checkPath(path, method) {
  if (typeof path !== 'string') throw new InvalidArgumentError('path must be a string')
  const isAbsolute = path.startsWith('http://') || path.startsWith('https://')
  if (path[0] !== '/' && !isAbsolute && method !== 'CONNECT') {
    throw new InvalidArgumentError('path must be an absolute URL or start with a slash')
  }
  if (BAD_PATH.test(path)) throw new InvalidArgumentError('invalid request path')
}

function withQuery(path, query) {
  if (path.includes('?') || path.includes('#')) {
    throw new Error('Query params cannot be passed when url already contains "?" or "#".')
  }
  const text = stringify(query)
  return text === '' ? path : `${path}?${text}`
}

function checkLimit(name, value) {
  if (value !== undefined && value !== null && (!Number.isFinite(value) || value < 0)) {
    throw new InvalidArgumentError(`invalid ${name}`)
  }
}

/** What its body is, as undici sorts it: nothing for what is empty. */
function bodyOf(body) {
  if (body === undefined || body === null) return null
  if (typeof body === 'string') return body === '' ? null : body
  if (ArrayBuffer.isView(body) || types.isAnyArrayBuffer(body)) return body.byteLength === 0 ? null : body
  if (typeof body !== 'object') {
    throw new InvalidArgumentError('body must be a string, a Buffer, a Readable stream, an iterable, or an async iterable')
  }
  return body
}

class Prepared {
  constructor(opts) {
    const { path, method, upgrade, query } = opts
    checkPath(path, method)
    if (typeof method !== 'string') throw new InvalidArgumentError('method must be a string')
    if (!TOKEN.test(method)) throw new InvalidArgumentError('invalid request method')
    if (upgrade && typeof upgrade !== 'string') throw new InvalidArgumentError('upgrade must be a string')
    if (upgrade && BAD_VALUE.test(upgrade)) throw new InvalidArgumentError('invalid upgrade header')
    checkLimit('headersTimeout', opts.headersTimeout)
    checkLimit('bodyTimeout', opts.bodyTimeout)
    if (opts.reset !== undefined && opts.reset !== null && typeof opts.reset !== 'boolean') throw new InvalidArgumentError('invalid reset')
    if (opts.maxRedirections) {
      throw new InvalidArgumentError('maxRedirections is not supported, use the redirect interceptor')
    }
    const base = baseOf(opts.origin)
    this.base = base
    this.method = method
    this.path = query ? withQuery(path, query) : path
    this.upgrade = upgrade || null
    this.switches = this.upgrade !== null || method === 'CONNECT'
    this.flags = this.switches ? SWITCH | INFORM : INFORM
    this.head = new RequestHead()
    addFields(this.head, opts.headers)
    this.closes = opts.reset === true
    this.body = bodyOf(opts.body)
    this.setIdempotent(opts.idempotent)
    // What `Exchange.submit` reads.
    this.url = base.text
    this.headers = undefined
    this.headerCount = undefined
    this.payload = undefined
    this.upload = undefined
    this.length = undefined
    this.limits = undefined
    this.own = undefined
    this.signal = undefined
    const { servername } = opts
    if (base.tls) this.setServername(servername)
    this.setTarget()
  }

  /** The path goes to the server as it was given: a URL would put some in order. */
  setTarget() {
    const { base, method, path } = this
    if (method === 'CONNECT') this.url = path[0] === '/' ? base.text + path : `${base.text}/${path}`
    else setTarget(this, base.text, path)
  }

  setIdempotent(idempotent) {
    const usual = this.method === 'GET' || this.method === 'HEAD'
    if (idempotent === true && !usual) this.flags |= IDEMPOTENT
    else if (idempotent === false) this.flags |= ONCE
  }

  /** The name that is asked for in TLS: what is said, or the one in the Host field. */
  setServername(said) {
    const { host } = this.head
    const name = said || (host === null ? '' : /^(\[[^\]]*\]|[^:]*)/.exec(host)[0])
    if (name !== '' && name !== this.base.hostname) this.own = ownOptions({ servername: name })
  }

  /**
   * Makes what is sent; `shown` are the fields when somebody was shown them, who may have changed them.
   * `onSent` is told of each piece of the body.
   */
  finish(shown, onSent) {
    const { head, body } = this
    if (Array.isArray(shown)) head.rebuild(shown)
    if (body !== null) this.setBody(body, onSent)
    if (head.closes || this.closes) head.put('connection', 'close')
    else if (this.upgrade !== null) head.put('connection', 'upgrade')
    if (this.upgrade !== null) head.put('upgrade', this.upgrade)
    if (head.count !== 0) {
      this.headers = head.text
      this.headerCount = head.count
    }
  }

  setBody(body, onSent) {
    const { head } = this
    if (!WITH_BODY.has(this.method) && head.contentLength === null && isNodeStream(body) && bufferedSize(body) === 0) return
    const { payload, upload, length, type } = prepareBody(body)
    this.payload = payload
    this.upload = upload
    if (type !== undefined && head.contentType === null) head.put('content-type', type)
    const size = upload === undefined ? Buffer.byteLength(payload) : length === -1 ? bufferedSize(body) : length
    if (size === -1) {
      this.length = head.contentLength ?? -1
    } else {
      if (head.contentLength !== null && head.contentLength !== size) {
        discardBody(body)
        throw new RequestContentLengthMismatchError()
      }
      this.length = size
    }
    if (upload !== undefined) {
      this.flags |= upload.isRewindable ? STREAM | REWIND : STREAM
      upload.isLent = isLent(body)
      if (onSent !== undefined) upload.onPiece = onSent
    } else {
      this.length = undefined
    }
  }

  /** Ends a stream that was not sent to its end; it is told why, as undici tells it. */
  endStream(error) {
    const { body } = this
    if (body === null || !isLent(body)) return
    try {
      body.on('error', ignore)
      body.destroy(error instanceof Error ? error : undefined)
    } catch {
      // What it throws on being told is less than what happened.
    }
  }

  /** Lets go of the body of a request that is not sent. */
  discard() {
    if (this.upload === undefined) discardBody(this.body)
    else this.upload.stop()
  }
}

/** Whether it is a stream that is not destroyed and can be told why it is. */
function isLent(body) {
  return typeof body === 'object' && isNodeStream(body) && body.destroyed === false && typeof body.destroy === 'function'
}

/** Bytes of a stream that has ended and waits to be read; -1 of others. */
function bufferedSize(body) {
  const state = body._readableState
  return state?.ended === true && state.objectMode === false && Number.isFinite(state.length) ? state.length : -1
}

module.exports = { Prepared }
