'use strict'
// One request's trouble is its own: answers go to who asked, exceptions of other people's code reach
// their own request, their code runs in the context of the call that brought it, and what a program
// does to its globals reaches nobody.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const fs = require('node:fs')
const http = require('node:http')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { Readable } = require('node:stream')
const { Worker } = require('node:worker_threads')
const { once } = require('node:events')
const { after, test } = require('node:test')
const { Client } = require('..')
const { listen, runNode, useOrigin } = require('./support')

const origin = useOrigin()
const client = new Client()
after(() => client.close())

/** Answers `x-id` at once, before the body has come, or when it has. */
async function naming() {
  const server = http.createServer((request, response) => {
    const answer = () => response.end(request.headers['x-id'] + 'x'.repeat(Number(request.headers['x-size'] ?? 0)))
    request.on('error', () => {}).resume()
    if (request.url === '/early') answer()
    else request.on('end', answer)
  })
  const url = await listen(server)
  // A test that fails does not wait for it.
  server.unref()
  return { url, server }
}

test('each answer goes to who asked, whatever becomes of the uploads around it', { timeout: 120_000 }, async () => {
  const { url, server } = await naming()
  const own = new Client({ maxPerHost: 16 })
  let next = 0
  async function* slowly() {
    for (let i = 0; i < 20; i += 1) {
      yield Buffer.alloc(20_000)
      await new Promise(setImmediate)
    }
  }
  const kinds = [
    () => ({}),
    () => ({ method: 'POST', body: slowly() }),
    () => ({ method: 'POST', body: slowly(), signal: AbortSignal.timeout(next % 20) }),
    () => ({ method: 'POST', body: Readable.from(slowly()) }),
    () => ({ method: 'PUT', body: 'small' }),
  ]
  const one = async () => {
    while (next < 600) {
      const id = String(next)
      next += 1
      const options = kinds[next % kinds.length]()
      const size = next % 3 === 0 ? 200_000 : 0
      options.headers = { 'x-id': id, 'x-size': String(size) }
      try {
        const { body } = await own.request(url + (next % 2 === 0 ? '/early' : '/'), options)
        const text = await body.text()
        assert.equal(text.replace(/x*$/, ''), id)
        assert.equal(text.length, id.length + size)
      } catch (error) {
        if (error.code === 'ERR_ASSERTION') throw error
      }
    }
  }
  await Promise.all(Array.from({ length: 24 }, one))
  own.close()
  server.closeAllConnections()
  server.close()
})

const nasty = {
  'return() throws': () => ({
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: Buffer.alloc(100_000) }),
      return() { throw new Error('mine') },
    }),
  }),
  'return() rejects': () => (async function* () {
    try {
      for (;;) yield Buffer.alloc(100_000)
    } finally {
      throw new Error('mine')
    }
  })(),
  'no iterator': () => ({ [Symbol.asyncIterator]: () => null }),
  'an iterator that is none': () => ({ [Symbol.asyncIterator]: () => ({}) }),
  'asyncIterator throws': () => ({ [Symbol.asyncIterator]() { throw new Error('mine') } }),
  'next() throws': () => ({ [Symbol.asyncIterator]: () => ({ next() { throw new Error('mine') } }) }),
  'next() gives null': () => ({ [Symbol.asyncIterator]: () => ({ next: () => null }) }),
  'a getter throws': () => ({
    [Symbol.asyncIterator]: () => ({ next: async () => ({ get done() { throw new Error('mine') } }) }),
  }),
  'what it throws is no text': () => ({
    [Symbol.asyncIterator]: () => ({ next() { throw { get message() { throw new Error('mine') } } } }),
  }),
  'what it throws is null': () => ({ [Symbol.asyncIterator]: () => ({ next() { throw null } }) }),
  '_read throws': () => new Readable({ read() { throw new Error('mine') } }),
  'destroy throws': () => Object.assign(new Readable({ read() { this.push(Buffer.alloc(100_000)) } }), {
    destroy() { throw new Error('mine') },
  }),
  'pull throws': () => new ReadableStream({ pull() { throw new Error('mine') } }),
  'cancel throws': () => new ReadableStream({
    pull(to) { to.enqueue(new Uint8Array(100_000)) },
    cancel() { throw new Error('mine') },
  }),
  'pieces of the wrong kind': () => (async function* () { yield 7 })(),
}

