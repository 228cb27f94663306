'use strict'
// request(): undici's forms of where, of results and of limits; hooks, cookies and trailers of one request.

const assert = require('node:assert/strict')
const http = require('node:http')
const { after, before, test } = require('node:test')
const { AsyncLocalStorage } = require('node:async_hooks')
const { Client, request } = require('..')
const { listen, seenBy, useOrigin } = require('./support')

const origin = useOrigin()
const client = new Client()
let server
let base
before(async () => {
  server = http.createServer((asked, answer) => {
    let body = ''
    asked.on('data', (data) => (body += data)).on('end', () => {
      if (asked.url === '/teapot') {
        answer.writeHead(418, 'teapot', { 'Content-Type': 'application/problem+json', 'Set-Cookie': 'a=geheim' })
        answer.end('{"why":"tea"}')
      } else if (asked.url.startsWith('/status/')) {
        const [, , status, type, text] = asked.url.split('/')
        answer.writeHead(Number(status), { 'Content-Type': `text/${type}` })
        answer.end(text)
      } else {
        answer.setHeader('X-Seen', 'one')
        answer.end(JSON.stringify({ url: asked.url, method: asked.method, fields: asked.headers, body, trailers: asked.trailers }))
      }
    })
  })
  base = await listen(server)
})
after(() => {
  client.close()
  server.close()
  Client.shared().close()
})
const seen = async (...given) => (await client.request(...given)).body.json()

test('a place in parts', async () => {
  const { hostname, port } = new URL(base)
  for (const given of [
    [{ origin: base, path: '/a?b=c' }],
    [{ origin: new URL(base), path: 'a?b=c' }],
    [{ protocol: 'http:', hostname, port, path: '/a?b=c' }],
    [{ protocol: 'http', hostname, port: Number(port), pathname: '/a', search: '?b=c' }],
    [base, { path: '/a?b=c' }],
    [new URL(base), { path: 'a?b=c' }],
  ]) {
    assert.equal((await seen(...given)).url, '/a?b=c')
  }
  const whole = await seen({ origin: base, path: '/', method: 'PUT', body: 'x', headers: { 'X-A': '1' } })
  assert.deepEqual([whole.method, whole.body, whole.fields['x-a']], ['PUT', 'x', '1'])
  assert.equal((await (await request({ origin: base, path: '/z' }, { method: 'POST' })).body.json()).method, 'POST')
  for (const wrong of [{}, { path: '/' }, { origin: 5, path: '/' }, { origin: base, path: 7 }, { origin: 'x', path: '/' }, { protocol: 'http:', hostname, port: 'a b', path: '/' }]) {
    await assert.rejects(client.request(wrong), { name: 'TypeError' }, JSON.stringify(wrong))
  }
  await assert.rejects(client.request({ origin: base, path: '/', methd: 'PUT' }), { name: 'TypeError', message: /did you mean method/ })
})

test('opaque and raw fields', async () => {
  const mark = {}
  const result = await client.request(`${base}/`, { opaque: mark, responseHeaders: 'raw' })
  assert.equal(result.opaque, mark)
  assert.deepEqual(result.headers.slice(0, 2), ['X-Seen', 'one'])
  assert.equal(result.headers.length % 2, 0)
  await result.body.dump()
  const plain = await client.request(`${base}/`, { opaque: 0 })
  assert.deepEqual([plain.opaque, plain.headers['x-seen'], typeof (await plain.body.json())], [0, 'one', 'object'])
  await assert.rejects(client.request(base, { responseHeaders: 'cooked' }), { name: 'TypeError', message: /responseHeaders/ })
})

test('throwOnError rejects with the status, and what is said of it', async () => {
  const error = await client.request(`${base}/teapot`, { throwOnError: true }).then(assert.fail, (reason) => reason)
  assert.deepEqual(
    [error.name, error.code, error.statusCode, error.status, error.body, error.headers['content-type']],
    ['ResponseStatusCodeError', 'UND_ERR_RESPONSE_STATUS_CODE', 418, 418, { why: 'tea' }, 'application/problem+json'],
  )
  assert.doesNotMatch(require('node:util').inspect(error), /geheim/)
  assert.ok(error.info.connectionId > 0)
  const text = await client.request(`${base}/status/500/plain/oops`, { throwOnError: true }).then(assert.fail, (reason) => reason)
  assert.equal(text.body, 'oops')
  const large = await client.request(`${origin.http}/status/404`, { throwOnError: true }).then(assert.fail, (reason) => reason)
  assert.equal(large.statusCode, 404)
  assert.equal((await client.request(`${base}/status/399/plain/x`, { throwOnError: true })).statusCode, 399)
  assert.equal((await client.request(`${base}/teapot`, { throwOnError: false })).statusCode, 418)
})

