'use strict'
// What fetch takes from WHATWG beyond sending a request: local URLs, integrity, modes, and the words of its errors.

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const { after, test } = require('node:test')
const keepalive = require('..')
const { Client, Response, fetch } = keepalive
const { useOrigin } = require('./support')

const origin = useOrigin()
after(() => Client.shared().close())

const url = (path) => origin.http + path

test('the classes are those of the global scope', () => {
  assert.equal(keepalive.Headers, globalThis.Headers)
  assert.equal(keepalive.Request, globalThis.Request)
  assert.equal(keepalive.FormData, globalThis.FormData)
  assert.ok(new Response('x') instanceof globalThis.Response)
  assert.equal(Response.error().type, 'error')
  const moved = Response.redirect('http://a.example/', 301)
  assert.deepEqual([moved.status, moved.headers.get('location')], [301, 'http://a.example/'])
})

test('Response.json makes one', async () => {
  const made = Response.json({ a: 1 }, { status: 201 })
  assert.deepEqual([made.status, made.headers.get('content-type'), await made.json()], [201, 'application/json', { a: 1 }])
})

test('fields of a response cannot be changed', async () => {
  const { headers } = await fetch(url('/ok'))
  for (const change of [() => headers.append('a', 'b'), () => headers.set('a', 'b'), () => headers.delete('a')]) {
    assert.throws(change, { name: 'TypeError', message: 'immutable' })
  }
  assert.ok(headers instanceof Headers)
  assert.equal(new Headers(headers).get('content-length'), headers.get('content-length'))
})

test('data: URLs are what they say', async () => {
  for (const [text, type, body] of [
    ['data:,a%20b#c', 'text/plain;charset=US-ASCII', 'a b'],
    ['data:text/html;charset=utf-8,<p>%zz', 'text/html;charset=utf-8', '<p>%zz'],
    ['data:;base64,aGVs%20bG8', 'text/plain', 'hello'],
    ['data:x/y ; BASE64 ,aGVsbG8=', 'x/y', 'hello'],
    ['data:nonsense;base64,YQ', 'text/plain;charset=US-ASCII', 'a'],
  ]) {
    const given = await fetch(text)
    const theirs = await globalThis.fetch(text)
    assert.deepEqual([given.headers.get('content-type'), await given.text()], [theirs.headers.get('content-type'), await theirs.text()], text)
    assert.deepEqual([given.status, given.ok, given.type, given.url], [200, true, 'basic', theirs.url], text)
    assert.ok(given instanceof Response && given.info.connectionId === 0)
    if (!text.includes('BASE64') && !text.startsWith('data:;')) assert.deepEqual([type, body], [given.headers.get('content-type'), body])
  }
  for (const wrong of ['data:nothing', 'data:;base64,a', 'data:;base64,!!!!']) {
    await assert.rejects(fetch(wrong), (error) => error instanceof TypeError && error.message === 'fetch failed' && error.cause instanceof Error)
  }
  assert.equal((await fetch('data:,x', { method: 'HEAD' })).body, null)
  await assert.rejects(fetch('data:,x', { signal: AbortSignal.abort() }), { name: 'AbortError' })
})

test('blob: URLs are streamed, whole and in ranges', async () => {
  const text = 'hello world'
  const blob = URL.createObjectURL(new Blob([text], { type: 'text/x' }))
  const whole = await fetch(blob)
  assert.deepEqual(
    [whole.status, whole.url, whole.headers.get('content-length'), whole.headers.get('content-type'), await whole.clone().text(), await whole.text()],
    [200, blob, '11', 'text/x', text, text],
  )
  for (const [range, part, place] of [
    ['bytes=1-3', 'ell', 'bytes 1-3/11'], ['bytes=-3', 'rld', 'bytes 8-10/11'], ['bytes=6-', 'world', 'bytes 6-10/11'],
  ]) {
    const given = await fetch(blob, { headers: { Range: range } })
    assert.deepEqual([given.status, given.headers.get('content-range'), await given.text()], [206, place, part])
  }
  for (const init of [{ method: 'POST' }, { headers: { range: 'bytes=99-' } }, { headers: { range: 'bytes=3-1' } }, { headers: { range: 'x' } }]) {
    await assert.rejects(fetch(blob, init), { name: 'TypeError', message: 'fetch failed' })
  }
  URL.revokeObjectURL(blob)
  await assert.rejects(fetch(blob), { name: 'TypeError' })
})

