'use strict'
// What goes in and comes out as the rest of a program knows it: the global scope's classes, forms of
// other packages, Node's errors, and nothing secret in any text.

const assert = require('node:assert/strict')
const http = require('node:http')
const net = require('node:net')
const { once } = require('node:events')
const { Readable } = require('node:stream')
const { inspect } = require('node:util')
const { after, test } = require('node:test')
const undici = require('undici')
const NpmForm = require('form-data')
const keepalive = require('..')
const { Client, KeepaliveError } = keepalive
const { listen, seenBy, useOrigin } = require('./support')

const origin = useOrigin()
const client = new Client()
after(() => client.close())

async function post(body, more = {}) {
  const response = await client.fetch(`${origin.http}/echo`, { method: 'POST', body, ...more })
  return seenBy(await response.json())
}

test('a Response is the global scope\'s, and Headers and FormData are', async () => {
  const response = await client.fetch(`${origin.http}/json`)
  assert.ok(response instanceof globalThis.Response)
  assert.ok(response instanceof keepalive.Response)
  assert.ok(response.clone() instanceof globalThis.Response)
  assert.ok(response.headers instanceof Headers)
  assert.equal(Object.prototype.toString.call(response), '[object Response]')
  assert.equal(await new Response(response.body, response).text(), await (await client.fetch(`${origin.http}/json`)).text())
  assert.equal(new keepalive.Response('mine', { status: 201 }).status, 201)
  assert.equal(await keepalive.Response.json({ a: 1 }).text(), '{"a":1}')
  const form = await (await client.request(`${origin.http}/echo`, { method: 'POST', body: 'x' })).body.blob()
  assert.ok(form instanceof Blob)
  const server = http.createServer((_, response) => response.setHeader('content-type', 'application/x-www-form-urlencoded').end('a=b'))
  const url = await listen(server)
  const data = await (await client.fetch(url)).formData()
  assert.ok(data instanceof FormData)
  assert.equal(data.get('a'), 'b')
  server.close()
})

test('Request, Headers, FormData and Blob of the global scope and of undici go in', async () => {
  for (const { FormData, Headers, Request } of [globalThis, undici]) {
    const form = new FormData()
    form.append('name', 'välue')
    form.append('file', new Blob(['inside']), 'name.txt')
    const seen = await post(form)
    assert.match(seen.field('content-type'), /^multipart\/form-data; boundary=/)
    assert.match(seen.text, /välue[^]*filename="name.txt"[^]*inside/)
    assert.equal(Number(seen.field('content-length')), Buffer.byteLength(seen.text))
    const headers = new Headers({ 'x-mine': 'yes' })
    assert.equal((await post('x', { headers })).field('x-mine'), 'yes')
    const request = new Request(`${origin.http}/echo`, { method: 'POST', body: 'from a request', headers })
    const sent = seenBy(await (await client.fetch(request)).json())
    assert.deepEqual([sent.text, sent.field('x-mine'), sent.field('content-length')], ['from a request', 'yes', '14'])
    assert.equal(request.bodyUsed, true)
    await assert.rejects(client.fetch(request), { name: 'TypeError', message: /already been read/ })
  }
})

test("a form of the form-data package goes in, with its length and its files' descriptors freed", async () => {
  const form = new NpmForm()
  form.append('name', 'value')
  form.append('file', Buffer.from('inside'), { filename: 'name.txt' })
  const seen = await post(form)
  assert.equal(seen.field('content-type'), form.getHeaders()['content-type'])
  assert.equal(Number(seen.field('content-length')), Buffer.byteLength(seen.text))
  assert.match(seen.text, /value[^]*name.txt[^]*inside/)
  const file = require('node:fs').createReadStream(__filename)
  const open = new NpmForm()
  open.append('file', file)
  await assert.rejects(client.request(`${origin.http}/echo`, { method: 'POST', body: open, signal: AbortSignal.abort() }))
  if (!file.closed) await once(file, 'close')
})