test('so many redirects, and then the response', async () => {
  const at = (most) => client.request(`${origin.http}/redirect/302?n=3`, { maxRedirections: most })
  for (const most of [0, 1, 2]) {
    const { statusCode, info, headers } = await at(most)
    assert.deepEqual([statusCode, info.redirects, typeof headers.location], [302, most, 'string'])
  }
  const last = await at(3)
  assert.deepEqual([last.info.redirects === 3 || last.statusCode, (await at(50)).statusCode], [true, 200])
  for (const wrong of [-1, 1.5, '1', {}]) await assert.rejects(at(wrong), { name: 'TypeError', message: /maxRedirections/ })
})

test('interim responses are told as they come', async () => {
  const store = new AsyncLocalStorage()
  const heads = []
  const { body } = await store.run('mine', () => client.request(`${origin.http}/informational?code=103`, {
    onInfo: (info) => heads.push([info.statusCode, info.headers.link, store.getStore()]),
  }))
  assert.deepEqual(heads, [[103, '</style.css>', 'mine']])
  await body.dump()
  const thrown = new RangeError('mine')
  const failing = client.request(`${origin.http}/informational?code=103`, { onInfo() { throw thrown } })
  await assert.rejects(failing, (error) => error === thrown)
  await assert.rejects(client.request(base, { onInfo: 5 }), { name: 'TypeError', message: /onInfo/ })
})

test('progress of what is sent and of what comes', async () => {
  const size = 3_000_000
  const all = []
  const { body } = await client.request(`${origin.http}/echo-body`, {
    method: 'POST', body: Buffer.alloc(size, 'x'), onProgress: (progress) => all.push(progress),
  })
  assert.equal((await body.bytes()).length, size)
  for (const upload of [true, false]) {
    const of = all.filter((one) => one.upload === upload)
    assert.deepEqual(of.map(({ total }) => total), of.map(() => size))
    assert.equal(of.at(-1).bytes, size)
    assert.deepEqual(of.map(({ bytes }) => bytes), of.map(({ bytes }) => bytes).sort((a, b) => a - b))
  }
  assert.deepEqual([all.at(-1).bytes, all.at(-1).upload], [size, false])
  const streamed = []
  const echoed = await client.request(`${origin.http}/echo-body`, {
    method: 'POST', body: (function* () { for (let i = 0; i < 10; i += 1) yield 'x'.repeat(1000) })(), onProgress: (one) => streamed.push(one),
  })
  for await (const piece of echoed.body) piece.toString()
  assert.ok(streamed.some(({ upload, bytes }) => upload && bytes === 10_000))
  assert.ok(streamed.some(({ upload, bytes }) => !upload && bytes === 10_000))
  const thrown = new Error('enough')
  const failing = client.request(`${origin.http}/bytes/${size}`, { onProgress() { throw thrown } })
  await assert.rejects(failing.then(({ body: rest }) => rest.bytes()), (error) => error === thrown)
  await assert.rejects(client.request(base, { onProgress: {} }), { name: 'TypeError', message: /onProgress/ })
})

test('cookies of one request', async () => {
  const keeping = new Client({ cookies: true })
  keeping.cookies.setCookieSync('kept=1', base)
  const cookie = async (cookies) => (await (await keeping.request(base, { cookies })).body.json()).fields.cookie
  assert.equal(await cookie(undefined), 'kept=1')
  assert.equal(await cookie({ own: '2' }), 'kept=1; own=2')
  assert.equal(await cookie({ kept: '3' }), 'kept=3')
  assert.equal(await cookie(false), undefined)
  assert.equal(await cookie(null), 'kept=1')
  assert.equal((await seen(base, { cookies: { a: 'b', c: 'd' } })).fields.cookie, 'a=b; c=d')
  for (const wrong of [true, 'a=b', { a: 1 }, { 'a;b': 'c' }, { a: 'x\r\ny' }, { a: 'b\0c' }]) {
    await assert.rejects(client.request(base, { cookies: wrong }), { name: 'TypeError' }, JSON.stringify(wrong))
  }
  keeping.close()
})

