'use strict'
// fetch() and its Response, beside what WHATWG and Node's own fetch do.

const assert = require('node:assert/strict')
const { after, test } = require('node:test')
const { Client, Response, fetch } = require('..')
const { useOrigin } = require('./support')

const origin = useOrigin()
after(() => Client.shared().close())

const url = (path) => origin.http + path

test('a Response looks like WHATWG says', async () => {
  const response = await fetch(url('/json'))
  assert.ok(response instanceof Response)
  assert.equal(Object.prototype.toString.call(response), '[object Response]')
  assert.equal(response.ok, true)
  assert.equal(response.status, 200)
  assert.equal(response.statusText, 'OK')
  assert.equal(response.type, 'basic')
  assert.equal(response.url, url('/json'))
  assert.equal(response.redirected, false)
  assert.ok(response.headers instanceof Headers)
  assert.equal(response.headers.get('Content-Length'), '47')
  assert.equal(response.bodyUsed, false)
  const theirs = await globalThis.fetch(url('/json'))
  assert.deepEqual(await response.json(), await theirs.json())
  assert.equal(response.bodyUsed, true)
  assert.equal(response.info.httpVersion, '1.1')
  assert.ok(response instanceof globalThis.Response)
})

test('an error status is not an error', async () => {
  const response = await fetch(url('/status/404'))
  assert.equal(response.ok, false)
  assert.equal(response.status, 404)
  assert.equal(await response.text(), '404')
})

test('each way to read the body', async () => {
  const expected = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251))
  for (const path of ['/bytes/1000', '/chunked/1000?chunk=100', '/close-delimited/1000']) {
    assert.deepEqual(Buffer.from(await (await fetch(url(path))).bytes()), expected)
    const buffer = await (await fetch(url(path))).arrayBuffer()
    assert.ok(buffer instanceof ArrayBuffer)
    assert.deepEqual(Buffer.from(buffer), expected)
    const blob = await (await fetch(url(path))).blob()
    assert.equal(blob.size, 1000)
    assert.deepEqual(Buffer.from(await blob.arrayBuffer()), expected)
    const pieces = []
    for await (const piece of (await fetch(url(path))).body) {
      assert.ok(piece instanceof Uint8Array)
      pieces.push(piece)
    }
    assert.deepEqual(Buffer.concat(pieces), expected)
  }
  const json = await fetch(url('/json'))
  assert.match((await json.blob()).type, /json/)
})

test('text drops a byte order mark and replaces what is not UTF-8', async () => {
  const send = (body) => fetch(url('/echo-body'), { method: 'POST', body })
  assert.equal(await (await send(Buffer.from('\ufeffaé€😀'))).text(), 'aé€😀')
  assert.equal(await (await send(Buffer.from([0x61, 0xff, 0x62]))).text(), 'a\ufffdb')
  const big = '\ufeff' + 'é'.repeat(100_000)
  assert.equal(await (await send(big)).text(), big.slice(1))
  // Read as a stream first, it is dropped too.
  for (const body of ['\ufeffé', big]) {
    const streamed = await send(body)
    assert.ok(streamed.body)
    assert.equal(await streamed.text(), body.slice(1))
    const { body: readable } = await Client.shared().request(url('/echo-body'), { method: 'POST', body })
    assert.equal(readable.readableFlowing, null)
    assert.equal(await readable.text(), body.slice(1))
  }
})

test('a body can be read once', async () => {
  const response = await fetch(url('/ok'))
  await response.text()
  await assert.rejects(response.text(), { name: 'TypeError', message: /unusable/ })
  await assert.rejects(response.json(), TypeError)
  assert.throws(() => response.clone(), TypeError)
  const streamed = await fetch(url('/ok'))
  const reader = streamed.body.getReader()
  await assert.rejects(streamed.text(), TypeError)
  assert.equal(Buffer.from((await reader.read()).value).toString(), 'ok')
  assert.equal(streamed.bodyUsed, true)
  assert.equal((await reader.read()).done, true)
})

test('a byte stream can be read into the caller\'s memory', async () => {
  for (const path of ['/bytes/100', '/chunked/100?chunk=10']) {
    const response = await fetch(url(path))
    const reader = response.body.getReader({ mode: 'byob' })
    const bytes = []
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(7))
      if (done) break
      bytes.push(...value)
    }
    assert.deepEqual(bytes, Array.from({ length: 100 }, (_, i) => i % 251))
  }
})

