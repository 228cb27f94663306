'use strict'
// `dispatch` itself: both shapes of handlers, what they throw and when they abort or pause, its lifetime, upgrades,
// interceptors of each undici, and calls that make no sense.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const { once } = require('node:events')
const http = require('node:http')
const { before, test } = require('node:test')
const { promisify } = require('node:util')
const { Worker } = require('node:worker_threads')
const { shapes } = require('./shapes')
const { echo, keepalive, packageRoot, serve, serveBytes, undicis } = require('./support')

const { Client, KeepaliveDispatcher } = keepalive
let server
let bytes

before(async () => {
  server = await serve((request, response) => {
    if (request.url === '/large') response.end(Buffer.alloc(3_000_000, 'x'))
    else if (request.url === '/never') server.emit('waits', request)
    else if (request.url === '/redirect') response.writeHead(302, { Location: '/there' }).end()
    else if (request.url === '/503') response.writeHead(server.failures-- > 0 ? 503 : 200).end('done')
    else echo(request, response)
  })
  server.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\nX-Mixed: One\r\n\r\nhello')
    socket.pipe(socket)
  })
  server.on('connect', (request, socket) => {
    if (request.url === 'refused:1') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
    else {
      socket.write(`HTTP/1.1 200 Connected\r\n\r\n${request.url}`)
      socket.pipe(socket)
    }
  })
  bytes = await serveBytes((socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n')
    socket.write('HTTP/1.1 200 Fine\r\nX-Mixed-Case: One\r\nx-mixed-case: Two\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n')
  })
})

/** A dispatcher that is gone when `act` is over. */
async function withDispatcher(act, options) {
  const dispatcher = new KeepaliveDispatcher(options)
  try {
    return await act(dispatcher)
  } finally {
    await dispatcher.destroy()
  }
}

/** Dispatches and resolves with the events when the handler has heard its last. */
function run(dispatcher, shape, opts, at = {}) {
  return new Promise((resolve) => {
    const events = []
    const last = (name) => (...told) => {
      const result = at[name]?.(...told)
      setImmediate(resolve, events)
      return result
    }
    const handler = shapes[shape](events, { ...at, end: last('end'), error: last('error'), upgrade: last('upgrade') })
    handler.events = events
    at.handler?.(handler)
    dispatcher.dispatch({ origin: server.url, path: '/', method: 'GET', ...opts }, handler)
  })
}

