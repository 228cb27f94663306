'use strict'
// Cookies: kept by a client that is asked to, in a jar that clients share, in files, and not shown.

const assert = require('node:assert/strict')
const { mkdtemp, rm, stat, writeFile } = require('node:fs/promises')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { test } = require('node:test')
const { inspect } = require('node:util')
const { Client, CookieJar, fetch } = require('..')
const { useOrigin } = require('./support')

const origin = useOrigin()

const set = (field, to) =>
  `${origin.http}/cookies?set=${encodeURIComponent(field)}${to === undefined ? '' : `&to=${encodeURIComponent(to)}`}`

async function seen(client) {
  return (await client.fetch(`${origin.http}/cookies`)).text()
}

test('cookies are kept by a client that is asked to', async () => {
  for (const [cookies, expected] of [[undefined, '-'], [false, '-'], [true, 'a=1'], [new CookieJar(), 'a=1']]) {
    const client = new Client({ cookies })
    await (await client.request(set('a=1'))).body.dump()
    assert.equal(await seen(client), expected)
    assert.equal(client.cookies === null, expected === '-')
    client.close()
  }
  await (await fetch(set('a=1'))).text()
  assert.equal(await (await fetch(`${origin.http}/cookies`)).text(), '-')
  for (const cookies of ['yes', {}, [], 1]) {
    assert.throws(() => new Client({ cookies }), { name: 'TypeError', message: /option cookies: expected true, false or a CookieJar/ })
  }
})

test('clients share a jar, and redirects set and get cookies hop by hop', async () => {
  const jar = new CookieJar()
  const [first, second] = [new Client({ cookies: jar }), new Client({ cookies: jar })]
  assert.equal(first.cookies, jar)
  const reply = await first.fetch(set('hop=1; Path=/', '/cookies'))
  assert.equal(await reply.text(), 'hop=1')
  assert.equal(await seen(second), 'hop=1')
  const own = new Client({ cookies: true })
  await own.cookies.setCookie('b=2', origin.http)
  assert.equal(await seen(own), 'b=2')
  assert.equal(own.cookies, own.cookies)
  for (const client of [first, second, own]) client.close()
})

test('a jar has what tough-cookie has', async () => {
  const jar = new CookieJar()
  const url = 'https://www.example.com/one/two'
  await jar.setCookie('a=1; Domain=example.com; Path=/; Max-Age=1000', url)
  jar.setCookieSync('b=2; Secure; HttpOnly', new URL(url))
  assert.equal(await jar.getCookieString(url), 'b=2; a=1')
  assert.equal(jar.getCookieStringSync('http://example.com'), 'a=1')
  const [b, a] = await jar.getCookies(url)
  assert.deepEqual({ ...b }, {
    key: 'b', value: '2', domain: 'www.example.com', hostOnly: true, path: '/one', expires: 'Infinity', secure: true, httpOnly: true,
  })
  assert.ok(a.expires instanceof Date && a.expires > new Date())
  assert.equal(a.cookieString(), 'a=1')
  assert.equal(jar.getCookiesSync().length, 2)
  assert.equal(CookieJar.fromJSON(JSON.stringify(jar)).getCookieStringSync(url), 'b=2; a=1')
  assert.equal(jar.removeCookies({ domain: '.example.com' }), 1)
  await jar.removeAllCookies()
  assert.deepEqual(jar.getCookiesSync(), [])
  for (const [field, where, message] of [
    ['a=geheim; Domain=com', url, /public suffix/],
    ['a=geheim', 'nowhere', /url/],
    [7, url, /cookie: expected a string/],
  ]) {
    const error = await jar.setCookie(field, where).catch((reason) => reason)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /geheim/)
  }
})

test('jars are saved and loaded', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'cookies-'))
  const file = path.join(folder, 'jar')
  const jar = new CookieJar()
  jar.setCookieSync('a=1; HttpOnly', 'https://example.com')
  for (const format of ['netscape', 'json']) {
    await jar.save(file, { format })
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    const other = new CookieJar()
    assert.equal(await other.load(file), 1)
    assert.deepEqual(other.toJSON(), jar.toJSON())
  }
  await assert.rejects(jar.save(file, { format: 'yaml' }), { name: 'TypeError', message: /format/ })
  await assert.rejects(jar.save(path.join(folder, 'no', 'jar')), { code: 'ENOENT' })
  await writeFile(file, 'geheim')
  const error = await jar.load(file).catch((reason) => reason)
  assert.match(error.message, /line 1/)
  assert.doesNotMatch(error.message, /geheim/)
  await rm(folder, { recursive: true })
})

test('nothing shows a value', async () => {
  const jar = new CookieJar()
  jar.setCookieSync('a=geheim', 'https://example.com')
  const client = new Client({ cookies: jar })
  assert.doesNotMatch(inspect([jar, jar.getCookiesSync(), client, client.cookies], { depth: 5, showHidden: true }), /geheim/)
  client.close()
})
