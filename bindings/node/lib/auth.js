'use strict'
// `auth`: who asks. Credentials are texts for the engine; a function says by header fields.

const { argumentError } = require('./errors')
const { Promise } = require('./captured')
const { HeaderBlock, collectHeaders } = require('./headers')
const { abortReason } = require('./abort')

const EXPECTED = 'expected a string, { username, password, scheme }, { bearer }, a function or null'

/** The engine's text of credentials; nothing of them is shown when they are wrong. */
function credentialsText(name, value) {
  if (typeof value !== 'object') throw argumentError(`option ${name}: ${EXPECTED}; got ${typeof value}`)
  const { username, password, scheme, bearer, ...others } = value
  const [strange] = Object.keys(others)
  if (strange !== undefined) throw argumentError(`option ${name}: unknown ${strange}; ${EXPECTED}`)
  if (bearer !== undefined) {
    if (typeof bearer !== 'string') throw argumentError(`option ${name}.bearer: expected a string; got ${typeof bearer}`)
    if (username !== undefined || password !== undefined || scheme !== undefined) {
      throw argumentError(`option ${name}: bearer stands alone`)
    }
    return `bearer ${bearer}`
  }
  for (const [part, text] of Object.entries({ username, password })) {
    if (typeof text !== 'string') throw argumentError(`option ${name}.${part}: expected a string; got ${typeof text}`)
  }
  if (username.includes(':')) throw argumentError(`option ${name}.username: a colon, which ends a user name`)
  if (scheme !== undefined && scheme !== 'basic' && scheme !== 'digest') {
    throw argumentError(`option ${name}.scheme: expected "basic" or "digest"`)
  }
  return `${scheme ?? 'basic'} ${username}:${password}`
}

/**
 * Has `call` see a prepared request and give header fields, which take the place of those of their names.
 * They go to no other origin.
 */
async function authorize(prepared, call) {
  const { method, url, payload, signal } = prepared
  const pieces = prepared.headers === undefined ? [] : prepared.headers.split('\0')
  const fields = []
  for (let i = 0; i + 1 < pieces.length; i += 2) fields.push([pieces[i], pieces[i + 1]])
  const headers = require('./completion_record').fieldObject(fields.flat())
  const given = await abortable(call({ method, url, headers, body: payload }), signal)
  if (given === undefined || given === null) return
  const own = new HeaderBlock()
  collectHeaders(given, own)
  if (own.count === 0) return
  const names = own.text.split('\0').filter((_, i) => i % 2 === 0).slice(0, own.count)
  const lower = new Set(names.map((name) => name.toLowerCase()))
  const block = new HeaderBlock()
  for (const [name, value] of fields) if (!lower.has(name.toLowerCase())) block.add(name, value)
  collectHeaders(given, block)
  prepared.setHeaders(block)
  prepared.addSensitive([...lower])
}

/** What comes of `given`, unless the signal fires before. */
function abortable(given, signal) {
  if (signal === undefined) return given
  return new Promise((resolve, reject) => {
    const stop = () => reject(abortReason(signal))
    const over = (settle) => (value) => {
      signal.removeEventListener('abort', stop)
      settle(value)
    }
    signal.addEventListener('abort', stop, { once: true })
    Promise.resolve(given).then(over(resolve), over(reject))
    if (signal.aborted) stop()
  })
}

module.exports = { authorize, credentialsText }
