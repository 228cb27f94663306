'use strict'
// Response bodies as streams: Node's Readable, web streams, back-pressure, and giving up early.

const assert = require('node:assert/strict')
const { Readable, Writable, finished } = require('node:stream')
const { pipeline } = require('node:stream/promises')
const { beforeEach, test } = require('node:test')
const { setFlagsFromString } = require('node:v8')
const { runInNewContext } = require('node:vm')
const { Client } = require('..')
const { useOrigin } = require('./support')

const origin = useOrigin()
let client
beforeEach(() => {
  client = new Client()
})

/** Reads the rest of what was given up however long that takes beside other work. */
const patient = () => new Client({ drainTimeout: null })

const get = (path) => client.request(origin.http + path)

test('the body is a Readable, for small and large bodies', async () => {
  for (const path of ['/ok', '/bytes/1000000', '/chunked/300000', '/status/204']) {
    const { body } = await get(path)
    assert.ok(body instanceof Readable)
    assert.equal(body.destroyed, false)
    let length = 0
    await pipeline(body, new Writable({
      write(piece, _, done) {
        assert.ok(Buffer.isBuffer(piece))
        length += piece.length
        done()
      },
    }))
    assert.equal(body.readableEnded, true)
    assert.equal(length, { '/ok': 2, '/status/204': 0 }[path] ?? Number(path.split('/')[2]))
  }
  assert.equal(client.stats().opened, 1)
  client.close()
})

test('events and encodings as any Readable has them', async () => {
  const { body } = await get('/json')
  body.setEncoding('utf8')
  let text = ''
  body.on('data', (piece) => (text += piece))
  await new Promise((resolve, reject) => body.on('end', resolve).on('error', reject))
  assert.equal(JSON.parse(text) instanceof Object, true)
  await new Promise((resolve) => finished(body, resolve))
  client.close()
})

test('the mixin: text, json, bytes, arrayBuffer, blob, formData, dump, body', async () => {
  assert.equal(await (await get('/ok')).body.text(), 'ok')
  assert.equal(typeof await (await get('/json')).body.json(), 'object')
  const bytes = await (await get('/bytes/300000')).body.bytes()
  assert.ok(bytes instanceof Uint8Array && !Buffer.isBuffer(bytes))
  assert.equal(bytes.length, 300000)
  assert.equal((await (await get('/bytes/100')).body.arrayBuffer()).byteLength, 100)
  assert.match((await (await get('/json')).body.blob()).type, /json/)
  assert.equal(await (await get('/bytes/100')).body.dump(), null)
  const web = (await get('/bytes/100')).body.body
  assert.ok(web instanceof ReadableStream)
  let length = 0
  for await (const piece of web) length += piece.length
  assert.equal(length, 100)
  client.close()
})

test('a body is read once', async () => {
  const { body } = await get('/ok')
  assert.equal(body.bodyUsed, false)
  await body.text()
  assert.equal(body.bodyUsed, true)
  await assert.rejects(body.text(), { name: 'TypeError', message: /unusable/ })
  const other = (await get('/ok')).body
  other.on('error', () => {})
  assert.equal(await other.text(), 'ok')
  await assert.rejects(other.json(), TypeError)
  client.close()
})

test('a Readable pushes back: what is not read stays in the socket', async () => {
  const size = 64 * 1024 * 1024
  await origin.control('/_reset', 'POST')
  const { body } = await get(`/bytes/${size}`)
  await new Promise((resolve) => body.once('readable', resolve))
  // The server stops when the buffers between are full; it is quiet when two looks differ by no
  // more than the answer to the look itself.
  let sent = -1e6
  for (;;) {
    const now = (await origin.control('/_connections')).bytes_sent
    if (now - sent < 1000) break
    sent = now
  }
  assert.ok(sent < size / 2, `${sent} of ${size} bytes were sent to a reader that does not read`)
  let length = 0
  for await (const piece of body) length += piece.length
  assert.equal(length, size)
  client.close()
})

