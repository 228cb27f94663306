'use strict'
// A redirect that a mock replies with, for requests that ask for redirects to be followed; to others it is a response.

const { KeepaliveError } = require('../errors')
const { FOLLOW, REFUSE } = require('../flags')

const CODES = new Set([301, 302, 303, 307, 308])
const MOST = 20

/** Fields that stay with their origin, and those that go with a body. */
const OF_ORIGIN = new Set(['authorization', 'cookie', 'proxy-authorization'])
const OF_BODY = new Set(['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location'])

/** The request that follows, `{ url, method, headers, body }`; undefined when the response is for the caller. */
async function redirected({ hops, request, url, view }, record) {
  const { decider, flags } = request
  const location = record.fields.find((_, i) => i % 2 === 1 && record.fields[i - 1].toLowerCase() === 'location')
  if (!CODES.has(record.status) || location === undefined || (flags & (FOLLOW | REFUSE)) === 0) return undefined
  const failed = (code, message) => new KeepaliveError({ code, message }, url)
  if ((flags & REFUSE) !== 0) throw failed('KA_INVALID_REDIRECT', 'a redirect came, and the request asks for none')
  if (hops.length >= MOST) throw failed('KA_TOO_MANY_REDIRECTS', `more than ${MOST} redirects`)
  const next = new URL(location, url)
  if (next.hash === '') next.hash = view.hash
  if (decider !== undefined) await asked(decider, next.href, record, failed)
  const toGet = view.method !== 'HEAD' && (record.status === 303 || (record.status < 303 && view.method === 'POST'))
  const leaves = next.origin !== view.origin
  let headers = ''
  for (const [name, value] of Object.entries(view.headers)) {
    if ((leaves && OF_ORIGIN.has(name)) || (toGet && OF_BODY.has(name))) continue
    for (const one of Array.isArray(value) ? value : [value]) headers += `${name}\0${one}\0`
  }
  const kept = headers === '' ? undefined : headers
  return { url: next.href, method: toGet ? 'GET' : view.method, headers: kept, body: toGet ? null : view.body }
}

/** The program's word on a redirect. */
async function asked(decider, target, record, failed) {
  const refusal = await new Promise((resolve) => {
    decider.decide({ text: () => target, head: record.head }, resolve)
  })
  if (refusal !== undefined) throw decider.thrown?.reason ?? failed('KA_REDIRECT_REFUSED', refusal)
}

module.exports = { redirected }
