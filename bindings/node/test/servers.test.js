'use strict'
// Real servers: Node's own http server and nginx.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { chmodSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const http = require('node:http')
const net = require('node:net')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { test } = require('node:test')
const { Client } = require('..')
const { listen } = require('./support')

test('Node\'s http server: bodies both ways, one connection', async () => {
  const server = http.createServer((request, response) => {
    response.setHeader('X-Length', request.headers['content-length'] ?? 'chunked')
    const pieces = []
    request.on('data', (piece) => pieces.push(piece))
    request.on('end', () => response.end(Buffer.concat(pieces)))
  })
  const base = await listen(server)
  const client = new Client()
  for (const body of ['hello', Buffer.alloc(300_000, 'x'), [Buffer.alloc(100_000), 'end']]) {
    const response = await client.request(base, { method: 'POST', body })
    const length = Array.isArray(body) ? 100_003 : body.length
    assert.equal((await response.body.bytes()).length, length)
    assert.equal(response.headers['x-length'], String(length))
  }
  assert.equal(client.stats().opened, 1)
  client.close()
  server.close()
  await once(server, 'close')
})

test('a server that echoes while it reads', async () => {
  const server = http.createServer((request, response) => request.pipe(response))
  const base = await listen(server)
  const client = new Client()
  const size = 5_000_000
  const body = Buffer.alloc(size, 'keep-alive ')
  async function* pieces() {
    for (let at = 0; at < size; at += 50_000) yield body.subarray(at, at + 50_000)
  }
  for (const source of [() => body, pieces]) {
    const result = await client.request(base, { method: 'POST', body: source() })
    assert.ok(body.equals(await result.body.bytes()))
    const response = await client.fetch(base, { method: 'POST', body: source(), duplex: 'half' })
    assert.ok(body.equals(Buffer.from(await response.arrayBuffer())))
  }
  assert.equal(client.stats().opened, 1)
  client.close()
  server.close()
  await once(server, 'close')
})

test('keepAliveTimeout: connections that the server closed are not used', async () => {
  const server = http.createServer((_, response) => {
    // Without it there is no Keep-Alive field either: the client must see the close itself.
    response.removeHeader('Connection')
    response.end('ok')
  })
  server.keepAliveTimeout = 1
  const closed = []
  server.on('connection', (socket) => closed.push(once(socket, 'close')))
  const base = await listen(server)
  const client = new Client()
  for (let i = 0; i < 4; i += 1) {
    const response = await client.request(base, { method: 'POST', body: 'not replayable' })
    assert.equal(await response.body.text(), 'ok')
    await closed.at(-1)
  }
  assert.equal(client.stats().opened, 4)
  assert.equal(client.stats().replayed, 0)
  client.close()
  server.close()
})

test('Keep-Alive: timeout=N is honoured', async () => {
  const server = http.createServer((_, response) => response.end('ok'))
  server.keepAliveTimeout = 5000
  const base = await listen(server)
  const client = new Client()
  const response = await client.request(base)
  assert.match(response.headers['keep-alive'], /timeout=5/)
  assert.equal(await response.body.text(), 'ok')
  const [{ idleLimit, idleLimitSource }] = client.stats().origins
  assert.deepEqual([idleLimit, idleLimitSource], [4000, 'hint'])
  client.close()
  server.closeAllConnections()
  server.close()
})

test('nginx', async (t) => {
  const nginx = await startNginx()
  t.after(() => nginx.stop())
  const client = new Client({ maxPerHost: 8 })
  const one = async (i) => {
    const response = await client.request(`${nginx.base}/json`, { query: { i } })
    return (await response.body.json()).ok
  }
  for (let round = 0; round < 10; round += 1) {
    const results = await Promise.all(Array.from({ length: 32 }, (_, i) => one(i)))
    assert.ok(results.every((ok) => ok === true))
  }
  const stats = client.stats()
  assert.ok(stats.opened <= 8)
  assert.equal(stats.opened + stats.reused, 320)
  const text = await (await client.fetch(`${nginx.base}/text`)).text()
  assert.equal(text, 'text '.repeat(2000))
  const raw = await client.request(`${nginx.base}/text`, { headers: { 'accept-encoding': 'gzip' } })
  assert.equal(raw.headers['content-encoding'], 'gzip')
  await raw.body.dump()
  const missing = await client.request(`${nginx.base}/none`)
  assert.equal(missing.statusCode, 404)
  await missing.body.dump()
  const early = await client.request(`${nginx.base}/json`, { method: 'POST', body: Buffer.alloc(2_000_000) })
  assert.equal(early.statusCode, 413)
  await early.body.dump()
  const last = await client.request(`${nginx.base}/json`)
  assert.equal(last.statusCode, 200)
  await last.body.text()
  client.close()
})

async function startNginx() {
  const dir = mkdtempSync(path.join(tmpdir(), 'keepalive-nginx-'))
  chmodSync(dir, 0o755) // nginx serves as another user when it is started by root
  const port = await freePort()
  writeFileSync(path.join(dir, 'text'), 'text '.repeat(2000))
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  writeFileSync(path.join(dir, 'nginx.conf'), `
    daemon off; worker_processes 1; pid ${dir}/pid; error_log ${dir}/error.log;
    events { worker_connections 64; }
    http {
      access_log off; client_max_body_size 1m; default_type text/plain;
      gzip on; gzip_min_length 100; gzip_types text/plain;
      ${scratch.map((name) => `${name}_temp_path ${dir}/${name};`).join(' ')}
      server {
        listen 127.0.0.1:${port};
        location /json { default_type application/json; return 200 '{"ok":true}'; }
        location / { root ${dir}; }
      }
    }
  `)
  const child = spawn('nginx', ['-p', dir, '-c', path.join(dir, 'nginx.conf')], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  })
  const ended = once(child, 'exit')
  try {
    await once(child, 'spawn')
  } catch (error) {
    throw new Error(`nginx did not start: install the package nginx-light (${error.message})`)
  }
  await answers(port, ended)
  return {
    base: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill()
      await ended
      rmSync(dir, { recursive: true })
    },
  }
}

/** Until something accepts connections on `port`; nginx does not say when it is ready. */
async function answers(port, ended) {
  let over = false
  ended.then(() => (over = true), () => (over = true))
  for (;;) {
    if (over) throw new Error('nginx ended at once: see its error.log')
    const socket = net.connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      socket.destroy()
      return
    } catch {
      await new Promise(setImmediate)
    }
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