test('destroying or cancelling early closes the connection', async () => {
  await origin.control('/_reset', 'POST')
  const size = 64 * 1024 * 1024
  const ways = [
    async () => (await get(`/bytes/${size}`)).body.destroy(),
    async () => { for await (const _ of (await get(`/bytes/${size}`)).body) break },
    async () => (await client.fetch(`${origin.http}/bytes/${size}`)).body.cancel(),
    async () => { for await (const _ of (await client.fetch(`${origin.http}/bytes/${size}`)).body) break },
    async () => (await get(`/bytes/${size}`)).body.dump(),
  ]
  for (const way of ways) {
    await way()
    await origin.control('/_connections/wait?open=0')
  }
  assert.equal(client.stats().active, 0)
  client.close()
})

test('giving up little that is left resolves when the connection is free', async () => {
  client = patient()
  const ways = [
    async (target) => (await get(target)).body.dump(),
    async (target) => {
      const { body } = await get(target)
      await new Promise((resolve) => body.once('readable', resolve))
      await body.dump()
    },
    async (target) => (await client.fetch(origin.http + target)).body.cancel(),
  ]
  for (const target of ['/bytes/200000', '/chunked/20000?chunk=1000', '/ok']) {
    for (const way of ways) {
      await way(target)
      assert.deepEqual([client.stats().idle, client.stats().active], [1, 0])
      assert.equal(await (await get('/ok')).body.text(), 'ok')
    }
  }
  assert.equal(client.stats().opened, 1)
  client.close()
})

test('giving up while a piece is waited for resolves when the connection is free', async () => {
  client = patient()
  const ways = {
    stream: async (target) => {
      const { body } = await get(target)
      await new Promise((resolve) => body.once('readable', resolve))
      return () => body.dump()
    },
    web: async (target) => {
      const reader = (await client.fetch(origin.http + target)).body.getReader()
      await reader.read()
      const waiting = reader.read()
      return async () => {
        await reader.cancel()
        assert.deepEqual(await waiting, { done: true, value: undefined })
      }
    },
  }
  for (const [name, begin] of Object.entries(ways)) {
    const giveUp = await begin(`/gate-body/${name}?n=20000&sent=5`)
    await origin.control(`/_gate/${name}/wait?n=1`)
    let done = false
    const gone = giveUp().then(() => (done = true))
    await origin.control('/_connections')
    assert.equal(done, false)
    await origin.control(`/_gate/${name}/open`)
    await gone
    assert.deepEqual([client.stats().idle, client.stats().active], [1, 0], name)
  }
  client.close()
})

test('giving up a body that stalls ends with the drain limit', async () => {
  assert.equal(await (await get('/stall-body?n=100000&sent=10')).body.dump(), null)
  assert.deepEqual([client.stats().idle, client.stats().active], [0, 0])
  const { body } = await get('/stall-body?n=100000&sent=10')
  while (body.read() !== null);
  assert.equal(await body.dump(), null)
  client.close()
})

test('a response that is garbage gives its connection up', async () => {
  client = patient()
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  await origin.control('/_reset', 'POST')
  for (let i = 0; i < 3; i += 1) {
    await get('/stall-body?n=1000000&sent=10')
    await client.fetch(`${origin.http}/stall-body?n=1000000&sent=10`)
  }
  assert.equal((await origin.control('/_connections')).open, 6)
  for (let i = 0; i < 50 && client.stats().active > 0; i += 1) {
    gc()
    await new Promise(setImmediate)
    await origin.control('/_connections')
  }
  assert.equal(client.stats().active, 0)
  // A little that is left is read first; reading that was given up half-way is no different.
  const half = async () => {
    const { body } = await get('/bytes/200000')
    await body[Symbol.asyncIterator]().next()
  }
  await get('/bytes/200000')
  await half()
  for (let i = 0; i < 50 && client.stats().active > 0; i += 1) {
    gc()
    await new Promise(setImmediate)
    await origin.control('/_connections')
  }
  assert.deepEqual([client.stats().idle, client.stats().active], [2, 0])
  client.close()
})

test('a body cut short is an error after what came', async () => {
  const { body } = await get('/wire/truncated_content_length')
  await assert.rejects(async () => { for await (const _ of body); }, { code: 'KA_BODY_TRUNCATED' })
  client.close()
})
