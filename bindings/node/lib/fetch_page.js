'use strict'
// `fetch` of somebody: of the origin that undici's `setGlobalOrigin` has set, or with a `referrer`. Says who asks
// (Origin, Referer), and follows redirects itself, since what it says changes on the way (Fetch, "HTTP-redirect fetch").

const { URL } = require('node:url')
const { KeepaliveError, fetchFailed } = require('./errors')
const { FOLLOW, MANUAL, REWIND, STREAM } = require('./flags')
const { FetchHeaders, collectHeaders } = require('./headers')
const { hasCredentials } = require('./redirects')

const REDIRECTS = new Set([301, 302, 303, 307, 308])
const MOST = 20

/** Fields about a body that is not sent again. */
const OF_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length']
/** Fields that are for no other origin. */
const SECRETS = ['authorization', 'proxy-authorization', 'cookie']
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
    this.sensitive = [] // names of fields of the client's that go to no other origin
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
    let from = new URL(prepared.url)
    const given = prepared.headers === undefined ? [] : prepared.headers.split('\0').slice(0, -1)
    collectHeaders(given, this.block)
    for (let redirects = 0; ; redirects += 1) {
      this.meet(from)
      this.tell(prepared, from)
      const incoming = await send()
      const { record } = incoming
      const location = REDIRECTS.has(record.status) ? fieldOf(record, 'location') : undefined
      if (!this.follows || location === undefined) {
        const isUnfollowed = !this.follows && REDIRECTS.has(record.status)
        const type = isUnfollowed ? 'opaqueredirect' : this.tainting
        this.way = { type, redirected: redirects > 0 && type !== 'opaque' }
        return incoming
      }
      const next = nextOf(location, from)
      if (redirects === MOST) throw refused('redirect count exceeded', from, 'KA_TOO_MANY_REDIRECTS')
      if (this.tainting === 'cors' && hasCredentials(next)) throw refused('credentials in the URL of a redirect to another origin', from)
      if (from.protocol === 'https:' && next.protocol === 'http:' && !mayDowngrade(prepared)) {
        throw refused('it leads from https to http (option redirectDowngrade of the request)', from)
      }
      await asked(prepared, record, next)
      this.policy = policyOf(fieldOf(record, 'referrer-policy')) ?? this.policy
      this.change(prepared, record.status, from, next)
      incoming.close()
      prepared.url = next.href
      from = next
    }
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
  change(prepared, status, from, next) {
    const { method, upload } = prepared
    if ((status === 303 && method !== 'GET' && method !== 'HEAD') || (status < 303 && method === 'POST')) {
      prepared.method = 'GET'
      prepared.payload = prepared.upload = prepared.length = undefined
      prepared.flags &= ~(STREAM | REWIND)
      for (const name of OF_BODY) this.block.leave(name)
    } else if (upload !== undefined) {
      if (!upload.isRewindable) throw refused('it wants the body again, which can be sent once', from, 'KA_INVALID_REDIRECT')
      prepared.upload = upload.again()
    }
    prepared.leave('raw_target')
    if (next.origin === from.origin) return
    if (this.base !== undefined && from.origin !== this.origin) this.isTainted = true
    for (const name of [...SECRETS, ...this.sensitive, ...prepared.sensitive]) this.block.leave(name)
    prepared.leaveOrigin()
  }
}

/** RFC 9110, 10.2.2, and what of it fetch can ask for. */
function nextOf(location, from) {
  let next
  try {
    // It is bytes, and may be UTF-8 or not.
    next = new URL(location.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`), from)
  } catch {
    throw refused('the Location of the redirect is no URL', from, 'KA_INVALID_REDIRECT')
  }
  if (next.protocol !== 'http:' && next.protocol !== 'https:') {
    throw refused(`a redirect to a URL of ${next.protocol}`, from, 'KA_INVALID_REDIRECT')
  }
  if (next.hash === '') next.hash = from.hash
  return next
}

function mayDowngrade({ own = [] }) {
  return own[own.indexOf('redirect_downgrade') + 1] === 'true' && own.includes('redirect_downgrade')
}

/** Has the rules of fetch, and the program, be asked. */
async function asked(prepared, record, next) {
  const { decider } = prepared
  const refusal = await new Promise((resolve) => decider.decide({ head: record.head, text: () => next.href }, resolve))
  if (refusal === undefined) return
  throw decider.thrown === undefined ? refused(refusal, record) : decider.thrown.reason
}

function refused(reason, { href, url = href }, code = 'KA_REDIRECT_REFUSED') {
  return fetchFailed(new KeepaliveError({ code, message: `redirect refused: ${reason}` }, url))
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
