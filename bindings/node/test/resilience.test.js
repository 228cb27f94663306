'use strict'
// Profiles, retries, the circuit breaker, warming up, and what the counters say of each origin.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const net = require('node:net')
const { after, before, test } = require('node:test')
const { Client } = require('..')
const { listen } = require('./support')

let server
let base
let answers // statuses to answer with, then 200
before(async () => {
  answers = []
  server = http.createServer((request, response) => {
    if (request.url === '/die') request.socket.destroy()
    else response.writeHead(answers.shift() ?? 200).end('ok')
  })
  base = await listen(server)
})
after(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

test('the service profile retries; options override it', async () => {
  const service = new Client({ profile: 'service', totalTimeout: null })
  answers = [503]
  const response = await service.request(base)
  assert.equal(response.statusCode, 200)
  assert.equal(response.info.retries, 1)
  assert.equal(response.info.replayReason, null)
  await response.body.text()
  assert.equal(service.stats().retried, 1)
  const none = new Client({ profile: 'service', retries: 0 })
  answers = [503]
  const refused = await none.request(base)
  assert.equal(refused.statusCode, 503)
  assert.equal(refused.info.retries, 0)
  await refused.body.text()
  service.close()
  none.close()
})

test('a wrong profile is named', () => {
  const wrong = [['fast', /option profile: "fast" is not a profile/], [null, /option profile: expected a string/]]
  for (const [profile, message] of wrong) {
    assert.throws(() => new Client({ profile }), { name: 'TypeError', code: 'KA_INVALID_ARGUMENT', message })
  }
})

test('info says why a request was sent again', async (t) => {
  const sockets = new Set()
  const fickle = net.createServer((socket) => {
    sockets.add(socket)
    const oldest = sockets.size === 1
    socket.on('error', () => {})
    socket.on('data', () => {
      if (oldest && socket.bytesWritten !== 0) socket.destroy()
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    fickle.close()
  })
  const url = await listen(fickle)
  const client = new Client()
  const first = await client.request(url)
  await first.body.text()
  assert.deepEqual([first.info.replays, first.info.replayReason], [0, null])
  const second = await client.request(url)
  await second.body.text()
  assert.equal(second.info.replays, 1)
  assert.match(second.info.replayReason, /^Connection(Closed|Reset)$/)
  client.close()
})

test('warm opens connections ahead; closeIdle and networkChanged close them', async () => {
  const client = new Client({ maxPerHost: 3 })
  assert.equal(await client.warm(base, 2), 2)
  assert.equal(await client.warm(new URL(base), 2), 0)
  const [origin] = client.stats().origins
  assert.equal(origin.origin, base)
  assert.deepEqual([origin.idle, origin.active, origin.waiting, origin.dialing], [2, 0, 0, 0])
  assert.equal(origin.breaker, 'closed')
  await (await client.request(base)).body.text()
  assert.equal(client.stats().opened, 2)
  client.closeIdle()
  assert.equal(client.stats().idle, 0)
  assert.equal(await client.warm(base, 1), 1)
  client.networkChanged()
  assert.equal(client.stats().idle, 0)
  await (await client.request(base)).body.text()
  client.close()
})

test('warm: wrong arguments and unreachable origins', async () => {
  const client = new Client()
  await assert.rejects(client.warm(7, 1), { name: 'TypeError', message: /url: expected a string or URL/ })
  await assert.rejects(client.warm('ftp://localhost/', 1), { name: 'TypeError', code: 'KA_UNSUPPORTED_SCHEME' })
  for (const count of [-1, 1.5, '2', undefined]) {
    await assert.rejects(client.warm(base, count), { name: 'TypeError', message: /count: expected a whole number/ })
  }
  const gone = http.createServer()
  const url = await listen(gone)
  gone.close()
  await once(gone, 'close')
  await assert.rejects(client.warm(url, 1), { name: 'KeepaliveError', code: 'KA_CONNECT_FAILED', phase: 'connect' })
  client.close()
})

test('idleLimit is the option, null without one', async () => {
  for (const idleTimeout of [1500, null]) {
    const other = http.createServer((_, response) => response.end('ok'))
    other.keepAliveTimeout = 0
    const url = await listen(other)
    const client = new Client({ idleTimeout })
    await (await client.request(url)).body.text()
    const [origin] = client.stats().origins
    assert.equal(origin.idleLimit, idleTimeout)
    assert.equal(origin.idleLimitSource, 'option')
    client.close()
    other.closeAllConnections()
    other.close()
  }
})

test('the breaker opens, fails at once, and can be reset', async () => {
  const client = new Client({ circuitBreaker: true })
  for (let i = 0; i < 40 && client.stats().origins[0]?.breaker !== 'open'; i += 1) {
    await assert.rejects(client.request(`${base}/die`, { method: 'POST' }))
  }
  await assert.rejects(client.request(base), { code: 'KA_CIRCUIT_OPEN', retrySafe: true })
  client.resetBreaker(base)
  assert.equal(client.stats().origins[0].breaker, 'closed')
  assert.equal((await client.request(base)).statusCode, 200)
  assert.throws(() => client.resetBreaker('nonsense'), { name: 'TypeError', code: 'KA_INVALID_URL' })
  client.close()
})
