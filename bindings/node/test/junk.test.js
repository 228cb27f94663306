'use strict'
// 200 junk calls of every entry point: each ends, none crashes, and none costs another its answer.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const keepalive = require('..')
const { Client, CookieJar, KeepaliveError } = keepalive
const { junk, options, random } = require('./junk_values')
const { useOrigin } = require('./support')

const origin = useOrigin()
const COUNT = 200
let directory
let client
before(async () => {
  await origin.ready
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ka-junk-'))
  client = new Client({ totalTimeout: 20_000 })
})
after(() => {
  client.close()
  fs.rmSync(directory, { recursive: true })
})

const NAMES = [
  'method', 'headers', 'body', 'query', 'signal', 'redirect', 'decompress', 'decode', 'rawTarget', 'path', 'cookies', 'trailers',
  'maxRedirections', 'maxResponseSize', 'onInfo', 'onProgress', 'onRedirect', 'opaque', 'responseHeaders', 'throwOnError', 'auth', 'proxy',
  'noProxy', 'proxyHeaders', 'connectTimeout', 'headersTimeout', 'bodyTimeout', 'unixSocket', 'localAddress', 'tlsPins', 'caFile', 'minSpeed',
  'cache', 'credentials', 'mode', 'integrity', 'duplex', 'referrer', 'window', 'dispatcher', 'agent', 'protocol', 'fsync', 'resume', '__proto__', 'zz',
]
const CLIENT_NAMES = [
  'lookup', 'maxResponseSize', 'cookies', 'auth', 'onRedirect', 'profile', 'maxPerHost', 'maxTotal', 'idleTimeout', 'resolve', 'proxy', 'trustEnv',
  'caPem', 'clientCertPem', 'clientKeyPem', 'tlsPins', 'userAgent', 'pipelining', 'hedge', 'sensitiveHeaders', 'connectTo', 'keylogFile', 'rejectUnauthorized', 'zz',
]

const target = (pick) => (pick(3) === 0 ? junk(pick) : `${origin.http}/echo`)

/** What is called with junk; each gives what it is to be waited for. */
const ENTRIES = {
  request: (pick) => client.request(target(pick), options(pick, NAMES)).then(({ body }) => body.dump()),
  requestInParts: (pick) => client.request({ origin: target(pick), path: junk(pick), ...Object(options(pick, NAMES)) }).then(({ body }) => body.dump()),
  fetch: (pick) => client.fetch(target(pick), options(pick, NAMES)).then((response) => response.body?.cancel()),
  fetchOfRequest: (pick) => client.fetch(new Request(`${origin.http}/echo`, { method: 'POST', body: 'x' }), options(pick, NAMES)).then((response) => response.arrayBuffer()),
  upgrade: (pick) => client.upgrade(target(pick), options(pick, NAMES)).then(({ socket }) => socket.destroy()),
  connect: (pick) => client.connect(target(pick), options(pick, NAMES)).then(({ socket }) => socket.destroy()),
  download: (pick) => client.download(target(pick), pick(2) === 0 ? path.join(directory, 'file') : notADescriptor(junk(pick)), options(pick, NAMES)),
  warm: (pick) => client.warm(target(pick), pick(2) === 0 ? 1 : junk(pick)),
  resetBreaker: (pick) => client.resetBreaker(target(pick)),
  client: (pick) => new Client(options(pick, CLIENT_NAMES)).destroy(),
  sharedFunctions: (pick) => [keepalive.request, keepalive.fetch, keepalive.upgrade, keepalive.connect][pick(4)](junk(pick), options(pick, NAMES)),
  jar(pick) {
    const jar = new CookieJar()
    const calls = ['setCookieSync', 'getCookiesSync', 'getCookieStringSync', 'setCookie', 'getCookies', 'getCookieString', 'load', 'removeCookies']
    return jar[calls[pick(calls.length)]](junk(pick), junk(pick))
  },
  jarFromJson: (pick) => CookieJar.fromJSON(junk(pick)),
  listeners: (pick) => new Client().on(junk(pick), junk(pick)).destroy(),
}

/** No file of this process's is to be written to. */
function notADescriptor(value) {
  return typeof value === 'number' || typeof value === 'string' ? Symbol('no place') : value
}

for (const [name, call] of Object.entries(ENTRIES)) {
  test(`${name}: 200 junk calls`, async () => {
    const pick = random(0x9e3779b9 + name.length * 7919)
    const good = []
    const errors = { other: 0, typed: 0, fine: 0 }
    for (let i = 0; i < COUNT; i += 1) {
      if (i % 10 === 0) good.push(client.request(`${origin.http}/ok`).then(({ body }) => body.text()))
      try {
        await call(pick)
        errors.fine += 1
      } catch (error) {
        const typed = error instanceof TypeError || error instanceof KeepaliveError || error?.code !== undefined
        errors[typed ? 'typed' : 'other'] += 1
        assert.doesNotMatch(String(error?.message), /panick|KA_PANIC|KA_INTERNAL|is not a function at|Cannot read propert/, `${name} ${i}: ${error?.stack}`)
      }
    }
    // What the caller's own getters, functions and signals throw comes through as it is.
    assert.equal(errors.other + errors.typed + errors.fine, COUNT)
    assert.ok(errors.typed + errors.fine > COUNT / 2, JSON.stringify(errors))
    assert.deepEqual(await Promise.all(good), good.map(() => 'ok'))
    assert.equal((await client.request(`${origin.http}/ok`)).statusCode, 200)
  })
}