test('trailers follow a body, given and told', async () => {
  const whole = await seen(base, { method: 'POST', body: 'x', trailers: { 'X-Sum': 'one', 'X-Told': () => 'two' } })
  assert.deepEqual([whole.body, whole.trailers, whole.fields.trailer], ['x', { 'x-sum': 'one', 'x-told': 'two' }, 'X-Sum, X-Told'])
  const { createHash } = require('node:crypto')
  const hash = createHash('sha256')
  const pieces = async function* () {
    for (const piece of ['a', 'b', 'c']) {
      hash.update(piece)
      yield piece
    }
  }
  const streamed = await seen(base, { method: 'POST', body: pieces(), trailers: { 'X-Sum': () => hash.digest('hex'), 'X-Number': 5 } })
  assert.deepEqual(streamed.trailers, { 'x-sum': createHash('sha256').update('abc').digest('hex'), 'x-number': '5' })
  const thrown = new Error('mine')
  const failing = client.request(base, { method: 'POST', body: ['a', 'b'], trailers: { 'X-Sum'() { throw thrown } } })
  await assert.rejects(failing, (error) => error.code === 'KA_BODY_SOURCE_FAILED' && error.cause === thrown)
  for (const trailers of ['x', { Host: 'a' }, { 'Content-Length': '1' }, { 'a b': '1' }, { a: 'x\r\ny' }, { a: '\u0100' }]) {
    await assert.rejects(client.request(base, { method: 'POST', body: 'x', trailers }), { name: 'TypeError' }, JSON.stringify(trailers))
  }
  await assert.rejects(client.request(base, { trailers: { a: 'b' } }), { name: 'TypeError', message: /no body/ })
})

test('a response of at most so many bytes, however it is read', async () => {
  const readers = {
    text: ({ body }) => body.text(),
    async iterated({ body }) { for await (const piece of body) piece.toString() },
    async streamed({ body }) { for await (const piece of body.body) piece.toString() },
    listened: ({ body }) => new Promise((resolve, reject) => body.on('data', () => {}).on('end', resolve).on('error', reject)),
  }
  for (const path of ['/bytes/100000', '/chunked/100000?chunk=1000', '/close-delimited/100000']) {
    for (const [name, read] of Object.entries(readers)) {
      const sent = (most) => client.request(origin.http + path, { maxResponseSize: most }).then(read)
      await assert.rejects(sent(99_999), { code: 'KA_BODY_TOO_LARGE', message: /maxResponseSize/ }, `${path} ${name}`)
      await sent(100_000)
      await sent(-1)
    }
  }
  const small = new Client({ maxResponseSize: 10 })
  await assert.rejects((async () => (await small.fetch(`${origin.http}/chunked/5000`)).text())(), (error) => error.cause.code === 'KA_BODY_TOO_LARGE')
  await assert.rejects((async () => (await small.request(`${origin.http}/json`)).body.text())(), { code: 'KA_BODY_TOO_LARGE' })
  assert.equal(await (await small.request(`${origin.http}/ok`)).body.text(), 'ok')
  small.close()
  assert.throws(() => new Client({ maxResponseSize: 'x' }), { name: 'TypeError', message: /maxResponseSize/ })
})

test('a function for redirects makes no request one that may be sent twice', async () => {
  // The connection is closed under the second request, after it has come whole.
  const seenBodies = []
  const closing = http.createServer((asked, answer) => {
    let body = ''
    asked.on('data', (data) => (body += data)).on('end', () => {
      seenBodies.push(body)
      if (body === 'once') asked.socket.destroy()
      else answer.end('ok')
    })
  })
  const target = await listen(closing)
  await (await client.request(target, { method: 'POST', body: 'first' })).body.text()
  await assert.rejects(client.request(target, { method: 'POST', body: 'once', onRedirect: () => true }))
  assert.deepEqual(seenBodies, ['first', 'once'])
  closing.close()
})

test('what echo sees of a plain request has not changed', async () => {
  const echoed = await (await client.request(`${origin.http}/echo`, { method: 'POST', body: 'x' })).body.json()
  assert.equal(seenBy(echoed).text, 'x')
})
