'use strict'
// Errors: the engine's table on one side, JavaScript's conventions on the other.

const { URL } = require('node:url')
const { captureStackTrace } = require('./captured')
const native = require('./native')

let table
let byCode

/** The engine's rows. */
function rows() {
  table ??= native.errorTable()
  return table
}

/** The row of a code; undefined when there is none. */
function rowOf(code) {
  byCode ??= new Map(rows().map((row) => [row.code, row]))
  return byCode.get(code)
}

/** The kind in a row of the table, counted from 1; 0 is none. */
function kindName(row) {
  return row === 0 ? null : rows()[row - 1].kind
}

/** Errors made in a wake-up, where no caller is on the stack. */
const stackless = new WeakSet()

/** A failure of an exchange. Decide by `code`; `message` is for people. */
class KeepaliveError extends Error {
  constructor(failure, url) {
    super(failure.message)
    describe(this, failure, url)
    stackless.add(this)
  }

  get name() {
    return 'KeepaliveError'
  }
}

function describe(error, failure, url) {
  error.code = failure.code
  error.kind = rowOf(failure.code)?.kind ?? 'Internal'
  error.phase = failure.phase ?? 'request'
  error.reused = failure.reused ?? false
  error.retrySafe = failure.retrySafe ?? false
  error.sent = failure.sent ?? 'nothing'
  if (typeof failure.errno === 'number') error.errno = failure.errno
  if (typeof failure.syscall === 'string') error.syscall = failure.syscall
  if (typeof failure.address === 'string') error.address = failure.address
  if (typeof failure.port === 'number') error.port = failure.port
  if (typeof failure.tries === 'number') error.tries = failure.tries
  if (typeof url === 'string') error.url = publicUrl(url)
  return error
}

/** How the exchange of `error` went: made when it is looked at, and not shown with the error. */
function tellInfo(error, record) {
  let info
  const get = () => (info ??= record.info)
  Object.defineProperty(error, 'info', { get, enumerable: false, configurable: true })
}

/**
 * Gives an error that was made in a wake-up the stack of those who wait for it. To be called in the
 * `catch` of an async function: V8 follows from there who awaits that.
 */
function retraced(error) {
  if (typeof error !== 'object' || error === null || !stackless.delete(error)) return error
  captureStackTrace(error, retraced)
  const { cause } = error
  if (cause instanceof KeepaliveError) retraced(cause)
  return error
}

/** An error as WHATWG's fetch reports it; the cause says what happened. */
function fetchFailed(cause, inBody = false) {
  const error = new TypeError(inBody ? 'terminated' : 'fetch failed', { cause })
  stackless.add(error)
  return error
}

/** A mistake of the caller, found before anything is sent. */
function argumentError(message, code = 'KA_INVALID_ARGUMENT') {
  return describe(new TypeError(message), { code })
}

/** What a native call threw, as the error the caller sees. */
function localError(thrown, url) {
  const row = rowOf(thrown.code)
  if (row === undefined) return thrown
  if (row.group === 'caller' && !notArguments.has(row.code)) {
    return describe(new TypeError(thrown.message), thrown, url)
  }
  return new KeepaliveError(thrown, url)
}

/** The caller's doing, but not of the arguments of this very call. */
const notArguments = new Set(['KA_INVALID_STATE', 'KA_BODY_SOURCE_FAILED'])

/** The failure with that number in the batch, as the engine describes it. */
function failureOf(bridge, number) {
  try {
    return bridge.failure(number) ?? UNTOLD
  } catch {
    return UNTOLD
  }
}

const UNTOLD = { code: 'KA_INTERNAL', message: 'the request failed, and its error could not be told' }

/** The error of reading what was given up. */
function closed(url) {
  return new KeepaliveError({ code: 'KA_INVALID_STATE', phase: 'body', message: 'the body was closed' }, url)
}

/** A URL for people: without userinfo and fragment, also when it is none. */
function publicUrl(text) {
  try {
    const url = new URL(text)
    if (url.host === '') return withoutUserinfo(text)
    url.username = ''
    url.password = ''
    url.hash = ''
    return url.href
  } catch {
    return withoutUserinfo(text)
  }
}

/** Without whatever may be userinfo to somebody, and everything before it. */
function withoutUserinfo(text) {
  const plain = text.replace(/#[^]*/, '')
  return plain.slice(plain.lastIndexOf('@') + 1)
}

module.exports = {
  KeepaliveError,
  argumentError,
  closed,
  fetchFailed,
  kindName,
  localError,
  failureOf,
  publicUrl,
  retraced,
  tellInfo,
}
