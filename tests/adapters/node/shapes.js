'use strict'
// Handlers of both shapes that undici has had, which note what they are told.

const assert = require('node:assert/strict')

const text = (raw) => raw.map((one) => one.toString('latin1'))

/** A handler of each shape that notes what it is told; `at` may do more at a step. */
const shapes = {
  old(events, at = {}) {
    const step = (name, ...told) => {
      events.push([name, ...told])
      return at[name]?.(...told)
    }
    const handler = {
      onConnect: (abort) => {
        handler.abort = abort
        return step('start')
      },
      onHeaders: (status, raw, resume, reason) => {
        handler.resume = resume
        step('head', status, text(raw), reason)
        return !handler.isPaused
      },
      onData: (piece) => {
        step('data', piece.toString())
        return !handler.isPaused
      },
      onComplete: (raw) => step('end', text(raw)),
      onError: (error) => step('error', error.code ?? error.message),
      onUpgrade: (status, raw, socket) => step('upgrade', status, text(raw), socket),
      pause: () => {
        handler.isPaused = true
      },
      go: () => {
        handler.isPaused = false
        handler.resume()
      },
    }
    return handler
  },
  new(events, at = {}) {
    const step = (name, ...told) => {
      events.push([name, ...told])
      return at[name]?.(...told)
    }
    const handler = {
      onRequestStart: (controller) => {
        handler.controller = controller
        handler.abort = (reason) => controller.abort(reason)
        return step('start')
      },
      onResponseStart: (controller, status, headers, reason) => {
        if (status >= 200) assert.equal(typeof headers, 'object')
        step('head', status, text(controller.rawHeaders), reason)
      },
      onResponseData: (_, piece) => step('data', piece.toString()),
      onResponseEnd: (controller, trailers) => {
        assert.deepEqual(Object.values(trailers), text(controller.rawTrailers).filter((_, i) => i % 2 === 1))
        step('end', text(controller.rawTrailers))
      },
      onResponseError: (_, error) => step('error', error.code ?? error.message),
      onRequestUpgrade: (controller, status, _headers, socket) => step('upgrade', status, text(controller.rawHeaders), socket),
      pause: () => handler.controller.pause(),
      go: () => handler.controller.resume(),
    }
    return handler
  },
}

module.exports = { shapes, text }