test('clone gives both halves the body', async () => {
  for (const path of ['/bytes/1000', '/chunked/200000']) {
    const one = await fetch(url(path))
    const two = one.clone()
    assert.equal(two.status, 200)
    assert.equal(two.headers.get('content-type'), one.headers.get('content-type'))
    const [a, b] = await Promise.all([one.bytes(), two.bytes()])
    assert.ok(a.length >= 1000)
    assert.deepEqual(a, b)
  }
})

test('responses without a body', async () => {
  for (const [path, method] of [['/status/204', 'GET'], ['/status/304', 'GET'], ['/head-only', 'HEAD']]) {
    const response = await fetch(url(path), { method })
    assert.equal(response.body, null)
    assert.equal(response.bodyUsed, false)
    assert.equal(await response.text(), '')
    assert.equal((await response.arrayBuffer()).byteLength, 0)
    assert.equal(response.clone().body, null)
  }
})

test('gzip, deflate, br and zstd are asked for and decoded', async () => {
  const plain = await (await fetch(url('/compressible'))).text()
  for (const coding of ['gzip', 'deflate', 'deflate-raw', 'br', 'zstd', 'gzip?chunked=1']) {
    assert.equal(await (await fetch(url(`/${coding}`))).text(), plain)
  }
  const seen = await (await fetch(url('/echo'))).json()
  const field = (name) => seen.headers.find(([one]) => one.toLowerCase() === name)?.[1]
  for (const coding of ['gzip', 'deflate', 'br', 'zstd']) assert.ok(field('accept-encoding').includes(coding))
  assert.equal(field('accept'), '*/*')
  await assert.rejects((async () => (await fetch(url('/gzip?bad=1'))).text())(), (error) => {
    assert.ok(error instanceof TypeError)
    assert.equal(error.cause.code, 'KA_DECODING_FAILED')
    return true
  })
})

test('redirect: follow, error and manual', async () => {
  const followed = await fetch(url('/redirect/301?n=2'))
  assert.equal(followed.redirected, true)
  assert.equal(followed.url, url('/ok'))
  assert.equal(await followed.text(), 'ok')
  const manual = await fetch(url('/redirect/301'), { redirect: 'manual' })
  assert.equal(manual.status, 301)
  assert.ok(manual.headers.get('location'))
  await assert.rejects(fetch(url('/redirect/301'), { redirect: 'error' }), (error) => {
    assert.ok(error instanceof TypeError)
    assert.match(error.cause.message, /redirect refused/)
    return true
  })
  await assert.rejects(fetch(url('/redirect/302?n=100')), (error) => error.cause.code === 'KA_TOO_MANY_REDIRECTS')
})

test('a Request is taken apart', async () => {
  const request = new Request(url('/echo'), {
    method: 'POST',
    headers: { 'X-One': '1' },
    body: 'hello',
  })
  const seen = await (await fetch(request)).json()
  assert.equal(seen.method, 'POST')
  assert.equal(Buffer.from(seen.body_b64, 'base64').toString(), 'hello')
  assert.ok(seen.headers.some(([name, value]) => name === 'x-one' && value === '1'))
  await assert.rejects(fetch(request), TypeError)
})

test('set-cookie fields stay apart', async () => {
  const client = new Client()
  const http = require('node:http')
  const { listen } = require('./support')
  const server = http.createServer((_, response) => {
    response.setHeader('Set-Cookie', ['a=1', 'b=2'])
    response.end()
  })
  const base = await listen(server)
  assert.deepEqual((await client.fetch(base)).headers.getSetCookie(), ['a=1', 'b=2'])
  assert.deepEqual((await client.request(base)).headers['set-cookie'], ['a=1', 'b=2'])
  client.close()
  server.close()
})

test('form data comes back as form data', async () => {
  const form = new FormData()
  form.set('one', '1')
  form.set('file', new File(['abc'], 'a.txt', { type: 'text/plain' }))
  const response = await fetch(url('/echo-body'), { method: 'POST', body: form })
  const back = await response.formData()
  assert.equal(back.get('one'), '1')
  assert.equal(back.get('file').name, 'a.txt')
  assert.equal(await back.get('file').text(), 'abc')
})
