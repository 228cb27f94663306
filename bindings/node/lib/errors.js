'use strict'
// Errors: the engine's table on one side, JavaScript's conventions on the other.

const native = require('./native')

let table
let byCode

/** The engine's rows. */
function rows() {
  table ??= native.errorTable()
  return table
}

/** Codes to kinds. */
function kinds() {
  byCode ??= new Map(rows().map(({ code, kind }) => [code, kind]))
  return byCode
}

/** The kind in a row of the table, counted from 1; 0 is none. */
function kindName(row) {
  return row === 0 ? null : rows()[row - 1].kind
}

/** A failure of an exchange. Decide by `code`; `message` is for people. */
class KeepaliveError extends Error {
  constructor(failure) {
    super(failure.message)
    describe(this, failure)
  }

  get name() {
    return 'KeepaliveError'
  }
}

function describe(error, failure) {
  error.code = failure.code
  error.kind = kinds().get(failure.code) ?? 'Internal'
  error.phase = failure.phase ?? 'request'
  error.reused = failure.reused ?? false
  error.retrySafe = failure.retrySafe ?? false
  error.sent = failure.sent ?? 'nothing'
  if (failure.errno !== undefined && failure.errno !== null) error.errno = failure.errno
  return error
}

/** A mistake of the caller, found before anything is sent. */
function argumentError(message, code = 'KA_INVALID_ARGUMENT') {
  return describe(new TypeError(message), { code })
}

/** What a native call threw, as the error the caller sees. */
function localError(thrown) {
  if (!kinds().has(thrown.code)) return thrown
  const callers = thrown.code.startsWith('KA_INVALID_') || callersFault.has(thrown.code)
  if (callers && thrown.code !== 'KA_INVALID_STATE') {
    return argumentError(thrown.message, thrown.code)
  }
  return new KeepaliveError(thrown)
}

const callersFault = new Set(['KA_UNSUPPORTED_SCHEME', 'KA_BODY_LENGTH_MISMATCH'])

module.exports = { KeepaliveError, argumentError, kindName, localError }
