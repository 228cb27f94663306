'use strict'
// `fetch` of an origin, as undici's `setGlobalOrigin` sets one, and with a `referrer`: Origin and Referer, and what
// becomes of them and of the response on the way.

const assert = require('node:assert/strict')
const http = require('node:http')
const { after, afterEach, before, test } = require('node:test')
const { Client, fetch } = require('..')
const { listen } = require('./support')

const PLACE = Symbol.for('undici.globalOrigin.1')
let here
let there
const servers = []
before(async () => {
  for (let i = 0; i < 2; i += 1) servers.push(http.createServer(answer))
  here = await listen(servers[0])
  there = (await listen(servers[1])).replace('127.0.0.1', 'localhost')
})
afterEach(() => delete globalThis[PLACE])
after(() => {
  Client.shared().closeIdle()
  for (const server of servers) server.close()
})

function answer(asked, response) {
  const { searchParams } = new URL(asked.url, 'http://x')
  const to = searchParams.get('to')
  if (to !== null) {
    const policy = searchParams.get('policy')
    response.writeHead(Number(searchParams.get('status') ?? 302), { Location: to, ...(policy ? { 'Referrer-Policy': policy } : {}) }).end()
    asked.resume()
    return
  }
  let body = ''
  asked.on('data', (piece) => (body += piece)).on('end', () => response.end(JSON.stringify({ method: asked.method, fields: asked.headers, url: asked.url, body })))
}

function be(page = `${here}/pages/one?q#f`) {
  Object.defineProperty(globalThis, PLACE, { value: new URL(page), configurable: true, writable: true })
}

const leading = (to, more = '', from = here) => `${from}/?to=${encodeURIComponent(to)}${more}`
const told = async (input, init) => (await fetch(input, init)).json()
const said = async (input, init) => {
  const { fields } = await told(input, init)
  return [fields.origin, fields.referer]
}

test('URLs are relative to the page, and without one they are not', async () => {
  await assert.rejects(fetch('two'), { code: 'KA_INVALID_URL' })
  be()
  const response = await fetch('two')
  assert.deepEqual([response.url, response.type], [`${here}/pages/two`, 'basic'])
  assert.equal((await told(new Request('../three'))).url, '/three')
})

test('without a page nothing is said of who asks, but by the caller', async () => {
  assert.deepEqual(await said(here, { method: 'POST' }), [undefined, undefined])
  assert.deepEqual(await said(here, { headers: { Origin: 'o', Referer: 'r' } }), ['o', 'r'])
  assert.deepEqual(await said(here, { referrer: 'http://user:secret@a.example/b#c' }), [undefined, 'http://a.example/'])
  assert.deepEqual(await said(here, { referrer: `${here}/b?c#d` }), [undefined, `${here}/b?c`])
  assert.deepEqual(await said(here, { referrer: '' }), [undefined, undefined])
  assert.deepEqual(await said(new Request(here, { referrer: 'http://a.example/b', referrerPolicy: 'unsafe-url' })), [undefined, 'http://a.example/b'])
})

test('Origin and Referer are those of the page, as far as the policy goes', async () => {
  be()
  const page = `${here}/pages/one?q`
  const rows = [
    [here, {}, undefined, page], [here, { method: 'POST' }, here, page], [there, {}, here, `${here}/`],
    [here, { method: 'PUT', referrerPolicy: 'no-referrer' }, 'null', undefined], [there, { referrerPolicy: 'unsafe-url' }, here, page],
    [there, { referrerPolicy: 'same-origin' }, here, undefined], [here, { referrerPolicy: 'origin' }, undefined, `${here}/`],
    [there, { referrerPolicy: 'origin-when-cross-origin' }, here, `${here}/`], [there, { referrerPolicy: 'strict-origin' }, here, `${here}/`],
    [there, { referrerPolicy: 'no-referrer-when-downgrade' }, here, page], [here, { referrer: 'two#x' }, undefined, `${here}/pages/two`],
    [here, { referrer: `${there}/x` }, undefined, page], [here, { referrer: '' }, undefined, undefined],
    [there, { method: 'POST', mode: 'no-cors', referrerPolicy: 'same-origin' }, undefined, undefined, 'opaque'],
  ]
  for (const [url, init, origin, referrer, type] of rows) {
    const response = await fetch(url, init)
    if (type === 'opaque') continue
    const { fields } = await response.json()
    assert.deepEqual([fields.origin, fields.referer], [origin, referrer], JSON.stringify([url, init]))
    assert.equal(response.type, url === here ? 'basic' : 'cors')
  }
  be('https://secure.example/a')
  assert.deepEqual(await said('http://[::1]:1'.replace('http://[::1]:1', there), {}), ['https://secure.example', 'https://secure.example/'])
})

test('a redirect can change the policy, and taint the origin', async () => {
  be()
  const page = `${here}/pages/one?q`
  assert.deepEqual(await said(leading(`${there}/x`)), [here, `${here}/`])
  assert.deepEqual(await said(leading(`${there}/x`, '&policy=unsafe-url')), [here, page])
  assert.deepEqual(await said(leading('/x', '&policy=nonsense,origin,other')), [undefined, `${here}/`])
  assert.deepEqual(await said(leading('/x', '&policy=no-referrer')), [undefined, undefined])
  assert.deepEqual(await said(leading('/x', '&policy=unsafe-url'), { referrerPolicy: 'origin' }), [undefined, `${here}/`])
  assert.deepEqual(await said(leading('/x', '&policy=unsafe-url'), { referrerPolicy: 'no-referrer' }), [undefined, undefined])
  assert.equal((await said(leading(`${here}/x`, '', there)))[0], 'null')
  const back = await fetch(leading(`${here}/x`, '', there))
  assert.deepEqual([back.type, back.redirected, back.url], ['cors', true, `${here}/x`])
})