for (const [what, body] of Object.entries(nasty)) {
  test(`30 other requests do not notice: ${what}`, { timeout: 60_000 }, async () => {
    const { url, server } = await naming()
    for (const end of ['early', 'abort', 'all']) {
      const control = new AbortController()
      const bad = client.request(url + (end === 'early' ? '/early' : '/'), {
        method: 'POST',
        headers: { 'x-id': 'bad' },
        body: body(),
        signal: control.signal,
        totalTimeout: 20_000,
      })
      bad.catch(() => {})
      const others = Array.from({ length: 30 }, async (_, i) => {
        const { body } = await client.request(url, { headers: { 'x-id': `good${i}` } })
        assert.equal(await body.text(), `good${i}`)
      })
      if (end !== 'early') setImmediate(() => control.abort())
      await Promise.all(others)
      await bad.then(({ body }) => body.dump(), () => {})
    }
    server.closeAllConnections()
    server.close()
  })
}

test('an exception of the caller is what its own request rejects with', async () => {
  const { url, server } = await naming()
  const send = (body) => client.request(url, { method: 'POST', headers: { 'x-id': '1' }, body })
  for (const what of ['asyncIterator throws', 'next() throws', 'a getter throws', '_read throws', 'pull throws']) {
    await assert.rejects(send(nasty[what]()), (error) => error.code === 'KA_BODY_SOURCE_FAILED' && error.cause.message === 'mine', what)
  }
  const signal = {
    aborted: false,
    addEventListener() { throw new Error('mine') },
    removeEventListener() {},
  }
  await assert.rejects(client.request(url, { signal }), /mine/)
  const { body } = await client.request(url, { headers: { 'x-id': 'after' } })
  assert.equal(await body.text(), 'after')
  server.closeAllConnections()
  server.close()
})

test('code of the caller runs in the context of the call that brought it', async () => {
  const { url, server } = await naming()
  const storage = new AsyncLocalStorage()
  const seen = new Map()
  const note = (id, what) => {
    const key = `${id} ${what}`
    seen.set(key, (seen.get(key) ?? []).concat([storage.getStore()]))
  }
  const bodies = {
    generator: (id) => (async function* () {
      for (let i = 0; i < 3; i += 1) {
        note(id, 'generator')
        yield 'x'.repeat(1000)
        await new Promise(setImmediate)
      }
    })(),
    plain: (id) => (function* () {
      note(id, 'plain')
      yield 'x'
      note(id, 'plain')
    })(),
    iterable: (id) => ({
      [Symbol.asyncIterator]() {
        note(id, 'iterable')
        let left = 3
        return { next: async () => (note(id, 'iterable'), { done: (left -= 1) === 0, value: 'x' }) }
      },
    }),
    stream: (id) => {
      let left = 3
      return new Readable({
        read() {
          note(id, 'stream')
          this.push((left -= 1) === 0 ? null : 'x'.repeat(100_000))
        },
      })
    },
    web: (id) => {
      let left = 3
      return new ReadableStream({
        pull(to) {
          note(id, 'web')
          if ((left -= 1) === 0) to.close()
          else to.enqueue(new Uint8Array(100_000))
        },
      }, { highWaterMark: 0 })
    },
    given: (id) => {
      const endless = new ReadableStream({
        pull: (to) => to.enqueue(new Uint8Array(100_000)),
        cancel: () => note(id, 'given'),
      }, { highWaterMark: 0 })
      return endless
    },
  }
  let id = 0
  const calls = []
  for (const send of ['request', 'fetch']) {
    for (const [kind, body] of Object.entries(bodies)) {
      for (let i = 0; i < 4; i += 1) {
        id += 1
        const mine = id
        calls.push(storage.run(mine, async () => {
          const target = url + (kind === 'given' ? '/early' : '/')
          const options = { method: 'POST', headers: { 'x-id': String(mine) }, body: body(mine) }
          if (send === 'fetch') options.duplex = 'half'
          const response = await client[send](target, options)
          assert.equal(storage.getStore(), mine)
          assert.equal(await (response.body.text?.() ?? response.text()), String(mine))
          assert.equal(storage.getStore(), mine)
        }))
      }
    }
  }
  await Promise.all(calls)
  assert.equal(seen.size, id)
  for (const [key, stores] of seen) {
    for (const store of stores) assert.equal(store, Number(key.split(' ')[0]), key)
  }
  // An abort from elsewhere: the stream's listeners are those of who reads it.
  const control = new AbortController()
  const { body } = await client.request(`${origin.http}/stall-body?n=100&sent=10`, { signal: control.signal })
  const failed = storage.run('reader', () => new Promise((resolve) => {
    body.on('error', () => resolve(storage.getStore())).resume()
  }))
  setImmediate(() => storage.run('aborter', () => control.abort()))
  assert.equal(await failed, 'reader')
  server.closeAllConnections()
  server.close()
})

