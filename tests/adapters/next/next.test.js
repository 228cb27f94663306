'use strict'
// A Next.js application, built and started for real, whose fetch runs on the pool: App Router, data cache on.

const assert = require('node:assert/strict')
const { execFile, spawn } = require('node:child_process')
const { once } = require('node:events')
const http = require('node:http')
const path = require('node:path')
const readline = require('node:readline')
const { after, before, test } = require('node:test')
const { promisify } = require('node:util')

const NEXT = path.join(__dirname, 'node_modules', 'next', 'dist', 'bin', 'next')
const REGISTER = path.join(__dirname, '..', '..', '..', 'bindings', 'node', 'adapters', 'register.js')
const asked = new Map()
const ports = new Set()
let backend
let next
let url

before(async () => {
  backend = http.createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    ports.add(request.socket.remotePort)
    const count = (asked.get(request.url) ?? 0) + 1
    asked.set(request.url, count)
    if (request.url === '/echo') response.end(JSON.stringify({ body }))
    else if (request.url === '/large') response.end(Buffer.alloc(3_000_000, 'x'))
    else response.end(`${request.url.slice(1)} ${count}`)
  })
  backend.keepAliveTimeout = 60_000
  backend.listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const env = {
    ...process.env,
    BACKEND: `http://127.0.0.1:${backend.address().port}`,
    NODE_OPTIONS: `--require ${REGISTER}`,
    NEXT_TELEMETRY_DISABLED: '1',
    NODE_ENV: 'production',
  }
  await promisify(execFile)(process.execPath, [NEXT, 'build'], { cwd: __dirname, env, maxBuffer: 1 << 24 })
  asked.clear()
  ports.clear()
  next = spawn(process.execPath, [NEXT, 'start', '--port', '0', '--hostname', '127.0.0.1'], { cwd: __dirname, env, stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of readline.createInterface({ input: next.stdout })) {
    url = /http:\/\/127\.0\.0\.1:[0-9]+/.exec(line)?.[0]
    if (url !== undefined) break
  }
  next.stdout.resume()
})

after(() => {
  next.kill()
  backend.close()
  backend.closeAllConnections()
})

const post = async (body) => (await fetch(`${url}/api`, { method: 'POST', body: JSON.stringify(body) })).json()

const page = async () => {
  const text = await (await fetch(`${url}/live`)).text()
  return Object.fromEntries(['fresh', 'cached', 'tagged', 'late'].map((id) => [id, new RegExp(`<p id="${id}">([^<]*)`).exec(text)?.[1]]))
}

test('pages: what is cached is asked for once, what is fresh each time, and late parts come', async () => {
  assert.deepEqual(await page(), { fresh: 'fresh 1', cached: 'cached 1', tagged: 'tagged 1', late: 'late 1' })
  assert.deepEqual(await page(), { fresh: 'fresh 2', cached: 'cached 1', tagged: 'tagged 1', late: 'late 2' })
  await post({ tag: 'tag' })
  assert.deepEqual(await page(), { fresh: 'fresh 3', cached: 'cached 1', tagged: 'tagged 2', late: 'late 3' })
})

test('route handlers: a body goes there, and a stream comes through', async () => {
  const { answer, dispatchers } = await post({})
  assert.deepEqual(answer, { body: '{}' })
  assert.deepEqual(dispatchers, ['KeepaliveDispatcher', 'KeepaliveDispatcher'])
  const streamed = await fetch(`${url}/api`)
  assert.equal(streamed.headers.get('x-from'), 'backend')
  assert.equal((await streamed.text()).length, 3_000_000)
})

test('all of it went over few connections', async () => {
  for (let i = 0; i < 10; i += 1) await page()
  const requests = [...asked.values()].reduce((sum, count) => sum + count, 0)
  assert.ok(requests > 25)
  assert.ok(ports.size <= 4, `${ports.size} connections for ${requests} requests`)
})