for (const shape of ['old', 'new']) {
  test(`${shape} handlers: interim responses, case and order of fields, trailers`, () =>
    withDispatcher(async (dispatcher) => {
      assert.deepEqual(await run(dispatcher, shape, { origin: bytes.url }), [
        ['start'],
        ['head', 103, ['Link', 'a'], 'Early Hints'],
        ['head', 102, [], 'Processing'],
        ['head', 200, ['X-Mixed-Case', 'One', 'x-mixed-case', 'Two', 'Transfer-Encoding', 'chunked'], 'Fine'],
        ['data', 'abc'],
        ['end', ['X-Sum', '1']],
      ])
    }))

  test(`${shape} handlers: what they throw is told to them, and no request is lost`, () =>
    withDispatcher(async (dispatcher) => {
      for (const step of ['start', 'head', 'data', 'end']) {
        const at = { [step]: () => { throw new Error(`thrown at ${step}`) } }
        const events = await run(dispatcher, shape, { path: '/large' }, at)
        assert.deepEqual(events.at(-1), ['error', `thrown at ${step}`], step)
        assert.equal(events.filter(([name]) => name === 'error').length, 1)
        assert.equal((await run(dispatcher, shape, {})).at(-1)[0], 'end', `after ${step}`)
      }
      assert.equal(dispatcher.calls.size, 0)
    }))

  test(`${shape} handlers: abort at each step is told once, at once, with its reason`, () =>
    withDispatcher(async (dispatcher) => {
      for (const step of ['start', 'head', 'data']) {
        for (const reason of [undefined, new Error('mine')]) {
          let handler
          const heard = []
          const at = {
            handler: (one) => { handler = one },
            [step]: () => {
              handler.abort(reason)
              heard.push(handler.events.at(-1)[0])
              handler.abort(new Error('again'))
            },
          }
          const events = await run(dispatcher, shape, { path: '/large' }, at)
          assert.deepEqual(events.at(-1), ['error', reason === undefined ? 'UND_ERR_ABORTED' : 'mine'])
          assert.deepEqual(heard, ['error'])
          assert.equal(events.filter(([name]) => name === step).length, 1)
        }
      }
      assert.equal(dispatcher.calls.size, 0)
    }))

  test(`${shape} handlers: a paused one gets nothing until it resumes`, () =>
    withDispatcher(async (dispatcher) => {
      let handler
      let paused = 0
      let size = 0
      const at = {
        handler: (one) => { handler = one },
        data: (piece) => {
          assert.equal(handler.stopped ?? false, false, 'told while it was paused')
          size += piece.length
          paused += 1
          handler.stopped = true
          handler.pause()
          setImmediate(() => {
            handler.stopped = false
            handler.go()
          })
        },
      }
      const events = await run(dispatcher, shape, { path: '/large' }, at)
      assert.equal(events.at(-1)[0], 'end')
      assert.equal(size, 3_000_000)
      assert.ok(paused > 3)
    }))

  test(`${shape} handlers: a paused response does not fill memory`, () =>
    withDispatcher(async (dispatcher) => {
      const source = http.createServer((_, response) => {
        const piece = Buffer.alloc(256 * 1024)
        const write = () => {
          while (response.write(piece)) source.written += piece.length
          source.written += piece.length
          source.emit('full')
        }
        response.on('drain', write)
        write()
      })
      source.written = 0
      source.listen(0, '127.0.0.1')
      await once(source, 'listening')
      let handler
      const paused = new Promise((resolve) => {
        const at = {
          handler: (one) => { handler = one },
          head: () => {
            handler.pause()
            resolve()
          },
        }
        run(dispatcher, shape, { origin: `http://127.0.0.1:${source.address().port}` }, at)
      })
      await paused
      // It stops when the kernel's buffers are full; what it wrote last says so.
      let before
      do {
        before = source.written
        await new Promise((resolve) => setTimeout(resolve, 50))
      } while (source.written !== before)
      assert.ok(source.written < 32 * 1024 * 1024, `${source.written} bytes were taken`)
      handler.abort()
      source.close()
      source.closeAllConnections()
    }))

  test(`${shape} handlers: upgrade and CONNECT hand the connection over`, () =>
    withDispatcher(async (dispatcher) => {
      const upgraded = await run(dispatcher, shape, { upgrade: 'echo' })
      const [, status, raw, socket] = upgraded.at(-1)
      assert.equal(status, 101)
      assert.ok(raw.includes('X-Mixed'))
      assert.equal((await once(socket, 'data'))[0].toString(), 'hello')
      socket.write('and back')
      assert.equal((await once(socket, 'data'))[0].toString(), 'and back')
      socket.destroy()
      const connected = await run(dispatcher, shape, { method: 'CONNECT', path: 'other.example:443' })
      assert.equal(connected.at(-1)[1], 200)
      const tunnel = connected.at(-1)[3]
      assert.equal((await once(tunnel, 'data'))[0].toString(), 'other.example:443')
      tunnel.destroy()
      const refused = await run(dispatcher, shape, { method: 'CONNECT', path: 'refused:1' }, {})
      assert.equal(refused.find(([name]) => name === 'head')[1], 403)
      const plain = await run(dispatcher, shape, { origin: bytes.url, upgrade: 'echo' })
      assert.deepEqual(plain.filter(([name]) => name === 'head').map(([, code]) => code), [103, 102, 200])
      assert.equal(plain.at(-1)[0], 'end')
    }))
}

