'use strict'
// What `fetch` resolves to: a Response as WHATWG describes it, built lazily over one record. It is an
// instance of the global scope's Response, whose constructor is not run for it: that takes longer than
// the rest of an exchange.

const { isDisturbed } = require('node:stream')
const { Blob } = require('node:buffer')
const { globalClass } = require('./captured')
const { URL } = require('node:url')
const { inspect } = require('node:util')
const { fetchFailed } = require('./errors')
const { WHOLE, unusable, webStream } = require('./incoming')
const { guarded, shownFields } = require('./secrets')
const { parseForm } = require('./readable')
const { utf8Text } = require('./text')

const Outer = globalClass('Response')
const Headers = globalClass('Headers')
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const NULL_BODY = new Set([101, 103, 204, 205, 304])
const make = Symbol('make')
const OPAQUE = { type: 'opaque', redirected: false }
const UNFOLLOWED = { type: 'opaqueredirect', redirected: false }

class Response {
  #incoming
  #stream // set once the body is used as a stream, or split by clone()
  #headers
  #nullBody
  #used = false // read whole, past its stream
  #way // how it was come by: `type` and `redirected`, where that is known beside the record

  constructor(key, incoming, nullBody, stream, way) {
    // A program's own responses are the global scope's.
    if (key !== make) return new Outer(...arguments)
    this.#incoming = incoming
    this.#nullBody = nullBody
    this.#stream = stream
    this.#way = way
  }

  static [make](incoming, prepared, stream) {
    const { record } = incoming
    const { status } = record
    const { method, page } = prepared
    let way = page?.way
    if (REDIRECTS.has(status)) {
      if (page === undefined ? prepared.isManual : !page.follows) way = UNFOLLOWED
      else if (leadsBack(record)) throw fetchFailed(new Error(`redirect count exceeded: the Location of ${record.url} is empty`))
    }
    if (prepared.mode === 'no-cors' && page === undefined && typeOf(record) === 'cors') way = OPAQUE
    const isOpaque = way?.type === 'opaque'
    if (isOpaque) incoming.close()
    const nullBody = method === 'HEAD' || NULL_BODY.has(status) || isOpaque
    return new Response(make, incoming, nullBody, stream, way)
  }

  /** Of a redirect with `manual` this is all that is opaque: a server's program is to see where it leads. */
  get type() {
    return this.#way?.type ?? typeOf(this.#incoming.record)
  }

  get #isOpaque() {
    return this.#way?.type === 'opaque'
  }

  get url() {
    return this.#isOpaque ? '' : this.#incoming.record.url
  }

  get redirected() {
    return this.#way?.redirected ?? this.#incoming.record.redirects > 0
  }

  get status() {
    return this.#isOpaque ? 0 : this.#incoming.record.status
  }

  get ok() {
    const { status } = this
    return status >= 200 && status <= 299
  }

  get statusText() {
    return this.#isOpaque ? '' : this.#incoming.record.reason
  }

  get headers() {
    if (this.#headers === undefined) {
      const headers = new Headers()
      const fields = this.#isOpaque ? [] : this.#incoming.record.fields
      for (let i = 0; i < fields.length; i += 2) headers.append(fields[i], fields[i + 1])
      this.#headers = guarded(Object.setPrototypeOf(headers, immutable), fields)
    }
    return this.#headers
  }

  /** How the exchange went. */
  get info() {
    return this.#incoming.info
  }

  get body() {
    if (this.#nullBody) return null
    this.#stream ??= this.#used ? spent() : webStream(this.#incoming)
    return this.#stream
  }

  get bodyUsed() {
    if (this.#nullBody) return false
    return this.#used || (this.#stream !== undefined && isDisturbed(this.#stream))
  }

  /** What went wrong is told at once: no turn passes before. */
  #check() {
    if (!this.#nullBody) this.#incoming.checkFailure()
  }

  async text() {
    this.#check()
    if (this.#nullBody) return ''
    if (this.#stream === undefined) {
      this.#take()
      return this.#incoming.text()
    }
    return utf8Text(await this.#collect())
  }

  async json() {
    this.#check()
    return JSON.parse(await this.text())
  }

  async bytes() {
    this.#check()
    const bytes = await this.#whole()
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  async arrayBuffer() {
    this.#check()
    const { buffer, byteOffset, length } = await this.#whole()
    return length === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + length)
  }

  async blob() {
    this.#check()
    const type = this.headers.get('content-type')
    return new Blob([await this.#whole()], { type: type === null ? '' : require('./whatwg').mimeTypeOf(type) })
  }

  async formData() {
    this.#check()
    return parseForm(await this.#whole(), this.headers.get('content-type') ?? undefined)
  }

  clone() {
    if (this.bodyUsed || this.#stream?.locked) {
      throw new TypeError('Response.clone: the body has already been used')
    }
    if (this.#nullBody) return new Response(make, this.#incoming, true, undefined, this.#way)
    const [mine, theirs] = this.body.tee()
    this.#stream = mine
    return new Response(make, this.#incoming, false, theirs, this.#way)
  }

  async #whole() {
    if (this.#nullBody) return Buffer.alloc(0)
    if (this.#stream !== undefined) return this.#collect()
    this.#take()
    return this.#incoming.bytes()
  }

  #take() {
    this.#incoming.take(WHOLE)
    this.#used = true
  }

  async #collect() {
    const stream = this.#stream
    if (stream.locked || isDisturbed(stream)) throw unusable()
    const pieces = []
    for await (const piece of stream) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  get [Symbol.toStringTag]() {
    return 'Response'
  }

  [inspect.custom](depth, options) {
    const { status, statusText, url, redirected, bodyUsed } = this
    const headers = shownFields(this.#incoming.record.fields)
    return `Response ${inspect({ status, statusText, url, redirected, bodyUsed, headers }, options)}`
  }
}
Object.setPrototypeOf(Response, Outer)
Object.setPrototypeOf(Response.prototype, Outer.prototype)

/** Whether a redirect that was to be followed says that it leads to itself. */
function leadsBack({ fields }) {
  for (let i = 0; i < fields.length; i += 2) if (fields[i].toLowerCase() === 'location') return true
  return false
}

/** A response that came by way of another origin is one of `cors`, as in Node's own fetch. */
function typeOf({ hops, redirects, url }) {
  if (redirects === 0) return 'basic'
  const { origin } = new URL(url)
  return hops.every((hop) => new URL(hop.url).origin === origin) ? 'basic' : 'cors'
}

/** Headers of a response: what changes them throws, as WHATWG has it. */
const immutable = Object.create(Headers.prototype)
for (const name of ['append', 'delete', 'set']) {
  const value = () => {
    throw new TypeError('immutable')
  }
  Object.defineProperty(immutable, name, { value, configurable: true })
}

/** The stream of a body that was read past it: it has a reader that never lets go. */
function spent() {
  const ReadableStream = globalClass('ReadableStream')
  const stream = new ReadableStream({ start: (controller) => controller.close() })
  stream.getReader().read()
  return stream
}

const makeResponse = Response[make]

module.exports = { Response, makeResponse }
