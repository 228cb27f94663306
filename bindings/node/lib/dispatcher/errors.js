'use strict'
// Errors as undici has them. Its classes know each other's instances by a mark (Symbol.hasInstance), so
// that `error instanceof errors.ConnectTimeoutError` holds for these in every copy of undici from 6 on.

const { KeepaliveError } = require('../errors')
const { placeOf, systemErrorOf } = require('../system_error')

/** Names, codes and texts: undici's own. */
const TABLE = {
  ConnectTimeoutError: ['UND_ERR_CONNECT_TIMEOUT', 'Connect Timeout Error'],
  HeadersTimeoutError: ['UND_ERR_HEADERS_TIMEOUT', 'Headers Timeout Error'],
  HeadersOverflowError: ['UND_ERR_HEADERS_OVERFLOW', 'Headers Overflow Error'],
  BodyTimeoutError: ['UND_ERR_BODY_TIMEOUT', 'Body Timeout Error'],
  InvalidArgumentError: ['UND_ERR_INVALID_ARG', 'Invalid Argument Error'],
  RequestAbortedError: ['UND_ERR_ABORTED', 'Request aborted', 'AbortError', 'UND_ERR_ABORT'],
  RequestContentLengthMismatchError: [
    'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
    'Request body length does not match content-length header',
  ],
  ClientDestroyedError: ['UND_ERR_DESTROYED', 'The client is destroyed'],
  ClientClosedError: ['UND_ERR_CLOSED', 'The client is closed'],
  SocketError: ['UND_ERR_SOCKET', 'Socket error'],
  NotSupportedError: ['UND_ERR_NOT_SUPPORTED', 'Not supported error'],
  ResponseExceededMaxSizeError: ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'Response content exceeded max size'],
}

const MARK = 'undici.error.'
const BASE = Symbol.for(`${MARK}UND_ERR`)
const PARSER = Symbol.for(`${MARK}UND_ERR_HTTP_PARSER`)

function marked(prototype, symbol) {
  Object.defineProperty(prototype, symbol, { get: () => true, configurable: true })
}

function classOf(className, [code, text, name = className, parent]) {
  const mark = Symbol.for(MARK + code)
  const Class = {
    [className]: class extends Error {
      constructor(message, options) {
        super(message || text, options)
        this.name = name
        this.code = code
      }

      static [Symbol.hasInstance](value) {
        return typeof value === 'object' && value !== null && value[mark] === true
      }
    },
  }[className]
  for (const symbol of [BASE, mark]) marked(Class.prototype, symbol)
  if (parent !== undefined) marked(Class.prototype, Symbol.for(MARK + parent))
  return Class
}

const errors = {}
for (const name of Object.keys(TABLE)) errors[name] = classOf(name, TABLE[name])

class HTTPParserError extends Error {
  constructor(message, code, options) {
    super(message, options)
    this.name = 'HTTPParserError'
    this.code = `HPE_${code}`
    this.data = undefined
  }
}
marked(HTTPParserError.prototype, PARSER)

function closedByPeer(cause, socket) {
  const error = new errors.SocketError('other side closed', { cause })
  error.socket = socket
  return error
}

/** What a body's source threw is handed on, apart from what was found out about the source. */
function ofSource(thrown) {
  if (thrown?.code === 'ERR_STREAM_PREMATURE_CLOSE') return new errors.RequestAbortedError(undefined, { cause: thrown })
  if (!(thrown instanceof TypeError) || thrown.code !== 'KA_INVALID_ARGUMENT') return thrown
  const error = new TypeError(thrown.message, { cause: thrown })
  error.code = 'ERR_INVALID_ARG_TYPE'
  return error
}

/** By the engine's code: what undici reports of the same. What it has no word for stays as it is. */
const byCode = {
  KA_CONNECT_TIMEOUT(cause, { connectTimeout }) {
    const { host, port } = placeOf(cause)
    const limit = connectTimeout === undefined ? '' : `, timeout: ${connectTimeout}ms`
    return new errors.ConnectTimeoutError(`Connect Timeout Error (attempted address: ${host}:${port}${limit})`, { cause })
  },
  KA_READ_TIMEOUT(cause) {
    return cause.phase === 'body'
      ? new errors.BodyTimeoutError(undefined, { cause })
      : new errors.HeadersTimeoutError(undefined, { cause })
  },
  KA_SEND_TIMEOUT: (cause) => new errors.HeadersTimeoutError(undefined, { cause }),
  KA_CONNECTION_CLOSED: (cause, { socket }) => closedByPeer(cause, socket),
  KA_HEAD_TRUNCATED: (cause, { socket }) => closedByPeer(cause, socket),
  KA_BODY_TRUNCATED: (cause, { socket }) => closedByPeer(cause, socket),
  KA_CONNECTION_RESET: systemErrorOf,
  KA_CONNECT_FAILED: systemErrorOf,
  KA_RESOLVE_FAILED: systemErrorOf,
  KA_INVALID_RESPONSE_HEAD: (cause) => new HTTPParserError(cause.message, 'INVALID_CONSTANT', { cause }),
  KA_INVALID_FRAMING: (cause) => new HTTPParserError(cause.message, 'INVALID_CONTENT_LENGTH', { cause }),
  KA_INVALID_CHUNK: (cause) => new HTTPParserError(cause.message, 'INVALID_CHUNK_SIZE', { cause }),
  KA_HEAD_TOO_LARGE: (cause) => new errors.HeadersOverflowError(undefined, { cause }),
  KA_BODY_LENGTH_MISMATCH: (cause) => new errors.RequestContentLengthMismatchError(undefined, { cause }),
  KA_BODY_SOURCE_FAILED: (cause) => ('cause' in cause ? ofSource(cause.cause) : cause),
  KA_CANCELLED: (cause) => new errors.RequestAbortedError(undefined, { cause }),
  KA_PROXY_FAILED: (cause) => new errors.RequestAbortedError(cause.message, { cause }),
  KA_PROXY_AUTHENTICATION_REQUIRED: (cause) =>
    new errors.RequestAbortedError('Proxy response (407) !== 200 when HTTP Tunneling', { cause }),
}

/** `error` as undici reports it; `told` has what its texts say beside. */
function undiciError(error, told) {
  if (error instanceof KeepaliveError) return Object.hasOwn(byCode, error.code) ? byCode[error.code](error, told) : error
  // The package's own word on arguments.
  if (error instanceof TypeError && typeof error.code === 'string' && error.code.startsWith('KA_')) {
    return new errors.InvalidArgumentError(error.message, { cause: error })
  }
  return error
}

module.exports = { ...errors, HTTPParserError, undiciError }
