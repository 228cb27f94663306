'use strict'
// Where a request goes when that is said in parts, as undici takes it: `{ origin, path }`, `{ protocol, hostname,
// port, path }` in place of a URL, and `path` among the options.

const { URL } = require('node:url')
const { argumentError, publicUrl } = require('./errors')

/** Whether it is the parts of a URL, and not one. */
function isParts(url) {
  return typeof url === 'object' && url !== null && url.href === undefined &&
    (url.origin !== undefined || url.hostname !== undefined || url.protocol !== undefined || url.path !== undefined)
}

/** The URL of parts. */
function urlOfParts(parts) {
  const { origin, protocol, hostname, port, path, pathname, search } = parts
  for (const [name, value] of Object.entries({ protocol, hostname, path, pathname, search })) {
    if (value !== undefined && value !== null && typeof value !== 'string') {
      throw argumentError(`${name}: expected a string; got ${typeof value}`)
    }
  }
  const base = origin ?? originOf(protocol, hostname, port)
  return joined(base, path ?? `${pathname ?? ''}${search ?? ''}`)
}

function originOf(protocol, hostname, port) {
  if (typeof protocol !== 'string' || typeof hostname !== 'string') {
    throw argumentError('url: expected an origin, or a protocol and a hostname, with a path')
  }
  const number = port === undefined || port === null || port === '' ? '' : `:${port}`
  if (!/^(:[0-9]{1,5})?$/.test(number)) throw argumentError('port: expected a number up to 65535')
  return `${protocol.replace(/:?$/, ':')}//${hostname}${number}`
}

/** `path` of the origin that a URL or text names. */
function joined(origin, path) {
  if (typeof path !== 'string') throw argumentError(`path: expected a string; got ${path === null ? 'null' : typeof path}`)
  const text = typeof origin === 'object' && origin !== null ? origin.origin ?? origin.href : origin
  if (typeof text !== 'string') throw argumentError(`origin: expected a string or URL; got ${origin === null ? 'null' : typeof origin}`)
  let base
  try {
    base = new URL(text)
  } catch {
    throw argumentError(`origin: expected an absolute URL; got ${JSON.stringify(publicUrl(text))}`, 'KA_INVALID_URL')
  }
  const user = base.username === '' && base.password === '' ? '' : `${base.username}:${base.password}@`
  return `${base.protocol}//${user}${base.host}${path.startsWith('/') ? '' : '/'}${path}`
}

module.exports = { isParts, joined, urlOfParts }