for (const { name, undici } of undicis) {
  test(`${name}: upgrade(), connect() and WebSocket`, () =>
    withDispatcher(async (dispatcher) => {
      const { headers, socket } = await undici.upgrade(`${server.url}/`, { dispatcher, protocol: 'echo' })
      assert.equal(headers['x-mixed'], 'One')
      socket.destroy()
      const tunnel = await undici.connect(`${server.url}/`, { dispatcher, path: 'other.example:443' })
      assert.equal(tunnel.statusCode, 200)
      tunnel.socket.destroy()
      await assert.rejects(undici.connect(`${server.url}/`, { dispatcher, path: 'refused:1' }), { code: 'UND_ERR_SOCKET', message: 'bad connect' })
      await assert.rejects(undici.upgrade(bytes.url, { dispatcher, protocol: 'echo' }), { code: 'UND_ERR_SOCKET' })
      const { WebSocketServer } = require('ws')
      const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
      await once(sockets, 'listening')
      sockets.on('connection', (one) => one.on('message', (message) => one.send(`got ${message}`)))
      const client = new undici.WebSocket(`ws://127.0.0.1:${sockets.address().port}`, { dispatcher })
      await once(client, 'open')
      client.send('this')
      assert.equal((await once(client, 'message'))[0].data, 'got this')
      client.close()
      await once(client, 'close')
      sockets.close()
    }))

  test(`${name}: its interceptors and RetryAgent`, () =>
    withDispatcher(async (dispatcher) => {
      const { RetryAgent, interceptors, request } = undici
      const followed = dispatcher.compose(interceptors.redirect({ maxRedirections: 3 }))
      const { body, context } = await request(`${server.url}/redirect`, { dispatcher: followed })
      assert.equal((await body.json()).url, '/there')
      assert.equal(context?.history?.length ?? 2, 2)
      const retried = dispatcher.compose(interceptors.retry({ minTimeout: 1, maxTimeout: 1, maxRetries: 3 }))
      server.failures = 2
      assert.equal(await (await request(`${server.url}/503`, { dispatcher: retried })).body.text(), 'done')
      server.failures = 2
      const retrying = new RetryAgent(dispatcher, { minTimeout: 1, maxTimeout: 1, maxRetries: 3 })
      assert.equal(await (await request(`${server.url}/503`, { dispatcher: retrying })).body.text(), 'done')
      server.failures = 1
      const both = dispatcher.compose([interceptors.redirect({ maxRedirections: 3 }), interceptors.retry({ minTimeout: 1, maxRetries: 3 })])
      assert.equal(await (await request(`${server.url}/503`, { dispatcher: both })).body.text(), 'done')
      if (interceptors.responseError !== undefined) {
        server.failures = 1
        const strict = dispatcher.compose(interceptors.responseError())
        await assert.rejects(request(`${server.url}/503`, { dispatcher: strict }), { statusCode: 503 })
      }
      if (interceptors.dns !== undefined) {
        const url = `http://localhost:${new URL(server.url).port}/`
        const host = async (inner) => {
          const named = inner.compose(interceptors.dns({ affinity: 4 }))
          const { headers } = await (await request(url, { dispatcher: named })).body.json()
          return headers[headers.findIndex((one) => one.toLowerCase() === 'host') + 1]
        }
        const agent = new undici.Agent()
        assert.equal(await host(dispatcher), await host(agent))
        await agent.close()
      }
      if (interceptors.cache !== undefined) {
        const cached = dispatcher.compose(interceptors.cache())
        assert.equal((await request(`${server.url}/`, { dispatcher: cached })).statusCode, 200)
      }
    }))

  test(`${name}: its MockAgent answers beside it, for fetch and for what is composed`, () =>
    withDispatcher(async (dispatcher) => {
      const mock = new undici.MockAgent()
      mock.disableNetConnect()
      mock.get('http://mocked.example').intercept({ path: '/a' }).reply(200, 'mocked').times(2)
      // What is not mocked goes to the pool.
      const mixed = dispatcher.compose((dispatch) => (opts, handler) =>
        opts.origin === 'http://mocked.example' ? mock.dispatch(opts, handler) : dispatch(opts, handler))
      if (name !== 'undici8') {
        // 8 takes handlers of the newer shape alone, which its own functions have.
        assert.equal(await (await undici.request('http://mocked.example/a', { dispatcher: mixed })).body.text(), 'mocked')
      }
      assert.equal(await (await undici.request('http://mocked.example/a', { dispatcher: mock })).body.text(), 'mocked')
      assert.equal((await undici.request(`${server.url}/`, { dispatcher: mixed })).statusCode, 200)
      await mock.close()
    }))

  test(`${name}: a subclass of its Dispatcher has its methods`, async () => {
    const Own = KeepaliveDispatcher.withUndici(undici)
    const dispatcher = new Own({ connections: 3 })
    assert.ok(dispatcher instanceof undici.Dispatcher)
    assert.equal(Own, KeepaliveDispatcher.withUndici(undici))
    const { body } = await dispatcher.request({ origin: server.url, path: '/own', method: 'GET' })
    assert.equal((await body.json()).url, '/own')
    await dispatcher.close()
  })
}

