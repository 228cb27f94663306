'use strict'
// Large bodies: whole, in pieces, cut short, and what they leave in memory.

const assert = require('node:assert/strict')
const { createHash, randomBytes } = require('node:crypto')
const http = require('node:http')
const { after, before, test } = require('node:test')
const { Client } = require('..')
const { listen, right, runNode, useOrigin } = require('./support')

const MB = 1_000_000
const origin = useOrigin()
let client
before(async () => {
  await origin.ready
  client = new Client({ caPem: origin.ca })
})
after(() => client.close())

test('whole and in pieces, by every framing, plain and over TLS', async () => {
  for (const base of [origin.http, origin.https]) {
    for (const path of ['bytes', 'chunked', 'close-delimited']) {
      const url = `${base}/${path}/${5 * MB}`
      const whole = await (await client.request(url)).body.bytes()
      assert.ok(whole.length === 5 * MB && right(whole), url)
      const fetched = new Uint8Array(await (await client.fetch(url)).arrayBuffer())
      assert.ok(fetched.length === 5 * MB && right(fetched), url)
      let length = 0
      for await (const piece of (await client.request(url)).body) {
        assert.ok(right(piece, length), url)
        length += piece.length
      }
      assert.equal(length, 5 * MB, url)
      length = 0
      for await (const piece of (await client.fetch(url)).body) {
        assert.ok(right(piece, length), url)
        length += piece.length
      }
      assert.equal(length, 5 * MB, url)
    }
  }
  assert.equal(client.stats().active, 0)
})

test('pieces share no memory that JavaScript can see', async () => {
  const { body } = await client.request(`${origin.http}/bytes/${4 * MB}`)
  const pieces = []
  for await (const piece of body) pieces.push(piece)
  const copies = pieces.map((piece) => Buffer.from(piece))
  pieces[0].fill(255)
  assert.ok(pieces.slice(1).every((piece, i) => piece.equals(copies[i + 1])))
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  assert.equal(length, 4 * MB)
})

test('a fast body lets the event loop turn', async () => {
  let turns = 0
  const turn = () => {
    turns += 1
    next = setImmediate(turn)
  }
  let next = setImmediate(turn)
  for await (const _ of (await client.request(`${origin.http}/bytes/${50 * MB}`)).body);
  clearImmediate(next)
  assert.ok(turns >= 20, `${turns} turns`)
})

test('a body that ends before its length is an error after what came', async () => {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { 'content-length': 8 * MB, connection: 'close' })
    response.write(Buffer.alloc(3 * MB, 'x'), () => response.destroy())
  })
  const url = await listen(server)
  const truncated = { code: 'KA_BODY_TRUNCATED' }
  let length = 0
  await assert.rejects(async () => {
    for await (const piece of (await client.request(url)).body) length += piece.length
  }, truncated)
  assert.equal(length, 3 * MB)
  await assert.rejects((await client.request(url)).body.bytes(), truncated)
  await assert.rejects((await client.fetch(url)).bytes(), (error) => error.cause.code === truncated.code)
  server.close()
})

test('an abort in the middle ends a large body', async () => {
  client.closeIdle()
  for (const read of [
    async (body) => { for await (const _ of body); },
    (body) => body.bytes(),
  ]) {
    const abort = new AbortController()
    const { body } = await client.request(`${origin.http}/stall-body?n=${9 * MB}&sent=${5 * MB}`, { signal: abort.signal })
    const reading = read(body)
    setImmediate(() => abort.abort(new Error('enough')))
    await assert.rejects(reading, /enough/)
    await origin.control('/_connections/wait?open=0')
    assert.equal(client.stats().active, 0)
  }
})

test('a length that is not kept costs no memory', async () => {
  const url = `${origin.http}/stall-body?n=200000000&sent=1000`
  const before = process.memoryUsage().rss
  const abort = new AbortController()
  const reading = Array.from({ length: 20 }, async () => {
    await (await client.request(url, { signal: abort.signal })).body.bytes()
  })
  while (client.stats().active < 20) await origin.control('/_connections')
  const grown = process.memoryUsage().rss - before
  abort.abort()
  await Promise.allSettled(reading)
  assert.ok(grown < 200 * MB, `${grown} bytes for 4 GB that were announced`)
})

const memory = `
const { Client } = require('.')
const { readFileSync } = require('node:fs')
const most = () => Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
async function main([url, way]) {
  const client = new Client()
  await (await client.request(url + '/bytes/1000000')).body.bytes()
  const before = most()
  if (way === 'whole') {
    await (await client.request(url + '/bytes/100000000')).body.bytes()
  } else {
    for (let i = 0; i < 3; i += 1) {
      for await (const _ of (await client.request(url + '/bytes/100000000')).body);
    }
  }
  console.log(most() - before)
}
main(process.argv.slice(1))
`

test('memory: a body in pieces takes what V8 lets become garbage, a whole one itself once', async () => {
  for (const [way, limit] of [['pieces', 100_000], ['whole', 125_000]]) {
    const { stdout, stderr } = await runNode(memory, [origin.http, way])
    assert.ok(Number(stdout) > 0 && Number(stdout) < limit, `${way}: ${stdout} KB ${stderr}`)
  }
})

test('large bytes are sent as they are, a second time too, and no more of them than there are', async () => {
  const sizes = [1024 * 1024 + 1, 5 * MB]
  const seen = []
  const server = http.createServer(async (request, response) => {
    const hash = createHash('sha256')
    try {
      for await (const piece of request) hash.update(piece)
    } catch {
      return // the body that is given up on purpose
    }
    seen.push([request.url, request.headers['content-length'], hash.digest('hex')])
    if (request.url === '/again') response.writeHead(307, { location: '/here' })
    response.end()
  })
  const url = await listen(server)
  for (const size of sizes) {
    const bytes = randomBytes(size + 2).subarray(1, -1)
    const digest = createHash('sha256').update(bytes).digest('hex')
    for (const body of [bytes, new Uint32Array(bytes.buffer.slice(0, 4 * Math.floor(size / 4))), bytes.buffer.slice(1, -1)]) {
      seen.length = 0
      const { statusCode } = await client.request(`${url}/again`, { method: 'POST', body, redirect: 'follow' })
      const same = createHash('sha256').update(Buffer.from(body.buffer ?? body, body.byteOffset, body.byteLength)).digest('hex')
      assert.equal(statusCode, 200)
      assert.deepEqual(seen, ['/again', '/here'].map((path) => [path, String(body.byteLength), same]))
    }
    assert.equal((await client.fetch(`${url}/here`, { method: 'POST', body: bytes })).status, 200)
    assert.equal(seen.at(-1)[2], digest)
  }

  const bytes = new Uint8Array(20 * MB)
  const sent = client.request(`${url}/here`, { method: 'POST', body: bytes })
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  await assert.rejects(sent, (error) => error.code === 'KA_BODY_SOURCE_FAILED' && /transferred/.test(error.cause.message))
  server.closeAllConnections()
  server.close()
})
