'use strict'
// Failures in the words of Node's own sockets, for those who look at `code`, `errno` and `syscall`.

const { getSystemErrorName } = require('node:util')

/** The place that was to be reached, as far as the URL says. */
function placeOf(cause) {
  try {
    const url = new URL(cause.url)
    return { host: url.hostname, port: url.port || (url.protocol === 'https:' ? '443' : '80') }
  } catch {
    return { host: '', port: '' }
  }
}

function systemError(cause, code, syscall, place) {
  const error = new Error(`${syscall} ${code}${place === '' ? '' : ` ${place}`}`, { cause })
  error.code = code
  error.syscall = syscall
  if (cause.errno !== undefined) error.errno = cause.errno
  if (cause.address !== undefined) error.address = cause.address
  if (cause.port !== undefined) error.port = cause.port
  return error
}

function nameOf(cause, otherwise) {
  try {
    return getSystemErrorName(cause.errno)
  } catch {
    return otherwise
  }
}

/** By the engine's code. */
const byCode = {
  KA_CONNECTION_RESET: (cause) => systemError(cause, nameOf(cause, 'ECONNRESET'), cause.syscall ?? 'read', ''),
  KA_CONNECT_FAILED(cause) {
    const { host, port } = placeOf(cause)
    return systemError(cause, nameOf(cause, 'ECONNREFUSED'), 'connect', `${cause.address ?? host}:${cause.port ?? port}`)
  },
  KA_RESOLVE_FAILED(cause) {
    const { host } = placeOf(cause)
    const error = systemError(cause, 'ENOTFOUND', 'getaddrinfo', host)
    error.hostname = host
    return error
  },
}

/** The error of Node's that says the same as the engine's; undefined when the system had no part in it. */
function systemErrorOf(cause) {
  return Object.hasOwn(byCode, cause.code) ? byCode[cause.code](cause) : undefined
}

module.exports = { placeOf, systemError, systemErrorOf }