test('close waits for what is under way, destroy ends it, and both are told of later', async () => {
  const dispatcher = new KeepaliveDispatcher()
  const first = run(dispatcher, 'new', { path: '/large' })
  const closing = dispatcher.close()
  assert.equal((await run(dispatcher, 'new', {})).at(-1)[1], 'UND_ERR_CLOSED')
  assert.equal((await first).at(-1)[0], 'end')
  await closing
  assert.equal((await run(dispatcher, 'old', {})).at(-1)[1], 'UND_ERR_DESTROYED')
  await assert.rejects(dispatcher.close(), { code: 'UND_ERR_DESTROYED' })
  const other = new KeepaliveDispatcher()
  const waiting = run(other, 'new', { path: '/never' })
  await once(server, 'waits')
  await other.destroy(Object.assign(new Error('gone'), { code: 'GONE' }))
  assert.equal((await waiting).at(-1)[1], 'GONE')
  await new Promise((resolve) => new KeepaliveDispatcher().destroy(resolve))
  await new Promise((resolve) => new KeepaliveDispatcher().close(resolve))
})

test('what a callback returns is nobody\'s, and what it throws is an uncaught exception', async () => {
  const rejected = Promise.reject(new Error('returned'))
  rejected.catch(() => {})
  await new Promise((resolve) => {
    new KeepaliveDispatcher().close(() => {
      setImmediate(resolve)
      return rejected
    })
  })
  const program = `
    const { KeepaliveDispatcher } = require(${JSON.stringify(packageRoot)})
    process.on('uncaughtException', (error, origin) => console.log(error.message, origin))
    new KeepaliveDispatcher().destroy(() => { throw new Error('thrown') })
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program])
  assert.equal(stdout, 'thrown uncaughtException\n')
})

test('reset closes the connection, and idempotent says what may be sent again', () =>
  withDispatcher(async (dispatcher) => {
    const ports = []
    for (const reset of [false, true, false]) {
      const events = await run(dispatcher, 'new', { reset })
      ports.push(JSON.parse(events.find(([name]) => name === 'data')[1]).port)
    }
    assert.equal(ports[0], ports[1])
    assert.notEqual(ports[1], ports[2])
    let seen = 0
    const closing = await serveBytes((socket) => {
      seen += 1
      // The first connection's second request meets its end.
      if (seen === 2) socket.destroy()
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    })
    const attempt = async (opts) => {
      seen = 0
      const own = new KeepaliveDispatcher()
      await run(own, 'new', { origin: closing.url })
      const events = await run(own, 'new', { origin: closing.url, ...opts })
      await own.destroy()
      return events.at(-1)[0]
    }
    assert.equal(await attempt({ method: 'GET' }), 'end')
    assert.equal(await attempt({ method: 'POST', body: 'a' }), 'error')
    assert.equal(await attempt({ method: 'POST', body: 'a', idempotent: true }), 'end')
    assert.equal(await attempt({ method: 'GET', idempotent: false }), 'error')
  }))

test('maxHeaderSize and maxResponseSize, by undici\'s count', async () => {
  const headers = 'Content-Length'.length + 1
  const source = await serveBytes((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345'))
  const ended = async (options) => {
    const events = await withDispatcher((dispatcher) => run(dispatcher, 'new', { origin: source.url }), options)
    return events.at(-1)[1]
  }
  assert.deepEqual(await ended({ maxHeaderSize: headers + 1, maxResponseSize: 5 }), [])
  assert.equal(await ended({ maxHeaderSize: headers }), 'UND_ERR_HEADERS_OVERFLOW')
  assert.equal(await ended({ maxResponseSize: 4 }), 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
})

test('stats and events', () =>
  withDispatcher(async (dispatcher) => {
    const events = []
    dispatcher.on('connect', (origin, targets) => events.push(['connect', origin.origin, targets[0] === dispatcher]))
    dispatcher.on('connectionError', (origin, _, error) => events.push(['connectionError', error.code]))
    await run(dispatcher, 'new', {})
    await run(dispatcher, 'new', {})
    await run(dispatcher, 'new', { origin: 'http://127.0.0.1:1' })
    assert.deepEqual(events, [['connect', server.url, true], ['connectionError', 'ECONNREFUSED']])
    assert.deepEqual(dispatcher.stats[server.url], { connected: 1, free: 1, pending: 0, queued: 0, running: 0, size: 0 })
  }))

test('a pool by its options is one for all threads', async () => {
  const port = async () => {
    const dispatcher = KeepaliveDispatcher.shared({ connections: 7 })
    const events = await run(dispatcher, 'new', {})
    await dispatcher.close()
    return JSON.parse(events.find(([name]) => name === 'data')[1]).port
  }
  const mine = await port()
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
    const { KeepaliveDispatcher } = require(workerData.packageRoot)
    const dispatcher = KeepaliveDispatcher.shared({ connections: 7 })
    let body = ''
    dispatcher.dispatch({ origin: workerData.url, path: '/', method: 'GET' }, {
      onRequestStart() {}, onResponseData(_, piece) { body += piece },
      onResponseEnd() { parentPort.postMessage(JSON.parse(body).port) }, onResponseError(_, error) { throw error },
    })`,
    { eval: true, workerData: { packageRoot, url: server.url } },
  )
  assert.equal((await once(worker, 'message'))[0], mine)
  await worker.terminate()
})

