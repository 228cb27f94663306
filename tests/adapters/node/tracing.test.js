'use strict'
// undici's diagnostics channels, and the products that live on them: the same as with undici's own Agent.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const diagnostics = require('node:diagnostics_channel')
const path = require('node:path')
const { before, test } = require('node:test')
const { promisify } = require('node:util')
const { keepalive, serve, undicis } = require('./support')

const { KeepaliveDispatcher } = keepalive
let server

// `/given-up` is not answered; `/arrived` is, when one of those is here.
const here = []
const waiting = []

before(async () => {
  server = await serve((request, response) => {
    const { pathname } = new URL(request.url, 'http://a')
    if (pathname === '/never') return
    if (pathname === '/given-up' || pathname === '/arrived') {
      if (pathname === '/given-up') here.push(request)
      else waiting.push(response)
      while (here.length !== 0 && waiting.length !== 0) {
        here.pop()
        waiting.pop().end()
      }
      return
    }
    response.setHeader('X-Mixed-Case', 'One')
    response.statusCode = pathname === '/404' ? 404 : 200
    request.resume().on('end', () => response.end(JSON.stringify({ fields: request.headers })))
  })
  server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'))
})

const NAMES = [
  'client:beforeConnect', 'client:connected', 'client:connectError', 'client:sendHeaders', 'request:create', 'request:bodySent',
  'request:headers', 'request:trailers', 'request:error',
]

/** What was published during `act`: names, and what the messages say. */
async function heard(act) {
  const events = []
  const listeners = NAMES.map((name) => {
    const listen = (message) => {
      const { connectParams, error, request, response, trailers } = message
      const told = { name, keys: Object.keys(message).filter((key) => key !== 'connector').sort() }
      if (request !== undefined) {
        const { method, origin, path: where, completed, aborted } = request
        Object.assign(told, { method, origin: String(origin), path: where, completed, aborted, headers: [...request.headers] })
        if (name === 'request:create') request.addHeader('x-added', 'by a subscriber')
      }
      if (connectParams !== undefined) told.host = [connectParams.host, connectParams.hostname, connectParams.protocol, connectParams.port]
      if (response !== undefined) {
        told.status = [response.statusCode, response.statusText]
        told.fields = response.headers.map(String).filter((text, i, all) => all[i - (i % 2)].toLowerCase() === 'x-mixed-case')
      }
      if (trailers !== undefined) told.trailers = trailers.map(String)
      if (error !== undefined) told.error = error.code
      events.push(told)
    }
    diagnostics.subscribe(`undici:${name}`, listen)
    return () => diagnostics.unsubscribe(`undici:${name}`, listen)
  })
  try {
    await act()
  } finally {
    for (const stop of listeners) stop()
  }
  return events
}

for (const { name, undici } of undicis) {
  test(`${name}: what its channels say`, async () => {
    const requests = async (dispatcher) => {
      const { body } = await undici.request(`${server.url}/a?b=1`, { dispatcher, headers: { 'X-One': '1' } })
      assert.equal((await body.json()).fields['x-added'], 'by a subscriber')
      await (await undici.request(`${server.url}/post`, { dispatcher, method: 'POST', body: 'text' })).body.dump()
      await assert.rejects(undici.request('http://127.0.0.1:1/', { dispatcher }))
      await assert.rejects(undici.request(`${server.url}/never`, { dispatcher, headersTimeout: 20 }))
    }
    const [agent, dispatcher] = [new undici.Agent(), new KeepaliveDispatcher()]
    const theirs = await heard(() => requests(agent))
    const ours = await heard(() => requests(dispatcher))
    await Promise.all([agent.destroy(), dispatcher.destroy()])
    assert.deepEqual(once(ours), once(theirs))
  })
}

/** Without further connections, of which undici makes more than it needs. */
function once(events) {
  const isAgain = ({ name, host }, i) => host !== undefined && events.findIndex((one) => one.name === name && String(one.host) === String(host)) < i
  return events.filter((event, i) => !isAgain(event, i))
}

test('the address of the connection is told, also where the URL has a name', async () => {
  const dispatcher = new KeepaliveDispatcher()
  const port = Number(new URL(server.url).port)
  const places = []
  const listen = ({ socket }) => places.push([socket.remoteAddress, socket.remotePort])
  diagnostics.subscribe('undici:client:sendHeaders', listen)
  await (await undicis[0].undici.request(`http://localhost:${port}/`, { dispatcher })).body.dump()
  diagnostics.unsubscribe('undici:client:sendHeaders', listen)
  await dispatcher.destroy()
  assert.deepEqual(places, [['127.0.0.1', port]])
})

test('nobody listens: nothing is made for it', async () => {
  const dispatcher = new KeepaliveDispatcher()
  const { undici } = undicis[0]
  await (await undici.request(server.url, { dispatcher })).body.dump()
  let call
  dispatcher.calls.add = (one) => { call = one }
  undici.request(server.url, { dispatcher }).then(({ body }) => body.dump())
  assert.equal(call.trace, undefined)
  await new Promise((resolve) => { dispatcher.calls.delete = resolve })
  await dispatcher.destroy()
})

for (const product of ['opentelemetry', 'sentry', 'datadog']) {
  test(`${product} makes the spans that it makes with undici`, async () => {
    const run = async (which) => {
      const script = path.join(__dirname, 'spans.js')
      const { stdout } = await promisify(execFile)(process.execPath, [script, product, which, server.url], { maxBuffer: 1 << 24 })
      return plain(JSON.parse(stdout.trim().split('\n').at(-1)))
    }
    const theirs = await run('agent')
    assert.ok(theirs.spans.length >= 7, `only ${theirs.spans.length} spans`)
    assert.deepEqual(await run('ours'), theirs)
  })
}

const CHANGING = /^(traceparent|http\.request\.header\.traceparent|runtime-id|_dd\..*|process_id|system\.pid|error\.stack|exception\.stacktrace|tracestate|sentry\..*|.*threads?.*)$/

/** Without numbers that are new in each run. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([key]) => !CHANGING.test(key)).map(([key, one]) => [key, plain(one)]))
}
