'use strict'
// What JavaScript gets of a body is memory that it may keep, transfer and outlive its worker with.

const assert = require('node:assert/strict')
const { constants } = require('node:buffer')
const { once } = require('node:events')
const http = require('node:http')
const net = require('node:net')
const { Worker } = require('node:worker_threads')
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

test('a large arrayBuffer is transferred without a copy', async () => {
  const size = 40 * MB
  for (const path of [`/bytes/${size}`, `/chunked/${size}?chunk=100000`]) {
    for (const read of [
      async (url) => (await client.request(url)).body.arrayBuffer(),
      async (url) => (await client.fetch(url)).arrayBuffer(),
      async (url) => (await (await client.fetch(url)).bytes()).buffer,
    ]) {
      const whole = await read(origin.http + path)
      assert.equal(whole.byteLength, size)
      const before = process.memoryUsage().arrayBuffers
      const moved = structuredClone(whole, { transfer: [whole] })
      const grown = process.memoryUsage().arrayBuffers - before
      assert.equal(whole.byteLength, 0)
      assert.equal(moved.byteLength, size)
      assert.ok(grown < size / 2, `${grown} bytes more`)
      assert.ok(right(new Uint8Array(moved, 0, MB)))
    }
  }
})

test('a piece that is transferred takes no other along', async () => {
  for (const base of [origin.http, origin.https]) {
    const { body } = await client.request(`${base}/bytes/${6 * MB}`)
    const kept = []
    let moved = 0
    let length = 0
    for await (const piece of body) {
      assert.ok(right(piece, length))
      if (kept.length % 2 === 0) kept.push({ piece, from: length })
      else {
        moved += structuredClone(piece.buffer, { transfer: [piece.buffer] }).byteLength
        kept.push(undefined)
      }
      length += kept.at(-1) === undefined ? 0 : piece.length
      if (kept.at(-1) === undefined) length = kept.reduce((sum, one) => sum + (one?.piece.length ?? 0), 0) + moved
    }
    assert.equal(length, 6 * MB)
    for (const one of kept) if (one !== undefined) assert.ok(right(one.piece, one.from))
  }
})

const giving = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { Client, fetch } = require(workerData.entry)
  const { base, way, size } = workerData
  const give = (array) => parentPort.postMessage(array, [array.buffer])
  const ways = {
    async body() {
      for await (const piece of (await fetch(base + '/bytes/' + size)).body) give(piece)
    },
    async tee() {
      const [one, other] = (await fetch(base + '/chunked/' + size)).body.tee()
      const drained = (async () => { for await (const _ of other); })()
      for await (const piece of one) give(piece)
      await drained
    },
    async stream() {
      const { body } = await Client.shared().request(base + '/bytes/' + size)
      for await (const piece of body) give(new Uint8Array(piece.buffer))
    },
    async relayed() {
      const { readable, writable } = new TransformStream({ transform: (piece, to) => to.enqueue(piece) })
      const moving = (await fetch(base + '/bytes/' + size)).body.pipeTo(writable)
      for await (const piece of readable) give(piece)
      await moving
    },
    async whole() {
      give(new Uint8Array(await (await fetch(base + '/bytes/' + size)).arrayBuffer()))
    },
  }
  ways[way]().then(() => process.exit(0))