test('the same in a worker', async () => {
  const worker = new Worker(`
    const { AsyncLocalStorage } = require('node:async_hooks')
    const { parentPort, workerData } = require('node:worker_threads')
    const { request } = require(workerData.entry)
    const storage = new AsyncLocalStorage()
    const wrong = []
    const check = (id) => { if (storage.getStore() !== id) wrong.push([id, storage.getStore()]) }
    const one = (id) => storage.run(id, async () => {
      const body = (async function* () { check(id); yield 'x'; await new Promise(setImmediate); check(id) })()
      await (await request(workerData.url, { method: 'POST', body })).body.text()
      check(id)
    })
    Promise.all(Array.from({ length: 20 }, (_, i) => one(i))).then(() => parentPort.postMessage(wrong))
  `, { eval: true, workerData: { entry: require.resolve('..'), url: `${origin.http}/echo` } })
  assert.deepEqual(await once(worker, 'message'), [[]])
  await worker.terminate()
})

test('sources are released however a request ends', { timeout: 60_000 }, async () => {
  const file = path.join(fs.mkdtempSync(path.join(tmpdir(), 'keepalive-')), 'body')
  fs.writeFileSync(file, Buffer.alloc(5_000_000))
  const open = () => fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`) === file
    } catch {
      return false
    }
  }).length
  const aborted = AbortSignal.abort()
  const ways = {
    'before it is sent': (body) => client.request(`${origin.http}/echo`, { method: 'POST', body, signal: aborted }),
    'while it is sent': (body) => client.request(`${origin.http}/upload-count?gate=never`, { method: 'POST', body, signal: AbortSignal.timeout(20) }),
    'by fetch': (body) => client.fetch(`${origin.http}/upload-count?gate=never`, { method: 'POST', body, signal: AbortSignal.timeout(20) }),
    'refused arguments': (body) => client.request(`${origin.http}/echo`, { method: 'POST', body, headers: { 'x y': '1' } }),
    'refused options': (body) => client.request(`${origin.http}/echo`, { method: 'POST', body, metod: 'x' }),
    'a refused URL': (body) => client.request('http://', { method: 'POST', body }),
    'nobody there': (body) => client.request('http://127.0.0.1:1/', { method: 'POST', body }),
    'a limit': (body) => client.request(`${origin.http}/upload-count?gate=never`, { method: 'POST', body, totalTimeout: 20 }),
  }
  for (const [what, send] of Object.entries(ways)) {
    // A stream that is destroyed before its file is open has it opened, and closes it then.
    const streams = Array.from({ length: 50 }, () => fs.createReadStream(file))
    const closed = streams.map((stream) => once(stream, 'close'))
    for (const { status } of await Promise.allSettled(streams.map(send))) assert.equal(status, 'rejected', what)
    await Promise.all(closed)
    assert.equal(open(), 0, what)
  }
  fs.rmSync(path.dirname(file), { recursive: true })
})

test('globals that are replaced after loading are not looked up', async () => {
  const ended = await runNode(`
    const { request, fetch, Client, Response } = require('.')
    const url = process.argv[1]
    const { Readable } = require('node:stream')
    const wait = setTimeout
    const done = (promise) => promise
    const AbortControllerHere = AbortController
    const names = ['setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout', 'setInterval', 'queueMicrotask',
      'Promise', 'WeakRef', 'FinalizationRegistry', 'MessageChannel', 'Buffer', 'structuredClone', 'performance', 'Date']
    for (const name of names) {
      Object.defineProperty(globalThis, name, { configurable: true, get() { throw new Error(name + ' was looked up') } })
    }
    for (const name of ['timers', 'timers/promises']) {
      const timers = require(name)
      for (const key of Object.keys(timers)) {
        if (typeof timers[key] === 'function') timers[key] = () => { throw new Error(key + ' was called') }
      }
    }
    async function main() {
      const texts = []
      texts.push(await (await request(url + '/ok')).body.text())
      texts.push(await (await fetch(url + '/ok')).text())
      texts.push(String((await (await request(url + '/bytes/20000000')).body.bytes()).length))
      texts.push(String((await (await fetch(url + '/chunked/3000000')).arrayBuffer()).byteLength))
      let length = 0
      for await (const piece of (await request(url + '/bytes/20000000')).body) length += piece.length
      texts.push(String(length))
      async function* pieces() { yield 'a'; yield 'b' }
      texts.push((await (await request(url + '/echo', { method: 'POST', body: pieces() })).body.text()).length > 0 ? 'echo' : '')
      const control = new AbortControllerHere()
      const stalled = request(url + '/stall', { signal: control.signal })
      wait(() => control.abort(new Error('enough')), 10)
      try { await stalled } catch (error) { texts.push(error.message) }
      try { await request('http://127.0.0.1:1/') } catch (error) { texts.push(error.code) }
      console.log(texts.join())
    }
    main().then(() => process.exit(0), (error) => { console.log(error); process.exit(1) })
  `, [origin.http])
  assert.deepEqual(ended, {
    code: 0,
    signal: null,
    stdout: 'ok,ok,20000000,3000000,20000000,echo,enough,KA_CONNECT_FAILED\n',
    stderr: '',
  })
})

test('a package that is loaded anew and dropped becomes garbage', async () => {
  const ended = await runNode(`
    const gc = (require('node:v8').setFlagsFromString('--expose-gc'), require('node:vm').runInNewContext('gc'))
    const path = require('node:path')
    const { createRequire } = require('node:module')
    const lib = path.join(process.cwd(), 'lib')
    const dropped = []
    async function once() {
      for (const file of Object.keys(require.cache)) if (file.startsWith(lib) || file === require.resolve('.')) delete require.cache[file]
      // A parent of its own, since a module keeps its children.
      const keepalive = createRequire(path.join(lib, 'x.js'))('..')
      const { body } = await new keepalive.Client().request(process.argv[1] + '/ok')
      if (await body.text() !== 'ok') throw new Error('not ok')
      dropped.push(new WeakRef(keepalive.Client))
    }
    (async () => {
      for (let i = 0; i < 20; i += 1) await once()
      for (let i = 0; i < 20; i += 1) { gc(); await new Promise(setImmediate) }
      console.log(dropped.filter((one) => one.deref() !== undefined).length <= 3 ? 'few' : 'all')
    })()
  `, [origin.http])
  assert.deepEqual(ended, { code: 0, signal: null, stdout: 'few\n', stderr: '' })
})
