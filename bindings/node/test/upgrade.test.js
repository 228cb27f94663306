'use strict'
// `upgrade` and `connect`: Duplexes over connections that speak another protocol, and `ws` on top.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { readFileSync } = require('node:fs')
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const { pipeline } = require('node:stream/promises')
const { inspect } = require('node:util')
const { after, before, describe, test } = require('node:test')
const { Worker } = require('node:worker_threads')
const WebSocket = require('ws')
const { Client, KeepaliveError, connect, upgrade } = require('..')
const { useOrigin } = require('./support')

const origin = useOrigin()
const large = Buffer.alloc(1 << 20, 'some bytes or other ')
let client

before(async () => {
  await origin.ready
  client = new Client({ caFile: origin.ca_file })
})
after(() => client.close())

async function socketOf(path, scheme = 'http') {
  const { socket, statusCode, headers, info } = await client.upgrade(origin[scheme] + path, { protocol: 'echo' })
  assert.equal(statusCode, 101)
  assert.equal(headers.upgrade, 'echo')
  assert.equal(typeof info.connectionId, 'number')
  assert.equal(socket.encrypted, scheme === 'https')
  return socket
}

async function collect(stream) {
  const pieces = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

for (const scheme of ['http', 'https']) {
  describe(scheme, () => {
    test('what came with the head is read first, and the halves end apart', async () => {
      const socket = await socketOf('/upgrade', scheme)
      assert.equal(client.stats().active, 0)
      socket.write('pi')
      socket.end('ng')
      assert.equal(String(await collect(socket)), 'helloping')
      assert.ok(socket.destroyed, 'both halves have ended')
    })

    test('a megabyte goes both ways at once, however slowly it is read', async () => {
      const socket = await socketOf('/upgrade?first=', scheme)
      const sent = (async function* () {
        for (let at = 0; at < large.length; at += 10_000) yield large.subarray(at, at + 10_000)
      })()
      const [came] = await Promise.all([collect(socket), pipeline(sent, socket, { end: true }).catch(() => {})])
      assert.ok(came.equals(large), `${came.length} bytes`)
    })

    test('nothing is read that is not wanted, and writes wait for the peer', async () => {
      const socket = await socketOf('/upgrade?first=', scheme)
      let written = 0
      const more = () => {
        while (socket.write(large)) written += 1
      }
      // The echo stops when nobody reads it: then writes wait too.
      more()
      assert.equal(socket.writableNeedDrain, true)
      assert.ok(socket.readableLength <= 128 * 1024)
      socket.end()
      const came = await collect(socket)
      assert.equal(came.length, large.length * (written + 1))
    })

    test('destroying it ends what is under way', async () => {
      const socket = await socketOf('/upgrade?first=', scheme)
      socket.resume()
      socket.write('x')
      await once(socket, 'data')
      socket.destroy()
      await once(socket, 'close')
      assert.equal(socket.errored, null)
      const failed = await socketOf('/upgrade?first=', scheme)
      failed.destroy(new RangeError('mine'))
      const [error] = await once(failed, 'error')
      assert.equal(error.message, 'mine')
    })
  })
}

test('ends that are none are errors', async () => {
  const cut = await socketOf('/upgrade?limit=1&notify=0', 'https')
  cut.allowHalfOpen = true
  cut.write('x')
  const pieces = []
  cut.on('data', (piece) => pieces.push(piece))
  const [error] = await once(cut, 'error')
  assert.ok(error instanceof KeepaliveError)
  assert.equal(error.code, 'KA_TLS_PROTOCOL')
  assert.match(error.message, /without close_notify/)
  assert.equal(String(Buffer.concat(pieces)), 'hellox')
  const reset = await socketOf('/upgrade?limit=1&end=reset')
  reset.write('x')
  reset.resume()
  const [broken] = await once(reset, 'error')
  assert.equal(broken.code, 'KA_CONNECTION_RESET')
})

test('an answer that does not switch is refused with its status', async () => {
  const asked = client.upgrade(origin.http + '/json')
  await assert.rejects(asked, (error) => {
    assert.ok(error instanceof KeepaliveError)
    assert.equal(error.code, 'KA_INVALID_STATE')
    assert.equal(error.statusCode, 200)
    assert.equal(error.headers['content-type'], 'application/json')
    assert.match(error.message, /200 from http/)
    return true
  })
  // Its connection is as good as after any response.
  const { body, info } = await client.request(origin.http + '/json')
  await body.json()
  assert.equal(info.reused, true)
  await assert.rejects(client.upgrade('http://127.0.0.1:1/'), { code: 'KA_CONNECT_FAILED' })
})

test('cookies are in what is handed out, and not in what is shown of it', async (t) => {
  const server = http.createServer((request, response) => response.writeHead(403, { 'set-cookie': 'a=secret' }).end())
  server.on('upgrade', (request, socket) => {
    socket.end('HTTP/1.1 101 Go\r\nSet-Cookie: a=secret\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const base = `http://u:secret@127.0.0.1:${server.address().port}/`
  const { socket, ...rest } = await client.upgrade(base)
  socket.destroy()
  assert.deepEqual(rest.headers['set-cookie'], 'a=secret')
  assert.doesNotMatch(inspect(rest, { depth: 9 }), /secret/)
  const error = await client.connect(`${base}a:1`).catch((reason) => reason)
  assert.equal(error.statusCode, undefined, 'a server that is no proxy hangs up')
  assert.doesNotMatch(inspect(error), /secret/)
  server.removeAllListeners('upgrade')
  const refused = await client.upgrade(base).catch((reason) => reason)
  assert.equal(refused.statusCode, 403)
  assert.deepEqual(refused.headers['set-cookie'], 'a=secret')
  assert.doesNotMatch(inspect(refused, { depth: 9 }), /secret/)
})

test('a plain request that is answered 101 leaves no connection behind', async () => {
  const { statusCode } = await client.request(origin.http + '/upgrade', { headers: { connection: 'upgrade', upgrade: 'echo' } })
  assert.equal(statusCode, 101)
  assert.equal(client.stats().active, 0)
})

/** A server that answers 101 and tells of the end of its connections. */
async function watched(t) {
  const ended = []
  const server = http.createServer()
  server.on('upgrade', (request, socket) => {
    ended.push(once(socket, 'close'))
    socket.on('error', () => {}).on('end', () => socket.end()).resume()
    socket.write('HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return { url: `http://127.0.0.1:${server.address().port}/`, ended }
}

test('a forgotten stream is closed', async (t) => {
  const { url, ended } = await watched(t)
  const gc = (require('node:v8').setFlagsFromString('--expose-gc'), require('node:vm').runInNewContext('gc'))
  await client.upgrade(url, { protocol: 'echo' })
  let over = false
  const closed = ended[0].then(() => (over = true))
  while (!over) {
    gc()
    await Promise.race([closed, new Promise(setImmediate)])
  }
})

test('a worker that ends closes its streams', async (t) => {
  const { url, ended } = await watched(t)
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { Client } = require(workerData.library)
    new Client().upgrade(workerData.url, { protocol: 'echo' }).then(({ socket }) => {
      socket.resume()
      globalThis.kept = socket
      parentPort.postMessage('open')
    })`
  const worker = new Worker(code, { eval: true, workerData: { url, library: require.resolve('..') } })
  await once(worker, 'message')
  await worker.terminate()
  await ended[0]
})

test('wrong arguments are refused', async () => {
  const url = origin.http + '/upgrade'
  for (const [wrong, message] of [
    [client.upgrade(url, { protocol: '' }), /protocol: expected/],
    [client.upgrade(url, { protocol: 'a\r\nb' }), /control character/],
    [client.upgrade(url, { body: 'x' }), /body: none/],
    [client.upgrade(url, { nothing: 1 }), /unknown option nothing/],
    [client.upgrade(url, 7), /options: expected an object/],
    [client.connect(origin.http, { path: 'a' }), /host:port as its path/],
    [client.connect(origin.http, { path: 7 }), /path: expected/],
    [client.connect(origin.http + '/a:1', { path: 'b:1' }), /has one already/],
    [client.connect('nowhere', { path: 'b:1' }), /expected an absolute URL/],
    [upgrade(undefined), /url: expected/],
    [connect(undefined), /url: expected/],
  ]) {
    await assert.rejects(wrong, (error) => error instanceof TypeError && message.test(error.message))
  }
})

test('aborting rejects before the answer, and does nothing after it', async () => {
  const early = new AbortController()
  const asked = client.upgrade(origin.http + '/stall', { signal: early.signal })
  early.abort(new Error('enough'))
  await assert.rejects(asked, /enough/)
  const late = new AbortController()
  const { socket } = await client.upgrade(origin.http + '/upgrade', { signal: late.signal })
  late.abort()
  socket.end('!')
  assert.equal(String(await collect(socket)), 'hello!')
})

/** `ws` as a server: says welcome, then an echo. */
function websockets(server) {
  const sockets = new WebSocket.Server({ server })
  sockets.on('connection', (peer) => {
    peer.send('welcome')
    peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }))
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
}

/** A conversation with that server. */
async function talk(socket) {
  const heard = []
  let listener
  socket.on('message', (data) => {
    heard.push(String(data))
    listener?.()
  })
  const until = async (count) => {
    while (heard.length < count) await new Promise((resolve) => (listener = resolve))
  }
  await until(1)
  const text = '\u2603 '.repeat(100_000)
  socket.send(text)
  socket.ping()
  await Promise.all([until(2), once(socket, 'pong')])
  assert.deepEqual(heard, ['welcome', text])
  socket.close(1000)
  const [code] = await once(socket, 'close')
  assert.equal(code, 1000)
}

describe('ws', () => {
  const servers = []
  const ports = {}
  before(async () => {
    await origin.ready
    const [cert, key] = [origin.server_cert_file, origin.server_key_file].map((file) => readFileSync(file))
    servers.push(http.createServer(), https.createServer({ cert, key }))
    ports.http = await websockets(servers[0])
    ports.https = await websockets(servers[1])
  })
  after(() => servers.forEach((server) => server.close()))

  for (const scheme of ['http', 'https']) {
    test(`talks over an upgraded ${scheme} connection`, async () => {
      const key = Buffer.from('a nonce of 16 b.').toString('base64')
      const { socket, headers } = await client.upgrade(`${scheme}://localhost:${ports[scheme]}/`, {
        headers: { 'sec-websocket-key': key, 'sec-websocket-version': '13' },
      })
      assert.equal(headers.upgrade, 'websocket')
      assert.ok(headers['sec-websocket-accept'])
      // As `ws` does once its own handshake is over.
      const peer = new WebSocket(null, undefined, { autoPong: true, closeTimeout: 30_000 })
      peer._isServer = false
      peer.setSocket(socket, Buffer.alloc(0), { allowSynchronousEvents: true, maxPayload: 1 << 24, skipUTF8Validation: false })
      await talk(peer)
      if (!socket.destroyed) await once(socket, 'close')
    })
  }

  test('shakes hands itself through a tunnel', async () => {
    const heads = []
    const proxy = http.createServer()
    proxy.on('connect', (request, near, head) => {
      heads.push([request.url, request.headers.host, request.headers['proxy-authorization']])
      const [host, port] = request.url.split(':')
      const far = net.connect(port, host, () => {
        near.write('HTTP/1.1 200 Opened\r\n\r\n')
        far.write(head)
        near.pipe(far).pipe(near)
      })
      far.on('error', () => near.destroy())
      near.on('error', () => far.destroy())
    })
    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const target = `127.0.0.1:${ports.http}`
    const { socket, statusCode } = await client.connect(`http://u:p@127.0.0.1:${proxy.address().port}`, { path: target })
    assert.equal(statusCode, 200)
    assert.deepEqual(heads, [[target, target, 'Basic dTpw']])
    await talk(new WebSocket(`ws://${target}/`, { createConnection: () => socket }))
    proxy.close()
  })
})