test('a body that was read is an error in every way, and bodyUsed stays', async () => {
  const ways = {
    text: (body) => body.text(),
    json: (body) => body.json(),
    arrayBuffer: (body) => body.arrayBuffer(),
    bytes: (body) => body.bytes(),
    blob: (body) => body.blob(),
    iterate: async (body) => { for await (const _ of body instanceof Readable ? body : body.body); },
    reader: async (body) => { for (const reader = body.body.getReader(); !(await reader.read()).done;); },
  }
  const stream = (body) => new Promise((resolve, reject) => body.on('error', reject).on('end', resolve).resume())
  for (const path of ['/json', '/bytes/300000', '/chunked/300000']) {
    for (const first of Object.keys(ways)) {
      if (first === 'json' && path !== '/json') continue
      for (const second of Object.keys(ways)) {
        const response = await client.fetch(origin.http + path)
        await ways[first](response)
        assert.equal(response.bodyUsed, true)
        // A web stream that has ended is at its end for its readers, too.
        const streams = ['iterate', 'reader']
        if (!streams.includes(first) || !streams.includes(second)) {
          await assert.rejects(ways[second](response), TypeError, `fetch ${path}: ${first}, then ${second}`)
        }
        assert.equal(response.bodyUsed, true)
        assert.throws(() => response.clone(), TypeError)
        const { body } = await client.request(origin.http + path)
        await ways[first](body)
        assert.equal(body.bodyUsed, true)
        if (first !== 'reader' || second !== 'reader') {
          await assert.rejects(ways[second](body), undefined, `request ${path}: ${first}, then ${second}`)
        }
        assert.equal(body.bodyUsed, true)
      }
      const { body } = await client.request(origin.http + path)
      await ways[first](body)
      if (first !== 'iterate' && first !== 'reader') await assert.rejects(stream(body), undefined, `${path}: ${first}, then a stream`)
    }
  }
})

test('request and fetch work without their client', async () => {
  const { request, fetch } = client
  assert.equal(await (await request(`${origin.http}/ok`)).body.text(), 'ok')
  assert.equal(await (await fetch(`${origin.http}/ok`)).text(), 'ok')
  class Mine extends Client {
    async request(...args) {
      return { ...await super.request(...args), mine: true }
    }
  }
  const mine = new Mine()
  assert.equal((await (0, mine.request)(`${origin.http}/ok`)).mine, true)
  mine.close()
})