`

test('what a worker gave away outlives it', { timeout: 120_000 }, async () => {
  const size = 3 * MB
  const kept = []
  for (let round = 0; round < 4; round += 1) {
    for (const way of ['body', 'tee', 'stream', 'relayed', 'whole']) {
      const worker = new Worker(giving, {
        eval: true,
        workerData: { entry: require.resolve('..'), base: origin.http, way, size },
      })
      const pieces = []
      worker.on('message', (piece) => pieces.push(piece))
      await once(worker, 'exit')
      kept.push({ way, pieces })
      // The allocator gives what was freed to somebody else.
      for (let i = 0; i < 20; i += 1) Buffer.alloc(512 * 1024, 0xff)
    }
  }
  for (const { way, pieces } of kept) {
    let length = 0
    for (const piece of pieces) {
      assert.ok(right(piece, length), way)
      length += piece.length
    }
    assert.equal(length, size, way)
  }
})

test('a worker may end in the middle of large bodies, at any moment', { timeout: 120_000 }, async () => {
  const ended = await runNode(`
    const { once } = require('node:events')
    const { Worker } = require('node:worker_threads')
    const source = \`
      const { parentPort, workerData } = require('node:worker_threads')
      const { fetch, request } = require('./index.js')
      const again = async (read) => { for (;;) await read() }
      const url = workerData + '/bytes/20000000'
      again(async () => (await fetch(url)).arrayBuffer())
      again(async () => (await request(workerData + '/chunked/20000000')).body.bytes())
      again(async () => { for await (const _ of (await request(url)).body) parentPort.postMessage('piece') })
      again(async () => { for await (const _ of (await fetch(url)).body); })
    \`
    ;(async () => {
      for (let round = 0; round < 12; round += 1) {
        const worker = new Worker(source, { eval: true, workerData: process.argv[1] })
        for (let i = 0; i < 3 + round; i += 1) await once(worker, 'message')
        await worker.terminate()
      }
      console.log('done')
    })()
  `, [origin.http])
  assert.deepEqual(ended, { code: 0, signal: null, stdout: 'done\n', stderr: '' })
})

/** A server that answers with these bytes and closes. */
async function answering(bytes) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(bytes))
  })
  const url = await listen(server)
  server.unref()
  return { url, server }
}

/** A zstd frame of `count` blocks of 128 KiB of zeros each: four bytes a block. */
function zstdBomb(count) {
  const block = (last) => {
    const head = (128 * 1024 << 3) | (1 << 1) | (last ? 1 : 0)
    return Buffer.from([head & 0xff, (head >> 8) & 0xff, (head >> 16) & 0xff, 0])
  }
  const blocks = Array.from({ length: count }, (_, i) => block(i === count - 1))
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]), ...blocks])
}

test('a body beyond maxBodySize is an error that names it, however it comes', async () => {
  const limited = new Client({ maxBodySize: 3 * MB, caPem: origin.ca })
  const bomb = zstdBomb(400)
  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: ${bomb.length}\r\n\r\n`
  const packed = await answering(Buffer.concat([Buffer.from(head, 'latin1'), bomb]))
  const urls = [
    `${origin.http}/bytes/${4 * MB}`,
    `${origin.https}/bytes/${4 * MB}`,
    `${origin.http}/chunked/${4 * MB}?chunk=100000`,
    `${origin.http}/close-delimited/${4 * MB}`,
    packed.url,
  ]
  for (const url of urls) {
    for (const read of ['arrayBuffer', 'bytes', 'text', 'blob']) {
      await assert.rejects(async () => (await limited.fetch(url))[read](), (error) => {
        assert.ok(error instanceof TypeError)
        assert.match(error.cause.message, /maxBodySize/, `${url} ${read}`)
        assert.equal(error.cause.phase, 'body')
        return true
      })
    }
    // Streams have no such limit.
    let length = 0
    for await (const piece of (await limited.fetch(url)).body) length += piece.length
    assert.ok(length > 3 * MB)
  }
  const small = new Client({ maxBodySize: 3 })
  await assert.rejects((await small.request(`${origin.http}/bytes/4`)).body.bytes(), /maxBodySize/)
  await assert.rejects((await small.request(`${origin.http}/bytes/4`)).body.text(), /maxBodySize/)
  assert.equal((await (await small.request(`${origin.http}/bytes/3`)).body.bytes()).length, 3)
  while (limited.stats().active > 0) await origin.control('/_connections')
  limited.close()
  packed.server.close()
})

test('a body beyond what a buffer can have is an error before it is allocated', async () => {
  const free = new Client({ maxBodySize: 0 })
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${constants.MAX_LENGTH + 1}\r\n\r\n`
  const server = http.createServer().on('connection', (socket) => {
    socket.removeAllListeners('data')
    socket.on('error', () => {}).once('data', () => socket.write(head))
  })
  const url = await listen(server)
  for (const read of ['arrayBuffer', 'text']) {
    const response = await free.fetch(url)
    const before = process.memoryUsage().arrayBuffers
    await assert.rejects(response[read](), (error) => /maxBodySize/.test(error.cause.message))
    assert.ok(process.memoryUsage().arrayBuffers - before < 10 * MB)
  }
  free.close()
  server.closeAllConnections()
  server.close()
})
