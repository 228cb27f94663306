'use strict'
// `fetch` of somebody: of the origin that undici's `setGlobalOrigin` has set, or with a `referrer`. Says who asks
// (Origin, Referer), and sends each hop itself, since what it says changes on the way (Fetch, "HTTP-redirect fetch"). Where
// a redirect leads is the engine's to say.

const { URL } = require('node:url')
const { Elsewhere } = require('./elsewhere')
const { KeepaliveError, fetchFailed } = require('./errors')
const { FOLLOW, MANUAL, REWIND, STREAM } = require('./flags')
const { FetchHeaders, collectHeaders } = require('./headers')

const POLICIES = new Set([
  'no-referrer', 'no-referrer-when-downgrade', 'origin', 'origin-when-cross-origin', 'same-origin', 'strict-origin',
  'strict-origin-when-cross-origin', 'unsafe-url',
])

class Page {
  constructor(base, { mode, policy, referrer }, follows) {
    this.base = base // its URL, if it has one
    this.mode = mode
    this.policy = policy
    this.referrer = referrer // a URL; undefined for none
    this.block = new FetchHeaders() // the fields of the request, without those that are told here
    this.client = undefined // its native half
    this.follows = follows
    this.tainting = 'basic'
    this.isTainted = false // it came by way of an origin that is neither the page's nor the next one
    this.way = undefined // what the response is told of it
  }

  get origin() {
    return this.base === undefined ? undefined : this.base.origin
  }

  /** Sends, until there is a head that leads nowhere. */
  async send(prepared, send) {
    let elsewhere
    this.take(prepared.headers)
    for (let redirects = 0; ; redirects += 1) {
      const from = new URL(prepared.url)
      this.meet(from)
      const { text, count } = this.block
      this.tell(prepared, from)
      const incoming = await send()
      const { record } = incoming
      if (this.follows) {
        const flags = prepared.flags ^ (FOLLOW | MANUAL)
        elsewhere ??= new Elsewhere(this.client, { ...prepared, flags, headers: text, headerCount: count })
        const led = await elsewhere.follow(record, prepared.decider)
        if (led !== undefined) {
          incoming.close()
          this.policy = policyOf(fieldOf(record, 'referrer-policy')) ?? this.policy
          this.change(prepared, led, from)
          continue
        }
      }
      const type = this.tainting
      this.way = { type, redirected: redirects > 0 && type !== 'opaque' }
      return incoming
    }
  }

  /** The fields that are not told here. */
  take(headers) {
    this.block = new FetchHeaders()
    collectHeaders(headers === undefined ? [] : headers.split('\0').slice(0, -1), this.block)
  }

  /** Fetch, "main fetch": what a request to that URL is to the page. */
  meet(url) {
    if (this.base === undefined) return
    if (this.tainting === 'basic' && url.origin === this.origin) return
    if (this.mode === 'same-origin') throw refused('another origin with the mode "same-origin"', url)
    this.tainting = this.mode === 'no-cors' ? 'opaque' : 'cors'
  }

  /** Origin and Referer. */
  tell(prepared, url) {
    // What is left of it is all that the next hop can tell.
    const referrer = this.referrerFor(url)
    this.referrer = referrer === undefined ? undefined : new URL(referrer)
    const origin = this.originFor(prepared.method, url)
    const { block } = this
    // They take the place of the caller's, for this hop.
    const { names, values, lower } = block
    const kept = { names: [...names], values: [...values], lower: [...lower] }
    for (const [name, value] of [['Referer', referrer], ['Origin', origin]]) {
      if (value === undefined) continue
      block.leave(name.toLowerCase())
      block.push(name.toLowerCase(), name, value)
    }
    prepared.headers = block.text
    prepared.headerCount = block.count
    Object.assign(block, kept)
  }