test('fetch honours or refuses what it knows, and ignores the rest', async () => {
  const ok = `${origin.http}/ok`
  const refused = [
    [{ dispatcher: new undici.Agent() }, /dispatcher/],
    [{ agent: new http.Agent() }, /agent/],
    [{ headerTimeout: 5 }, /did you mean headersTimeout/],
    [{ headersTimout: 5 }, /did you mean headersTimeout/],
    [{ timeout: 5 }, /did you mean totalTimeout/],
    [{ totaltimeout: 5 }, /did you mean totalTimeout/],
    [{ maxPerHost: 5 }, /option maxPerHost is a Client's/],
  ]
  for (const [init, message] of refused) {
    await assert.rejects(client.fetch(ok, init), { name: 'TypeError', code: 'KA_INVALID_ARGUMENT', message })
  }
  const ignored = {
    mode: 'cors', credentials: 'include', cache: 'no-store', keepalive: true, referrer: 'about:client', priority: 'high',
    next: { revalidate: 5 }, cf: {}, integrity: '', dispatcher: undefined, verbose: true, window: null,
  }
  assert.equal(await (await client.fetch(ok, ignored)).text(), 'ok')
  await assert.rejects(client.request(ok, { allowRedirects: true }), /did you mean redirect\?/)
  assert.throws(() => new Client({ maxPerhost: 1 }), /did you mean maxPerHost\?/)
})

test('fetch parses URLs as WHATWG does, request refuses what others read as another host', async () => {
  const odd = origin.http.replace('http://', 'http:\\\\')
  assert.equal(await (await client.fetch(`  ${odd}\\ok\n`)).text(), 'ok')
  assert.equal(await (await client.fetch(`${origin.http}/a/../ok#part`)).text(), 'ok')
  for (const url of [`${origin.http}\\@allowed.example/`, `http:///${origin.http.slice(7)}/ok`, `http:${origin.http.slice(7)}/ok`]) {
    await assert.rejects(client.request(url), { name: 'TypeError', code: 'KA_INVALID_URL' })
  }
  await assert.rejects(client.fetch('/relative'), { name: 'TypeError', code: 'KA_INVALID_URL' })
})

test("errors say what Node's do, and keep the caller's stack", async () => {
  async function theCaller(send, url, options) {
    return send(url, options)
  }
  const server = net.createServer()
  const url = await listen(server)
  const { port } = server.address()
  server.close()
  const checks = (error) => {
    assert.ok(error instanceof KeepaliveError)
    assert.deepEqual([error.errno, error.syscall, error.address, error.port], [-111, 'connect', '127.0.0.1', port])
    assert.equal(error.url, `${url}/x?q=1`)
    assert.equal(error.tries, 1)
  }
  // fetch takes no credentials in a URL.
  for (const [send, base] of [[client.request, url.replace('//', '//user:geheim@')], [client.fetch, url]]) {
    const target = `${base}/x?q=1#part`
    const error = await (async function anotherCaller() {
      try {
        return await theCaller(send, target)
      } catch (error) {
        return error
      }
    })()
    checks(error.cause ?? error)
    assert.match(error.stack, /theCaller|anotherCaller/)
    assert.doesNotMatch(inspect(error), /geheim/)
  }
  const cut = await client.fetch(`${origin.http}/wire/truncated_content_length`)
  const error = await (async function theReader() {
    return await cut.text()
  })().catch((error) => error)
  assert.match(error.stack, /theReader/)
  assert.equal(error.cause.url, `${origin.http}/wire/truncated_content_length`)
  const reason = new Error('mine')
  await assert.rejects(client.fetch(`${origin.http}/ok`, { signal: AbortSignal.abort(reason) }), (error) => error === reason)
})

test('nothing secret is in a message or shown', async () => {
  const secret = 'geheim'
  const urls = [
    `http://user:${secret}@127.0.0.1:1/`,
    `http://user:${secret}@host:99999/`,
    `http://user:${secret}@ho st/`,
    `http://user:${secret}@/`,
    `http://us er:${secret}@[::1/`,
    `ftp://user:${secret}@host/`,
    `user:${secret}@host/`,
    `http://user:${secret}@host\\@other/`,
    `//user:${secret}@host/`,
  ]
  const headers = [
    { Authorization: `Bearer ${secret}\nmore` },
    { Authorization: `Bearer ${secret}\u20ac` },
    { Cookie: `a=${secret}\0` },
    { 'Proxy-Authorization': { secret, toString: undefined } },
    [['Cookie', secret, 'more']],
  ]
  const tried = [
    ...urls.flatMap((url) => [() => client.request(url), () => client.fetch(url), () => client.warm(url, 1)]),
    ...headers.flatMap((headers) => [
      () => client.request(`${origin.http}/ok`, { headers }),
      () => client.fetch(`${origin.http}/ok`, { headers }),
    ]),
    () => client.request(`${origin.http}/ok`, { headers: { 'Content-Length': '7', Authorization: secret } }),
    () => client.request(`${origin.http}/close`, { headers: { Authorization: secret, Cookie: secret } }),
  ]
  for (const send of tried) {
    const error = await send().then(() => assert.fail('it was sent'), (error) => error)
    assert.doesNotMatch(inspect(error, { showHidden: true, depth: 10 }), /geheim/)
    assert.doesNotMatch(JSON.stringify({ ...error, message: error.message, stack: error.stack }), /geheim/)
  }
  const server = http.createServer((_, response) => response.setHeader('set-cookie', ['a=geheim1', 'b=geheim2']).end('ok'))
  const url = await listen(server)
  const target = url.replace('//', `//user:${secret}@`)
  const fetched = await client.fetch(url, { auth: { username: 'user', password: secret } })
  const result = await client.request(target)
  const shown = inspect([fetched, fetched.headers, result, result.headers, fetched.url, result.url, client.stats()], { depth: 10 })
  assert.doesNotMatch(shown, /geheim/)
  assert.deepEqual(fetched.headers.getSetCookie(), ['a=geheim1', 'b=geheim2'])
  assert.deepEqual(result.headers['set-cookie'], ['a=geheim1', 'b=geheim2'])
  assert.deepEqual(Object.keys(result.headers).includes('set-cookie'), true)
  server.close()
})

test('0 is none for every time limit, in a client and in a request', async () => {
  const none = new Client({
    queueTimeout: 0, queueStallTimeout: 0, connectTimeout: 0, headerTimeout: 0, stallTimeout: 0, totalTimeout: 0, idleTimeout: 0,
  })
  const limits = { queueTimeout: 0, connectTimeout: 0, headersTimeout: 0, sendTimeout: 0, bodyTimeout: 0, totalTimeout: 0 }
  for (const options of [undefined, limits]) {
    assert.equal(await (await none.request(`${origin.http}/bytes/300000`, options)).body.text().then((text) => text.length > 0), true)
  }
  assert.equal(none.stats().origins[0].idleLimit, null)
  none.close()
})

/** A server that closes the connection of the first request to each path before it answers. */
async function failing() {
  const met = new Set()
  const bodies = []
  const server = http.createServer((request, response) => {
    const pieces = []
    request.on('error', () => {}).on('data', (piece) => pieces.push(piece)).on('end', () => {
      const { url, headers } = request
      if (url === '/warm') return response.end('warm')
      if (url.startsWith('/moved') && !met.has(url)) {
        met.add(url)
        return response.writeHead(307, { location: url }).end()
      }
      if (url.startsWith('/dies') && !met.has(url)) {
        met.add(url)
        return request.socket.destroy()
      }
      bodies.push({ text: Buffer.concat(pieces).toString(), length: headers['content-length'] })
      return response.end('ok')
    })
  })
  return { url: await listen(server), server, bodies }
}

const again = {
  text: () => 'abcdef',
  bytes: () => Buffer.from('abcdef'),
  parameters: () => new URLSearchParams('abcdef='),
  Blob: () => new Blob(['abc', 'def']),
  array: () => ['abc', Buffer.from('def')],
  Set: () => new Set(['abc', 'def']),
  form: () => {
    const form = new FormData()
    form.append('a', 'b')
    return form
  },
  'an iterable': () => ({ * [Symbol.iterator]() { yield 'abc'; yield 'def' } }),
  'an async iterable': () => ({ async* [Symbol.asyncIterator]() { yield 'abc'; yield 'def' } }),
}
const once_ = {
  generator: () => (function* () { yield 'abc' })(),
  'async generator': () => (async function* () { yield 'abc' })(),
  stream: () => Readable.from(['abc']),
  'web stream': () => new Blob(['abc']).stream(),
}
const unknown = new Set(['an iterable', 'an async iterable'])

test('what can be sent again is, on a replay and on a redirect, with its length where that is known', async () => {
  const { url, server, bodies } = await failing()
  let number = 0
  for (const [what, body] of Object.entries(again)) {
    for (const way of ['dies', 'moved']) {
      const own = new Client()
      await (await own.request(`${url}/warm`)).body.text()
      number += 1
      const headers = { 'idempotency-key': String(number) }
      const response = await own.request(`${url}/${way}/${number}`, { method: 'POST', body: body(), headers, redirect: 'follow' })
      assert.equal(await response.body.text(), 'ok', `${what} ${way}`)
      assert.equal(response.info.replays + response.info.redirects, 1)
      const { text, length } = bodies.pop()
      assert.match(text, /^abcdef=?$|name="a"[^]*b/, what)
      assert.equal(length, unknown.has(what) ? undefined : String(Buffer.byteLength(text)), what)
      own.close()
    }
  }
  for (const way of ['dies', 'moved']) {
    const own = new Client()
    await (await own.request(`${url}/warm`)).body.text()
    number += 1
    const request = new Request(`${url}/${way}/${number}`, { method: 'PUT', body: 'abcdef' })
    assert.equal(await (await own.fetch(request)).text(), 'ok', way)
    assert.deepEqual(bodies.pop(), { text: 'abcdef', length: '6' })
    own.close()
  }
  server.closeAllConnections()
  server.close()
})

test('what cannot be sent again fails, and the error says so', async () => {
  const { url, server, bodies } = await failing()
  let number = 0
  for (const [what, body] of Object.entries(once_)) {
    number += 1
    const moved = client.request(`${url}/moved/${number}`, { method: 'POST', body: body(), redirect: 'follow' })
    await assert.rejects(moved, /produced again|cannot be sent again|streamed/, what)
  }
  assert.deepEqual(bodies, [])
  server.closeAllConnections()
  server.close()
})

test('a Request with a stream that takes its time is sent as it comes', async () => {
  const { url, server, bodies } = await failing()
  let given = 0
  const body = new ReadableStream({
    async pull(to) {
      for (let i = 0; i < 20; i += 1) await new Promise(setImmediate)
      if ((given += 1) === 3) to.close()
      else to.enqueue(Buffer.from('abc'))
    },
  }, { highWaterMark: 0 })
  const request = new Request(`${url}/slow`, { method: 'POST', body, duplex: 'half' })
  assert.equal(await (await client.fetch(request)).text(), 'ok')
  assert.deepEqual(bodies, [{ text: 'abcabc', length: undefined }])
  server.closeAllConnections()
  server.close()
})