test('modes: another origin is refused, or is opaque', async () => {
  be()
  for (const url of [`${there}/x`, leading(`${there}/x`)]) {
    await assert.rejects(fetch(url, { mode: 'same-origin' }), { name: 'TypeError', message: 'fetch failed' })
    const opaque = await fetch(url, { mode: 'no-cors' })
    assert.deepEqual([opaque.type, opaque.status, opaque.ok, opaque.statusText, opaque.url, opaque.body], ['opaque', 0, false, '', '', null])
    assert.deepEqual([[...opaque.headers], await opaque.text()], [[], ''])
  }
  const manual = await fetch(leading('/x'), { redirect: 'manual' })
  assert.deepEqual([manual.type, manual.status, manual.redirected], ['opaqueredirect', 302, false])
  await assert.rejects(fetch(leading('/x'), { redirect: 'error' }), { name: 'TypeError' })
})

test('methods and bodies of redirects are those of the engine', async () => {
  const form = () => {
    const made = new FormData()
    made.append('a', 'b')
    return made
  }
  const rows = [[301, 'POST', 'x'], [302, 'POST', 'x'], [303, 'PUT', 'x'], [307, 'POST', 'x'], [308, 'PUT', form()], [307, 'POST', new Blob(['y'])], [303, 'HEAD', undefined], [302, 'PUT', 'z']]
  for (const [status, method, body] of rows) {
    const seen = async () => {
      const response = await fetch(leading('/x#a', `&status=${status}`), { method, body })
      if (method === 'HEAD') return [response.url, response.status]
      const { body: text, fields, method: used } = await response.json()
      const plain = (value) => value?.replace(/-{2,}[\w-]+/g, '').replace(/boundary=.*/, '')
      return [response.url, used, plain(text), plain(fields['content-type']), fields['content-length'] === undefined]
    }
    const plain = await seen()
    be()
    assert.deepEqual(await seen(), plain, `${status} ${method}`)
    delete globalThis[PLACE]
  }
  be()
  const stream = new Blob(['x']).stream()
  await assert.rejects(fetch(leading('/x', '&status=307'), { method: 'POST', body: stream, duplex: 'half' }), { message: 'fetch failed' })
})

test('secrets stay with their origin', async () => {
  be()
  const headers = { Authorization: 'secret', Cookie: 'secret=1', 'X-Key': 'secret', 'X-Other': 'secret', 'X-Plain': 'kept' }
  const client = new Client({ auth: { username: 'user', password: 'secret' }, sensitiveHeaders: ['x-key'] })
  const seen = async (url, init) => (await (await client.fetch(url, init)).json()).fields
  const away = await seen(leading(`${there}/x`), { headers, sensitiveHeaders: 'X-Other' })
  assert.deepEqual([away['x-plain'], JSON.stringify(away).includes('secret'), away.authorization], ['kept', false, undefined])
  assert.equal((await seen(leading(`${there}/x`), { auth: { bearer: 'own' } })).authorization, undefined)
  assert.equal((await seen(leading('/x'), { headers: { 'x-key': 'secret' } }))['x-key'], 'secret')
  assert.equal((await seen(leading('/x'), { auth: { bearer: 'own' } })).authorization, 'Bearer own')
  const asked = await seen(leading(`${there}/x`), { auth: () => ({ 'X-Token': 'secret' }) })
  assert.equal(asked['x-token'], undefined)
  await client.close()
})

test('where redirects may lead: not for ever, to no other scheme, and where onRedirect says', async () => {
  be()
  for (const to of ['', '?to=', 'http://', 'data:,x', 'ftp://a.example/', 'http://127.0.0.1:6000/', 'http://a:b@localhost/']) {
    await assert.rejects(fetch(leading(to)), { name: 'TypeError', message: 'fetch failed' }, to)
  }
  const bytes = await fetch(leading('/b\u00c3\u00a9?\u00ff'))
  assert.equal(bytes.url, `${here}/b%C3%A9?%FF`)
  const asked = []
  const response = await fetch(leading(`${there}/x`), { onRedirect: (url) => void asked.push(url) })
  assert.deepEqual([asked, response.status], [[`${there}/x`], 200])
  await assert.rejects(fetch(leading('/x'), { onRedirect: () => false }), (error) => /onRedirect refused it/.test(error.cause.message))
  const wrong = new RangeError('mine')
  await assert.rejects(fetch(leading('/x'), { onRedirect: () => { throw wrong } }), (error) => error === wrong)
})

test('an aborted signal and a digest hold here, too', async () => {
  be()
  await assert.rejects(fetch('/', { signal: AbortSignal.abort() }), { name: 'AbortError' })
  await assert.rejects(fetch(leading('/x'), { integrity: 'sha256-AAAA' }), { message: 'fetch failed' })
  assert.equal(await (await fetch('data:,x')).text(), 'x')
})