  originFor(method, url) {
    if (this.base === undefined) return undefined
    const origin = this.isTainted ? 'null' : this.origin
    if (this.tainting === 'cors') return origin
    if (method === 'GET' || method === 'HEAD') return undefined
    switch (this.policy) {
      case 'no-referrer':
        return 'null'
      case 'no-referrer-when-downgrade':
      case 'strict-origin':
      case 'strict-origin-when-cross-origin':
        return this.base.protocol === 'https:' && url.protocol !== 'https:' ? 'null' : origin
      case 'same-origin':
        return url.origin === this.origin ? origin : 'null'
      default:
        return origin
    }
  }

  /** Referrer Policy, "determine request's referrer". */
  referrerFor(url) {
    const { policy, referrer } = this
    if (referrer === undefined || policy === 'no-referrer') return undefined
    const origin = `${referrer.origin}/`
    const plain = new URL(referrer)
    plain.username = plain.password = plain.hash = ''
    const whole = plain.href.length > 4096 ? origin : plain.href
    const isSame = referrer.origin === url.origin
    const isDowngrade = isTrustworthy(referrer) && !isTrustworthy(url)
    switch (policy) {
      case 'origin':
        return origin
      case 'unsafe-url':
        return whole
      case 'strict-origin':
        return isDowngrade ? undefined : origin
      case 'same-origin':
        return isSame ? whole : undefined
      case 'origin-when-cross-origin':
        return isSame ? whole : origin
      case 'no-referrer-when-downgrade':
        return isDowngrade ? undefined : whole
      default:
        if (isSame) return whole
        return isDowngrade ? undefined : origin
    }
  }

  /** Makes the request the one that follows. */
  change(prepared, { headers, keepsBody, method, url }, from) {
    prepared.url = url
    prepared.method = method
    this.take(headers)
    if (!keepsBody) {
      prepared.payload = prepared.upload = prepared.length = undefined
      prepared.flags &= ~(STREAM | REWIND)
    } else if (prepared.upload !== undefined) {
      prepared.upload = prepared.upload.again()
    }
    prepared.leave('raw_target')
    if (new URL(url).origin === from.origin) return
    if (this.base !== undefined && from.origin !== this.origin) this.isTainted = true
    prepared.leaveOrigin()
  }
}

function refused(reason, { href }) {
  return fetchFailed(new KeepaliveError({ code: 'KA_REDIRECT_REFUSED', message: `redirect refused: ${reason}` }, href))
}

function fieldOf({ fields }, name) {
  for (let i = 0; i < fields.length; i += 2) if (fields[i].toLowerCase() === name) return fields[i + 1]
  return undefined
}

/** The last policy of a field that is known. */
function policyOf(field = '') {
  return field.toLowerCase().split(',').map((one) => one.trim()).findLast((one) => POLICIES.has(one))
}

function isTrustworthy({ hostname, protocol }) {
  return protocol === 'https:' || /^(localhost|.*\.localhost|127(\.[0-9]+){3}|\[::1\])$/.test(hostname)
}

/** Has `prepared` be sent for the page at `base`, with what a Request and its `init` say of it. */
function usePage(prepared, base, source, init) {
  const hasInit = Object.keys(init).length !== 0
  const given = init.referrer ?? (hasInit ? undefined : source?.referrer)
  const policy = init.referrerPolicy ?? (hasInit ? undefined : source?.referrerPolicy)
  const mode = init.mode ?? source?.mode ?? 'cors'
  const told = { mode, policy: policy || 'strict-origin-when-cross-origin', referrer: referrerOf(given, base) }
  prepared.page = new Page(base === undefined ? undefined : new URL(base), told, (prepared.flags & FOLLOW) !== 0)
  if ((prepared.flags & FOLLOW) !== 0) prepared.flags ^= FOLLOW | MANUAL
}

/** Fetch, the constructor of Request: of whom it may be told. */
function referrerOf(given, base) {
  if (given === '') return undefined
  const own = base === undefined ? undefined : new URL(base)
  if (given === undefined) return own
  const url = new URL(given, base)
  const isClient = url.href.startsWith('about:client') || (own !== undefined && url.origin !== own.origin)
  const of = isClient ? own : url
  return of !== undefined && /^https?:$/.test(of.protocol) ? of : undefined
}

module.exports = { usePage }
