'use strict'
// What WHATWG's fetch says of its arguments, where that takes more than to pass them on. Loaded by the first
// call of `fetch` that has one of these.

const { MIMEType } = require('node:util')
const { globalClass } = require('./captured')
const { argumentError } = require('./errors')
const { asyncIterator, toStringTag } = require('./captured')

const ANYTHING = '*/*'

/** Members of RequestInit whose values Node's own Request checks. */
const CHECKED = ['cache', 'credentials', 'integrity', 'keepalive', 'mode', 'priority', 'referrer', 'referrerPolicy', 'window']

/** Which older Nodes do not check. */
const PRIORITIES = ['high', 'low', 'auto']

/** Refuses what Node's own fetch refuses, in its words. */
function checkMembers(init) {
  const given = {}
  for (const name of CHECKED) if (init[name] !== undefined) given[name] = init[name]
  // A mode goes with some methods only.
  if (init.mode !== undefined && init.method !== undefined) given.method = init.method
  if (init.priority !== undefined && !PRIORITIES.includes(String(init.priority))) {
    throw argumentError(`Request constructor: ${String(init.priority)} is not an accepted type. Expected one of ${PRIORITIES.join(', ')}.`)
  }
  const Request = globalClass('Request')
  let message
  try {
    new Request('http://localhost/', given)
    return
  } catch (error) {
    ;({ message } = error)
  }
  // Some of Node's forget their own name.
  throw argumentError(message.replace(/^undefined: /, 'Request constructor: '))
}

/** Does what the mode of caching says of the fields of a request that no cache answers. */
function setCaching(cache, block) {
  const add = (name, value) => {
    if (!block.decides(name.toLowerCase())) block.add(name, value)
  }
  if (cache === 'no-store' || cache === 'reload') {
    add('Pragma', 'no-cache')
    add('Cache-Control', 'no-cache')
  } else if (cache === 'no-cache') {
    add('Cache-Control', 'max-age=0')
  }
}

/** A body in pieces is sent while its response may come, which has to be said. */
function checkDuplex(init, body) {
  const { duplex } = init
  if (duplex !== undefined && duplex !== 'half') {
    throw argumentError(`Request constructor: ${String(duplex)} is not an accepted type. Expected one of half.`)
  }
  if (!isStreamed(body)) return
  if (init.keepalive) throw argumentError('RequestInit: keepalive does not go with a body that comes in pieces.')
  if (duplex === undefined) throw argumentError('RequestInit: duplex option is required when sending a body.')
}

function isStreamed(body) {
  if (typeof body !== 'object' || body === null || ArrayBuffer.isView(body)) return false
  return body[toStringTag] === 'ReadableStream' || typeof body[asyncIterator] === 'function'
}

/** The type of a body by the values of Content-Type, '' for none (Fetch, "extract a MIME type"). */
function mimeTypeOf(field) {
  let found
  for (const [one] of field.matchAll(/(?:[^",]|"(?:[^"\\]|\\[^])*"?)+/g)) {
    let type
    try {
      type = new MIMEType(one)
    } catch {
      continue
    }
    if (type.essence === ANYTHING) continue
    const charset = found?.essence === type.essence ? found.params.get('charset') : null
    if (charset !== null && !type.params.has('charset')) type.params.set('charset', charset)
    found = type
  }
  return found === undefined ? '' : String(found)
}

module.exports = { checkDuplex, checkMembers, mimeTypeOf, setCaching }
