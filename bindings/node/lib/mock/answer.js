'use strict'
// Where requests are answered that do not go to the network: in place of the one call that hands an exchange to the
// engine. It is replaced when the first MockAgent is made, so that a program without one pays nothing for it.

const { STATUS_CODES } = require('node:http')
const { Promise, allocUnsafeSlow, asyncIterator, iterator } = require('../captured')
const { Record, Slab, fieldObject } = require('../completion_record')
const { KeepaliveError } = require('../errors')
const { acquire } = require('../bridge')
const { Exchange } = require('../exchange')
const { REWIND, STREAM, SWITCH } = require('../flags')
const { unwatch, watch } = require('../abort')
const { Elsewhere } = require('../elsewhere')

/** Of an exchange that did not happen: all numbers are 0. */
const NOTHING = new Slab(0, () => null)
NOTHING.bytes.fill(0)

/** A whole response, as the engine would tell it. */
class MockRecord extends Record {
  constructor(url, { bytes, fields, statusCode, trailers }, hops) {
    super(NOTHING, 0)
    this.extra = bytes
    const own = { url: url.replace(/#[^]*/, ''), fields, trailers, status: statusCode, reason: STATUS_CODES[statusCode] ?? '', last: true, hops, redirects: hops.length }
    for (const name of Object.keys(own)) Object.defineProperty(this, name, { value: own[name] })
  }

  size() {
    return this.extra.length
  }

  copyTo(memory, offset) {
    if (offset + this.extra.length > memory.length) return -1
    this.extra.copy(memory, offset)
    return this.extra.length
  }

  /** Readers may hand their memory on. */
  bytes() {
    const copy = allocUnsafeSlow(this.extra.length)
    this.extra.copy(copy)
    return copy
  }

  pooled() {
    return this.bytes()
  }

  fetch() {}
}

/** A request as interceptors see it; its body later. */
function viewOf({ headers, method, own, url }) {
  const { hash, origin, pathname, search } = new URL(url)
  const at = own?.indexOf('raw_target') ?? -1
  const path = at === -1 ? pathname + search : own[at + 1]
  const fields = headers === undefined ? [] : headers.split('\0').slice(0, -1)
  return { origin, path, method, headers: fieldObject(fields), body: null, hash }
}

/** All of a body that comes in pieces. */
async function collected(upload) {
  const { source } = upload
  const pieces = []
  const iterate = source[asyncIterator] ?? source[iterator]
  for await (const piece of { [Symbol.asyncIterator]: () => iterate.call(source) }) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : ArrayBuffer.isView(piece) ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.from(piece)
    upload.onPiece?.(bytes)
    pieces.push(bytes)
  }
  upload.ended = true
  return Buffer.concat(pieces)
}

function bodyText(body) {
  return body === null ? '' : typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
}

/** `error`, or the engine's error with that code. */
function failureFor(error, url) {
  if (typeof error !== 'string' || !error.startsWith('KA_')) return error
  return new KeepaliveError({ code: error, message: `mocked: ${error}` }, url)
}

/** Ends an exchange that the engine does not know. */
function fail(exchange, error) {
  const { reject, state } = exchange
  if (state === 'over') return
  exchange.endUpload()
  exchange.finish()
  if (state !== 'cancelled') reject(exchange.wrap(error))
}

/** Waits; false when the signal of the exchange fired meanwhile. */
function wait(exchange, signal, milliseconds) {
  return new Promise((resolve) => {
    const aborted = {
      abort() {
        clearTimeout(timer)
        resolve(false)
      },
    }
    const timer = setTimeout(() => {
      if (signal !== undefined) unwatch(signal, aborted)
      resolve(exchange.state === 'pending')
    }, milliseconds)
    if (signal !== undefined) watch(signal, aborted)
  })
}

class Answering {
  /** `agents`: those that answer for the client, the newest first; `others` is what `submit` is given beside. */
  constructor(exchange, native, limit, request, agents, others) {
    Object.assign(this, { exchange, native, limit, request, agents, others })
    this.sent = new Elsewhere(native, request)
    this.url = request.url
    this.hops = []
    this.look(request, request.payload)
  }