test('a Client lends its pool', async () => {
  const client = new Client()
  const dispatcher = new KeepaliveDispatcher(client)
  assert.equal((await run(dispatcher, 'old', {})).at(-1)[0], 'end')
  assert.equal(client.stats().opened, 1)
  await dispatcher.close()
  assert.equal((await client.request(server.url)).statusCode, 200)
  client.close()
})

test('options that make no sense are refused by name', () => {
  const refused = (options, pattern) => assert.throws(() => new KeepaliveDispatcher(options), pattern)
  new KeepaliveDispatcher({ pipelining: 0, allowH2: false, strictContentLength: true, connections: null, connect: {} }).destroy()
  refused({ pipelining: -1 }, { code: 'UND_ERR_INVALID_ARG', message: /pipelining/ })
  refused({ headersTimeout: -1 }, { code: 'UND_ERR_INVALID_ARG' })
  refused({ maxHeaderSize: 'a' }, { code: 'UND_ERR_INVALID_ARG', message: /maxHeaderSize/ })
  refused({ conections: 3 }, { code: 'UND_ERR_INVALID_ARG', message: /conections/ })
  refused({ connect: () => {} }, { code: 'UND_ERR_NOT_SUPPORTED' })
  refused({ connect: { strange: 1 } }, { message: /connect\.strange/ })
  refused({ factory: () => {} }, { code: 'UND_ERR_NOT_SUPPORTED' })
  refused(7, { code: 'UND_ERR_INVALID_ARG' })
  assert.throws(() => KeepaliveDispatcher.withUndici({}), { code: 'UND_ERR_INVALID_ARG' })
})

test('two hundred calls that make no sense: no crash, no hang, no lost request', () =>
  withDispatcher(async (dispatcher) => {
    const junk = [
      undefined, null, 0, -1, NaN, '', 'x', true, Symbol('s'), 10n, [], {}, () => {}, new Date(0), /x/, new Map(), Object.create(null),
      new Proxy({}, {}), { then() {} }, { get origin() { throw new Error('getter') } },
    ]
    const good = { origin: server.url, path: '/', method: 'GET' }
    let calls = 0
    let told = 0
    const quiet = () => ({ onRequestStart() {}, onResponseEnd() { told += 1 }, onResponseError() { told += 1 } })
    const expected = []
    const attempt = (opts, handler, isTold) => {
      calls += 1
      try {
        dispatcher.dispatch(opts, handler)
        if (isTold) expected.push(calls)
      } catch (error) {
        assert.ok(error instanceof Error)
      }
    }
    for (const value of junk) {
      attempt(value, quiet(), true)
      attempt(good, value, false)
      for (const name of ['origin', 'path', 'method', 'headers', 'body', 'query', 'upgrade', 'headersTimeout', 'reset', 'idempotent']) {
        attempt({ ...good, [name]: value, ...(name === 'body' ? { method: 'POST' } : {}) }, quiet(), true)
      }
    }
    assert.ok(calls >= 200)
    // A body that never comes holds its own request only.
    assert.equal((await run(dispatcher, 'new', {})).at(-1)[0], 'end')
    await dispatcher.destroy()
    assert.equal(told, expected.length)
  }))
