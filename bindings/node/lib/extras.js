'use strict'
// What a call of `request` asks for beside the exchange, seldom enough to be apart: hooks, limits and other
// forms of its result. Loaded by the first call that does.

const { AsyncResource } = require('node:async_hooks')
const { argumentError } = require('./errors')
const { HeaderBlock, collectHeaders } = require('./headers')

const INFORM = 1024

/** The options that are understood here. */
const readers = {
  cookies(prepared, value) {
    if (value === null) return
    if (value === false) {
      prepared.addOwn('no_cookies', '')
      return
    }
    if (typeof value !== 'object') throw argumentError(`cookies: expected an object of names and values, or false; got ${typeof value}`)
    for (const name of Object.keys(value)) {
      const text = value[name]
      if (typeof text !== 'string') throw argumentError(`cookies.${name}: expected a string; got ${text === null ? 'null' : typeof text}`)
      if (name.includes('\0')) throw argumentError('cookies: a NUL in a name')
      prepared.addOwn('cookie', `${name}\0${text}`)
    }
  },
  maxRedirections(prepared, value) {
    if (value === null) return
    if (!Number.isSafeInteger(value) || value < 0) throw argumentError(`maxRedirections: expected a whole number; got ${String(value)}`)
    if (value === 0) prepared.setRedirect('manual')
    else prepared.addOwn('max_redirections', String(Math.min(value, 0xfffffffe)))
  },
  maxResponseSize(prepared, value) {
    extrasOf(prepared).most = sizeOf('maxResponseSize', value)
  },
  onInfo(prepared, value) {
    if (value === null) return
    extrasOf(prepared).onInfo = bound('onInfo', value)
    prepared.flags |= INFORM
  },
  onProgress(prepared, value) {
    if (value === null) return
    extrasOf(prepared).onProgress = bound('onProgress', value)
    prepared.addOwn('progress', '')
  },
  opaque(prepared, value) {
    const extras = extrasOf(prepared)
    extras.opaque = value
    extras.isOther = true
  },
  responseHeaders(prepared, value) {
    if (value === null) return
    if (value !== 'raw') throw argumentError(`responseHeaders: expected "raw"; got ${String(value)}`)
    const extras = extrasOf(prepared)
    extras.isRaw = extras.isOther = true
  },
  throwOnError(prepared, value) {
    if (value === null) return
    if (typeof value !== 'boolean') throw argumentError(`throwOnError: expected true or false; got ${typeof value}`)
    extrasOf(prepared).throwOnError = value
  },
  trailers(prepared, value) {
    if (value === null) return
    setTrailers(prepared, value)
  },
}

function extrasOf(prepared) {
  prepared.extras ??= {
    most: undefined, // bytes of the response's body
    onInfo: undefined,
    onProgress: undefined,
    isOther: false, // the result has another form
    isRaw: false,
    opaque: null,
    throwOnError: false,
  }
  return prepared.extras
}

/** A function that runs in the async context of the call that brought it. */
function bound(name, call) {
  if (typeof call !== 'function') throw argumentError(`${name}: expected a function; got ${typeof call}`)
  return AsyncResource.bind(call, `libkeepalive.${name}`)
}

/** Bytes; undefined for no limit. */
function sizeOf(name, value) {
  if (value === null || value === undefined || value === -1) return undefined
  if (!Number.isSafeInteger(value) || value < 0) throw argumentError(`${name}: expected a whole number of bytes, or -1 for no limit; got ${String(value)}`)
  return value
}

/** Fields behind the body: texts, or functions that tell them when the body has been given. */
function setTrailers(prepared, value) {
  if (typeof value !== 'object') throw argumentError(`trailers: expected an object; got ${typeof value}`)
  const told = []
  for (const name of Object.keys(value)) {
    const text = value[name]
    if (typeof text === 'function') {
      told.push([name, bound(`trailers.${name}`, text)])
      // Those of a body in memory are known now.
      if (prepared.upload !== undefined) prepared.addOwn('told_trailer', name)
      else prepared.addOwn('trailer', `${name}\0${trailerText(name, text())}`)
    } else {
      prepared.addOwn('trailer', `${name}\0${trailerText(name, text)}`)
    }
  }
  if (told.length !== 0 && prepared.upload !== undefined) {
    prepared.upload.trailers = () => told.map(([name, tell]) => [name, trailerText(name, tell())])
  }
}

/** Checked as the value of a header field is. */
function trailerText(name, value) {
  const block = new HeaderBlock()
  collectHeaders([[name, value ?? '']], block)
  return block.text.slice(name.length + 1, -1)
}

/** Does what `options` have of these. The body has been set. */
function applyExtras(prepared, options) {
  for (const name of Object.keys(readers)) {
    const value = options[name]
    if (value !== undefined) readers[name](prepared, value)
  }
}

/** A client's limit, for a request that has none itself. */
function limitTo(prepared, most) {
  const extras = extrasOf(prepared)
  extras.most ??= most
}

module.exports = { applyExtras, limitTo, sizeOf }
