'use strict'
// The two shapes of handlers that dispatchers of undici have: `onConnect, onHeaders, onData, ...` (6, and
// inside 7) and `onRequestStart, onResponseStart, onResponseData, ...` (7 and 8), behind one form.
// What a handler throws is its caller's to catch.

const { fieldObject } = require('../completion_record')
const { InvalidArgumentError } = require('./errors')

/** Fields as undici's parser gives them: Buffers of names and values in turn. */
function rawFields(fields) {
  return fields.map((text) => Buffer.from(text, 'latin1'))
}

/** What a handler of the second shape holds its request by. */
class Controller {
  #call
  #fields
  #trailers
  #rawHeaders
  #rawTrailers

  constructor(call) {
    this.#call = call
  }

  /** Called with the fields when they come; the Buffers are made when somebody looks. */
  static told(controller, fields, trailers) {
    if (fields !== undefined) {
      controller.#fields = fields
      controller.#rawHeaders = undefined
    }
    if (trailers !== undefined) controller.#trailers = trailers
  }

  get rawHeaders() {
    if (this.#fields === undefined && this.#rawHeaders === undefined) return null
    this.#rawHeaders ??= rawFields(this.#fields)
    return this.#rawHeaders
  }

  // Interceptors put others there.
  set rawHeaders(value) {
    this.#rawHeaders = value
  }

  get rawTrailers() {
    if (this.#trailers === undefined && this.#rawTrailers === undefined) return null
    this.#rawTrailers ??= rawFields(this.#trailers)
    return this.#rawTrailers
  }

  set rawTrailers(value) {
    this.#rawTrailers = value
  }

  get aborted() {
    return this.#call.aborted
  }

  get paused() {
    return this.#call.paused
  }

  get reason() {
    return this.#call.reason ?? null
  }

  abort(reason) {
    this.#call.abort(reason)
  }

  pause() {
    this.#call.pause()
  }

  resume() {
    this.#call.resume()
  }
}

class NewShape {
  constructor(handler, call) {
    this.handler = handler
    this.controller = new Controller(call)
  }

  start() {
    this.handler.onRequestStart(this.controller, undefined)
  }

  started() {
    this.handler.onResponseStarted?.()
  }

  head(status, fields, text) {
    Controller.told(this.controller, fields)
    this.handler.onResponseStart?.(this.controller, status, fieldObject(fields), text)
  }

  data(piece) {
    this.handler.onResponseData?.(this.controller, piece)
  }

  end(trailers) {
    Controller.told(this.controller, undefined, trailers)
    this.handler.onResponseEnd?.(this.controller, fieldObject(trailers))
  }

  upgrade(status, fields, socket) {
    Controller.told(this.controller, fields)
    if (typeof this.handler.onRequestUpgrade !== 'function') throw new InvalidArgumentError('invalid onRequestUpgrade method')
    this.handler.onRequestUpgrade(this.controller, status, fieldObject(fields), socket)
  }

  error(error) {
    if (typeof this.handler.onResponseError !== 'function') throw new InvalidArgumentError('invalid onResponseError method')
    this.handler.onResponseError(this.controller, error)
  }
}

class OldShape {
  constructor(handler, call) {
    this.handler = handler
    this.call = call
    this.resume = () => call.resume()
  }

  start() {
    this.handler.onConnect((reason) => this.call.abort(reason), undefined)
  }

  started() {
    this.handler.onResponseStarted?.()
  }

  head(status, fields, text) {
    const goOn = this.handler.onHeaders(status, rawFields(fields), this.resume, text)
    if (goOn === false && status >= 200) this.call.pause()
  }

  data(piece) {
    if (this.handler.onData(piece) === false) this.call.pause()
  }

  end(trailers) {
    this.handler.onComplete(rawFields(trailers))
  }

  upgrade(status, fields, socket) {
    this.handler.onUpgrade(status, rawFields(fields), socket)
  }

  error(error) {
    this.handler.onError(error)
  }
}

/** Throws as undici does when a handler lacks what its request needs. */
function checkHandler(handler, switches) {
  if (typeof handler.onRequestStart === 'function') return
  const needed = switches ? ['onConnect', 'onError', 'onUpgrade'] : ['onConnect', 'onError', 'onHeaders', 'onData', 'onComplete']
  for (const name of needed) {
    if (typeof handler[name] !== 'function') throw new InvalidArgumentError(`invalid ${name} method`)
  }
  if (handler.onBodySent !== undefined && typeof handler.onBodySent !== 'function') {
    throw new InvalidArgumentError('invalid onBodySent method')
  }
}

function shapeOf(handler, call) {
  return typeof handler.onRequestStart === 'function' ? new NewShape(handler, call) : new OldShape(handler, call)
}

module.exports = { checkHandler, rawFields, shapeOf }