test('integrity is checked before anything is handed out', async () => {
  const bytes = await (await fetch(url('/chunked/300000'))).bytes()
  const digest = (algorithm, of = bytes) => `${algorithm}-${createHash(algorithm).update(of).digest('base64')}`
  const right = [
    digest('sha256'), digest('sha512').replace(/\+/g, '-').replace(/\//g, '_'), `${digest('sha256', 'x')} ${digest('sha384')}`,
    `sha384-AAAA ${digest('sha384')}`, `${digest('sha256')}?option`, 'md5-unknown', '',
  ]
  for (const integrity of right) {
    const given = await fetch(url('/chunked/300000'), { integrity })
    assert.deepEqual(await given.bytes(), bytes, integrity)
    assert.equal(given.url, url('/chunked/300000'))
    assert.ok(given.info.bytesReceived > 300000)
  }
  for (const integrity of ['sha256-AAAA', `${digest('sha256')} sha384-AAAA`, digest('sha256', 'x')]) {
    for (const target of [url('/chunked/300000'), 'data:,y']) {
      await assert.rejects(fetch(target, { integrity }), (error) => error instanceof TypeError && error.cause.message === 'integrity mismatch')
    }
  }
  const of = (text) => new Request(url(text), { integrity: 'sha256-AAAA' })
  await assert.rejects(fetch(of('/ok')), { name: 'TypeError' })
  assert.equal(await (await fetch('data:,a', { integrity: digest('sha256', 'a') })).text(), 'a')
})

test('a redirect that is not followed says so, and where it leads', async () => {
  for (const init of [{ redirect: 'manual' }, undefined]) {
    const given = init === undefined ? new Request(url('/redirect/302'), { redirect: 'manual' }) : url('/redirect/302')
    const moved = await fetch(given, init)
    assert.deepEqual([moved.type, moved.status, moved.ok, moved.redirected], ['opaqueredirect', 302, false, false])
    assert.ok(moved.headers.get('location'))
    assert.equal(moved.clone().type, 'opaqueredirect')
  }
  assert.equal((await fetch(url('/ok'), { redirect: 'manual' })).type, 'basic')
})

test('members of init are checked as Node checks them', async () => {
  const wrong = [
    { cache: 'x' }, { credentials: 'x' }, { mode: 'x' }, { mode: 'navigate' }, { referrerPolicy: 'x' }, { window: {} },
    { cache: 'only-if-cached' }, { referrer: 'http://' }, { cache: 'no-store', mode: 'navigate' },
  ]
  for (const init of wrong) {
    const theirs = await globalThis.fetch(url('/ok'), init).then(assert.fail, (error) => error)
    const ours = await fetch(url('/ok'), init).then(assert.fail, (error) => error)
    assert.equal(ours.name, theirs.name)
    const plain = (error) => error.message.replace(/^(undefined|Request constructor): /, '')
    assert.equal(plain(ours), plain(theirs), JSON.stringify(init))
  }
  for (const init of [{ cache: 'force-cache' }, { credentials: 'include' }, { mode: 'no-cors' }, { mode: 'same-origin', cache: 'only-if-cached' }, { keepalive: true, priority: 'high', referrer: 'about:client', window: null }]) {
    assert.equal((await fetch(url('/ok'), init)).status, 200)
  }
})

test('the mode of caching is told to those on the way', async () => {
  const seen = async (init) => {
    const { headers } = await (await fetch(url('/echo'), init)).json()
    const field = (name) => headers.find(([one]) => one.toLowerCase() === name)?.[1]
    return [field('cache-control'), field('pragma')]
  }
  assert.deepEqual(await seen({}), [undefined, undefined])
  assert.deepEqual(await seen({ cache: 'no-store' }), ['no-cache', 'no-cache'])
  assert.deepEqual(await seen({ cache: 'reload', headers: { 'Cache-Control': 'max-age=9' } }), ['max-age=9', 'no-cache'])
  assert.deepEqual(await seen({ cache: 'no-cache' }), ['max-age=0', undefined])
})

test('a body in pieces needs duplex, and nothing else does', async () => {
  const send = (body, duplex) => fetch(url('/echo-body'), { method: 'POST', body, ...(duplex === undefined ? {} : { duplex }) })
  const streams = () => [
    new ReadableStream({ start: (controller) => controller.close() }),
    (async function* () { yield 'x' })(),
    require('node:stream').Readable.from(['x']),
  ]
  const message = 'RequestInit: duplex option is required when sending a body.'
  for (const body of streams()) await assert.rejects(send(body), { name: 'TypeError', message })
  for (const body of streams()) assert.equal((await send(body, 'half')).status, 200)
  for (const body of ['x', Buffer.from('x'), new Blob(['x']), new URLSearchParams('a=b'), new FormData()]) {
    assert.equal((await send(body)).status, 200)
    await assert.rejects(send(body, 'full'), { name: 'TypeError', message: /full is not an accepted type/ })
  }
})
