'use strict'
// Request bodies of every kind, and what happens when their source misbehaves.

const assert = require('node:assert/strict')
const { Readable } = require('node:stream')
const { Blob } = require('node:buffer')
const { after, test } = require('node:test')
const { Client } = require('..')
const { seenBy, useOrigin } = require('./support')

const origin = useOrigin()
const client = new Client()
after(() => client.close())

async function post(body, headers) {
  const response = await client.request(`${origin.http}/echo`, { method: 'POST', body, headers })
  return seenBy(await response.body.json())
}

test('bodies in memory go with their length', async () => {
  const bytes = Buffer.from('héllo')
  const view = new Uint8Array(Buffer.from('..héllo..')).subarray(2, 8)
  const shared = new Uint8Array(new SharedArrayBuffer(6))
  shared.set(bytes)
  const words = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 6))
  const bodies = ['héllo', bytes, view, view.slice().buffer, shared, words, new DataView(words.buffer)]
  for (const body of bodies) {
    const seen = await post(body)
    assert.equal(seen.text, 'héllo')
    assert.equal(seen.field('content-length'), '6')
    assert.equal(seen.field('transfer-encoding'), undefined)
  }
  assert.equal((await post('')).field('content-length'), '0')
})

test('bodies with a type of their own', async () => {
  const params = await post(new URLSearchParams({ a: 'x y', b: 'é' }))
  assert.equal(params.text, 'a=x+y&b=%C3%A9')
  assert.match(params.field('content-type'), /^application\/x-www-form-urlencoded/)
  const blob = await post(new Blob(['abc', 'def'], { type: 'text/x' }))
  assert.equal(blob.text, 'abcdef')
  assert.equal(blob.field('content-type'), 'text/x')
  assert.equal(blob.field('content-length'), '6')
  const form = new FormData()
  form.set('na"me', 'line\nend')
  form.set('file', new Blob(['x'.repeat(100)]), 'f.bin')
  const sent = await post(form)
  assert.match(sent.field('content-type'), /^multipart\/form-data; boundary=/)
  assert.equal(Number(sent.field('content-length')), sent.text.length)
  assert.match(sent.text, /name="na%22me"\r\n\r\nline\r\nend\r\n/)
  assert.equal((await post('x', { 'content-type': 'mine' })).field('content-type'), 'mine')
  const fetched = await client.fetch(`${origin.http}/echo`, { method: 'POST', body: 'x' })
  const headers = (await fetched.json()).headers
  assert.ok(headers.some(([name, value]) => name === 'Content-Type' && value === 'text/plain;charset=UTF-8'))
})

test('bodies in pieces are chunked', async () => {
  const sources = [
    Readable.from([Buffer.from('ab'), Buffer.from('cd')]),
    new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array([97, 98]))
        controller.enqueue(new Uint8Array([99, 100]))
        controller.close()
      },
    }),
    (async function* () {
      yield 'ab'
      yield new Uint8Array(0)
      yield new Uint8Array([99, 100]).buffer
    })(),
    { [Symbol.iterator]: () => ['ab', Buffer.from('cd')].values() },
  ]
  for (const source of sources) {
    const seen = await post(source)
    assert.equal(seen.text, 'abcd')
    assert.equal(seen.field('transfer-encoding'), 'chunked')
  }
  for (const source of [['äb', Buffer.from('cd')], new Set(['äb', 'cd'])]) {
    const seen = await post(source)
    assert.equal(seen.field('content-length'), '5')
    assert.equal(seen.field('transfer-encoding'), undefined)
  }
  const known = await post(Readable.from([Buffer.from('abcd')]), { 'Content-Length': '4' })
  assert.equal(known.text, 'abcd')
  assert.equal(known.field('content-length'), '4')
  assert.equal(known.field('transfer-encoding'), undefined)
})

test('a large upload arrives whole', async () => {
  const piece = Buffer.alloc(64 * 1024, 'x')
  async function* pieces() {
    for (let i = 0; i < 160; i += 1) yield piece
  }
  const target = `${origin.http}/upload-count`
  const streamed = await client.request(target, { method: 'POST', body: pieces() })
  assert.equal(await streamed.body.text(), String(160 * piece.length))
  const whole = await client.request(target, { method: 'POST', body: Buffer.alloc(10_000_000) })
  assert.equal(await whole.body.text(), '10000000')
})

test('a slow server slows the producer', async () => {
  const piece = Buffer.alloc(256 * 1024, 'x')
  let produced = 0
  async function* pieces() {
    for (let i = 0; i < 400; i += 1) {
      produced += 1
      yield piece
    }
  }
  const sent = client.request(`${origin.http}/upload-count?gate=slow`, { method: 'POST', body: pieces() })
  await origin.control('/_gate/slow/wait')
  // The producer stops by itself when the socket's buffers are full: two looks see the same.
  for (let last = -1; produced !== last; await origin.control('/_connections')) last = produced
  assert.ok(produced < 400, `${produced} pieces of 400 were produced`)
  await origin.control('/_gate/slow/open')
  assert.equal(await (await sent).body.text(), String(400 * piece.length))
})

test('a source that fails rejects the request with its error as cause', async () => {
  const reason = new Error('disk on fire')
  const failing = [
    Readable.from((async function* () { yield Buffer.from('a'); throw reason })()),
    (async function* () { yield 'a'; throw reason })(),
    new ReadableStream({ pull() { throw reason } }),
    (function* () { throw reason })(),
  ]
  for (const body of failing) {
    await assert.rejects(client.request(`${origin.http}/echo`, { method: 'POST', body }), (error) => {
      assert.equal(error.code, 'KA_BODY_SOURCE_FAILED')
      assert.match(error.message, /disk on fire/)
      assert.equal(error.cause, reason)
      return true
    })
  }
  const wrong = client.request(`${origin.http}/echo`, { method: 'POST', body: [7] })
  await assert.rejects(wrong, { code: 'KA_INVALID_ARGUMENT', message: /a piece must be a string or bytes; got number/ })
  const short = client.request(`${origin.http}/echo`, {
    method: 'POST',
    body: ['abc'][Symbol.iterator](),
    headers: { 'content-length': '10' },
  })
  await assert.rejects(short, { code: 'KA_BODY_LENGTH_MISMATCH' })
})

test('a stream that was read or destroyed is refused', async () => {
  const target = `${origin.http}/echo`
  const read = Readable.from(['a'])
  for await (const _ of read);
  await assert.rejects(client.request(target, { method: 'POST', body: read }), /body: the stream has already been read/)
  const locked = new ReadableStream()
  locked.getReader()
  await assert.rejects(client.request(target, { method: 'POST', body: locked }), /body: the stream is locked/)
})

test('an early response stops the upload and releases the source', async () => {
  let returned = false
  async function* pieces() {
    try {
      for (;;) yield Buffer.alloc(64 * 1024)
    } finally {
      returned = true
    }
  }
  // It goes at once; a generator that was not begun has nothing to release.
  const headers = { expect: '' }
  const response = await client.request(`${origin.http}/early?status=413`, { method: 'POST', body: pieces(), headers })
  assert.equal(response.statusCode, 413)
  await response.body.text()
  await new Promise(setImmediate)
  assert.equal(returned, true)
  const source = new Readable({ read() { this.push(Buffer.alloc(64 * 1024)) } })
  const second = await client.request(`${origin.http}/early?status=413`, { method: 'POST', body: source })
  assert.equal(second.statusCode, 413)
  await second.body.dump()
  assert.equal(source.destroyed, true)
})
