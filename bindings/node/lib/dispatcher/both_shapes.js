'use strict'
// A handler that can be called in either shape, for interceptors: those of undici 6 call the older methods
// of what they are given, those of 7 and 8 the newer ones.

const { fieldObject } = require('../completion_record')

const latin1 = (value) => (typeof value === 'string' ? value : value.toString('latin1'))

function rawOf(object) {
  const raw = []
  for (const [name, value] of Object.entries(object ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      raw.push(Buffer.from(name, 'latin1'), Buffer.from(String(one), 'latin1'))
    }
  }
  return raw
}

/** Of raw fields, of which a value may be a list. */
function objectOf(raw) {
  const flat = []
  for (let i = 0; i + 1 < (raw?.length ?? 0); i += 2) {
    for (const one of Array.isArray(raw[i + 1]) ? raw[i + 1] : [raw[i + 1]]) flat.push(latin1(raw[i]), latin1(one))
  }
  return fieldObject(flat)
}

/** An older handler, called in the newer way. */
class FromOld {
  constructor(handler) {
    this.handler = handler
  }

  onRequestStart(controller, context) {
    this.handler.onConnect?.((reason) => controller.abort(reason), context)
  }

  onResponseStart(controller, status, headers, text) {
    const raw = controller?.rawHeaders ?? rawOf(headers)
    if (this.handler.onHeaders?.(status, raw, () => controller.resume(), text) === false) controller.pause()
  }

  onResponseData(controller, piece) {
    if (this.handler.onData?.(piece) === false) controller.pause()
  }

  onResponseEnd(controller, trailers) {
    this.handler.onComplete?.(controller?.rawTrailers ?? rawOf(trailers))
  }

  onRequestUpgrade(controller, status, headers, socket) {
    this.handler.onUpgrade?.(status, controller?.rawHeaders ?? rawOf(headers), socket)
  }

  onResponseError(_controller, error) {
    if (typeof this.handler.onError !== 'function') throw error
    this.handler.onError(error)
  }

  onConnect(abort, context) {
    this.handler.onConnect?.(abort, context)
  }

  onHeaders(status, raw, resume, text) {
    return this.handler.onHeaders?.(status, raw, resume, text)
  }

  onData(piece) {
    return this.handler.onData?.(piece)
  }

  onComplete(raw) {
    this.handler.onComplete?.(raw)
  }

  onUpgrade(status, raw, socket) {
    this.handler.onUpgrade?.(status, raw, socket)
  }

  onError(error) {
    if (typeof this.handler.onError !== 'function') throw error
    this.handler.onError(error)
  }
}

/** What a newer handler holds a request by that is told of in the older way. */
class Held {
  rawHeaders = null
  rawTrailers = null
  aborted = false
  paused = false
  reason = null
  #abort
  #resume

  constructor(abort) {
    this.#abort = abort
  }

  static resumedBy(held, resume) {
    held.#resume = resume
  }

  abort(reason) {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    this.#abort(reason)
  }

  pause() {
    this.paused = true
  }

  resume() {
    if (!this.paused) return
    this.paused = false
    this.#resume?.()
  }
}

/** A newer handler, called in the older way. */
class FromNew {
  #held = null

  constructor(handler) {
    this.handler = handler
  }

  onConnect(abort, context) {
    this.#held = new Held(abort)
    this.handler.onRequestStart(this.#held, context)
  }

  onHeaders(status, raw, resume, text) {
    Held.resumedBy(this.#held, resume)
    this.#held.rawHeaders = raw
    this.handler.onResponseStart?.(this.#held, status, objectOf(raw), text)
    return !this.#held.paused
  }

  onData(piece) {
    this.handler.onResponseData?.(this.#held, piece)
    return !this.#held.paused
  }

  onComplete(raw) {
    this.#held.rawTrailers = raw
    this.handler.onResponseEnd?.(this.#held, objectOf(raw))
  }

  onUpgrade(status, raw, socket) {
    this.#held.rawHeaders = raw
    this.handler.onRequestUpgrade?.(this.#held, status, objectOf(raw), socket)
  }

  onError(error) {
    if (typeof this.handler.onResponseError !== 'function') throw error
    this.handler.onResponseError(this.#held, error)
  }

  onRequestStart(controller, context) {
    this.handler.onRequestStart(controller, context)
  }

  onResponseStart(controller, status, headers, text) {
    this.handler.onResponseStart?.(controller, status, headers, text)
  }

  onResponseData(controller, piece) {
    this.handler.onResponseData?.(controller, piece)
  }

  onResponseEnd(controller, trailers) {
    this.handler.onResponseEnd?.(controller, trailers)
  }

  onRequestUpgrade(controller, status, headers, socket) {
    this.handler.onRequestUpgrade?.(controller, status, headers, socket)
  }

  onResponseError(controller, error) {
    if (typeof this.handler.onResponseError !== 'function') throw error
    this.handler.onResponseError(controller, error)
  }
}

// What both say beside.
for (const Class of [FromOld, FromNew]) {
  for (const name of ['onResponseStarted', 'onBodySent', 'onRequestSent']) {
    Class.prototype[name] = function told(...given) {
      return this.handler[name]?.(...given)
    }
  }
}

function bothShapes(handler) {
  if (typeof handler !== 'object' || handler === null) return handler
  if (handler instanceof FromOld || handler instanceof FromNew) return handler
  return typeof handler.onRequestStart === 'function' ? new FromNew(handler) : new FromOld(handler)
}

module.exports = { bothShapes }