  /** What interceptors see from here on, and what is written down of it. */
  look(request, body = null) {
    this.view = { ...viewOf(request), body }
    const { cookie } = this.sent
    if (cookie !== undefined) this.view.headers.cookie = cookie
    this.logs = this.agents.map((agent) => agent.called(this.view))
  }

  /** Whether any interceptor may be meant. */
  get isMeant() {
    return this.agents.some((agent) => agent.candidates(this.view).length !== 0)
  }

  /** Says no to a request that may not go to the network; undefined when it may. */
  get refusal() {
    for (const agent of this.agents) {
      const refusal = agent.refusalOf(this.view)
      if (refusal !== undefined) return refusal
    }
    return undefined
  }

  /** The engine is not asked. */
  begin() {
    const { exchange, limit, request } = this
    exchange.url = request.url
    exchange.limit = limit
    exchange.extras = request.extras
    if (request.signal !== undefined) {
      watch(request.signal, exchange)
      exchange.signal = request.signal
    }
    exchange.upload = request.upload
    exchange.slot = acquire(exchange)
    this.run().catch((error) => fail(exchange, error))
  }

  async run() {
    const { exchange, request } = this
    if (request.upload !== undefined) {
      try {
        this.view.body = await collected(request.upload)
        for (const log of this.logs) if (log !== undefined) log.body = this.view.body
      } catch (cause) {
        const error = new KeepaliveError({ code: 'KA_BODY_SOURCE_FAILED', message: `the source of the body failed: ${String(cause?.message ?? cause)}` }, this.url)
        fail(exchange, Object.assign(error, { cause }))
        return
      }
    }
    for (;;) {
      const mock = this.choose()
      if (mock === undefined) {
        this.pass()
        return
      }
      mock.invoked += 1
      const { hash, ...told } = this.view
      const response = await mock.reply(told).catch((error) => {
        throw failureFor(error, this.url)
      })
      if (mock.wait !== 0) await wait(exchange, request.signal, mock.wait)
      const record = new MockRecord(this.url, response, this.hops)
      const next = exchange.state === 'pending' ? await this.sent.follow(record, request.decider) : undefined
      if (next === undefined) {
        exchange.onHead(record)
        return
      }
      this.hops = [...this.hops, record]
      this.url = next.url
      this.look(next, next.keepsBody ? this.view.body : null)
    }
  }

  choose() {
    const text = bodyText(this.view.body)
    for (const agent of this.agents) {
      for (const mock of agent.candidates(this.view)) {
        if (mock.matchesBody === undefined || mock.matchesBody(text)) return mock
      }
    }
    return undefined
  }

  /** No reply after all: what is known of it by now goes to the network, if it may. */
  pass() {
    const { exchange, hops, limit, native, others, refusal, request, url, view } = this
    if (exchange.state !== 'pending' || refusal !== undefined) {
      fail(exchange, refusal)
      return
    }
    if (hops.length !== 0) {
      fail(exchange, new KeepaliveError({ code: 'KA_INVALID_STATE', message: 'a mocked redirect leads to what is not mocked' }, url))
      return
    }
    exchange.endUpload()
    exchange.finish()
    exchange.state = 'pending'
    const whole = { ...request, payload: view.body ?? undefined, upload: undefined, length: undefined, flags: request.flags & ~(STREAM | REWIND) }
    try {
      submit.call(exchange, native, limit, whole, ...others)
    } catch (error) {
      exchange.reject(exchange.wrap(error))
    }
  }
}

const { submit } = Exchange.prototype
let isReplaced = false

/** Has those that `agentsOf(native)` gives answer requests from here on. */
function answerBy(agentsOf) {
  if (isReplaced) return
  isReplaced = true
  Exchange.prototype.submit = function answer(native, limit, request, ...others) {
    const agents = agentsOf(native)
    if (agents.length === 0) return submit.call(this, native, limit, request, ...others)
    const answering = new Answering(this, native, limit, request, agents, others)
    // Upgrades, CONNECT and downloads have no replies.
    const canReply = (request.flags & SWITCH) === 0 && this.saved === undefined
    if (canReply && answering.isMeant) return answering.begin()
    const { refusal } = answering
    if (refusal !== undefined) throw this.wrap(refusal)
    return submit.call(this, native, limit, request, ...others)
  }
}

module.exports = { answerBy }
