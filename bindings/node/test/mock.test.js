'use strict'
// libkeepalive/mock: replies in place of servers.

const assert = require('node:assert/strict')
const { Readable } = require('node:stream')
const { afterEach, test } = require('node:test')
const { Client, KeepaliveDispatcher, KeepaliveError, Response, download, fetch, request, upgrade } = require('..')
const { MockAgent, MockClient, MockNotMatchedError, MockPool } = require('../adapters/mock')
const { useOrigin } = require('./support')

const origin = useOrigin()
const API = 'https://api.example'
let mock

/** A MockAgent without a network. */
function mocked(options) {
  mock = new MockAgent(options)
  mock.disableNetConnect()
  return mock
}

afterEach(() => mock?.close())

test('request and fetch get what was said', async () => {
  const pool = mocked().get(API)
  pool.intercept({ path: '/users?b=2&a=1' }).reply(201, { name: 'Ada' }, { headers: { 'X-One': ['1', '2'], 'Content-Type': 'application/json' }, trailers: { 'X-Sum': '7' } }).times(2)
  const result = await request(`${API}/users`, { query: { a: 1, b: 2 } })
  assert.equal(result.statusCode, 201)
  assert.equal(result.statusText, 'Created')
  assert.deepEqual(result.headers, { 'x-one': ['1', '2'], 'content-type': 'application/json' })
  assert.deepEqual(await result.body.json(), { name: 'Ada' })
  assert.deepEqual(result.trailers, { 'x-sum': '7' })
  assert.equal(result.info.reused, false)
  assert.equal(result.info.tls, null)
  const response = await fetch(`${API}/users?a=1&b=2#part`)
  assert.ok(response instanceof Response)
  assert.equal(response.url, `${API}/users?a=1&b=2`)
  assert.equal(response.redirected, false)
  assert.equal((await response.clone().blob()).type, 'application/json')
  assert.deepEqual(await response.json(), { name: 'Ada' })
  mock.assertNoPendingInterceptors()
  await assert.rejects(request(`${API}/users?a=1&b=2`), { code: 'UND_MOCK_ERR_MOCK_NOT_MATCHED' })
})

test('bodies in every form are read as ever', async () => {
  mocked().get(API).intercept({ path: '/' }).reply(200, Buffer.from('twelve bytes')).persist()
  for await (const piece of (await request(API)).body) assert.equal(piece.toString(), 'twelve bytes')
  await (await request(API)).body.dump()
  assert.equal(await new globalThis.Response((await fetch(API)).body).text(), 'twelve bytes')
  assert.equal((await (await fetch(API)).bytes()).length, 12)
  const client = new Client({ maxBodySize: 4 })
  await assert.rejects((await client.request(API)).body.text(), { code: 'KA_BODY_TOO_LARGE' })
  client.close()
})

test('method, headers, body, path and origin decide', async () => {
  const pool = mocked().get((text) => text.endsWith('.example'))
  pool.intercept({ path: /^\/things\/[0-9]+$/g, method: 'PUT', headers: { 'X-Key': /^k/ }, body: (text) => text.includes('two') }).reply(200, 'put').persist()
  pool.intercept({ path: (path) => path.startsWith('/any'), method: /^(GET|HEAD)$/, headers: ({ accept }) => accept === 'x/y' }).reply(200, 'any').persist()
  pool.intercept({ path: '/q', query: { list: ['1', '2'], z: true } }).reply(200, 'query')
  const put = (options) => request('http://b.example/things/7', { method: 'PUT', headers: { 'x-key': 'key' }, body: 'one two', ...options })
  const no = (promise) => assert.rejects(promise, MockNotMatchedError)
  for (const body of ['two', Buffer.from('two'), new Blob(['two']), Readable.from(['t', 'wo']), new URLSearchParams({ two: '' }), (function* () { yield 'two' })()]) {
    assert.equal(await (await put({ body })).body.text(), 'put')
  }
  await no(put({ body: 'three' }))
  await no(put({ body: Readable.from(['three']) }))
  await no(put({ headers: {} }))
  await no(put({ headers: { 'x-key': 'other' } }))
  await no(put({ method: 'POST' }))
  await no(request('http://b.test/things/7', { method: 'PUT', body: 'two' }))
  assert.equal(await (await fetch('http://a.example/any/thing', { headers: { Accept: 'x/y' } })).text(), 'any')
  await no(fetch('http://a.example/any/thing').catch(({ cause }) => Promise.reject(cause)))
  assert.equal(await (await request('http://a.example/q?z=true&list=1&list=2')).body.text(), 'query')
})

test('replies by callbacks, which see the request', async () => {
  const pool = mocked().get(API)
  const seen = []
  pool.intercept({ path: '/a', method: 'POST' }).reply(200, async (told) => ({ got: JSON.parse(told.body), by: told.headers['x-by'] }))
  pool.intercept({ path: '/b' }).reply((told) => {
    seen.push(told)
    return { statusCode: 404, data: 'none', responseOptions: { headers: { 'x-why': 'not there' } } }
  })
  const { body } = await request(`${API}/a`, { method: 'POST', body: '{"n":1}', headers: { 'X-By': 'test' } })
  assert.deepEqual(await body.json(), { got: { n: 1 }, by: 'test' })
  const { statusCode, headers } = await request(`${API}/b`)
  assert.deepEqual([statusCode, headers['x-why']], [404, 'not there'])
  assert.deepEqual(seen, [{ origin: API, path: '/b', method: 'GET', headers: {}, body: null }])
})

test('defaults of replies', async () => {
  const interceptor = mocked().get(API).intercept({ path: '/' }).defaultReplyHeaders({ 'x-a': '1', 'x-b': '2' }).defaultReplyTrailers({ 'x-t': 't' }).replyContentLength()
  interceptor.reply(200, 'äö', { headers: { 'X-B': 'own' } })
  interceptor.reply(503, 'second')
  const { body, headers } = await request(API)
  assert.deepEqual(headers, { 'x-a': '1', 'content-length': '4', 'x-b': 'own' })
  assert.equal(await body.text(), 'äö')
  assert.equal((await request(API)).statusCode, 503)
})

test('errors: of one\'s own, and the engine\'s by their codes', async () => {
  const pool = mocked().get(API)
  const own = new Error('as told')
  pool.intercept({ path: '/own' }).replyWithError(own).times(2)
  pool.intercept({ path: '/ka' }).replyWithError('KA_CONNECT_TIMEOUT').times(2)
  await assert.rejects(request(`${API}/own`), (error) => error === own)
  await assert.rejects(fetch(`${API}/own`), { name: 'TypeError', message: 'fetch failed', cause: own })
  await assert.rejects(request(`${API}/ka`), (error) => error instanceof KeepaliveError && error.kind === 'ConnectTimeout')
  await assert.rejects(fetch(`${API}/ka`), ({ cause }) => cause instanceof KeepaliveError)
  mock.assertNoPendingInterceptors()
})

test('delays, and signals that do not wait for them', async () => {
  const pool = mocked().get(API)
  pool.intercept({ path: '/' }).reply(200, 'late').delay(5).times(2)
  assert.equal(await (await request(API)).body.text(), 'late')
  assert.equal(await (await request(API, { signal: new AbortController().signal })).body.text(), 'late')
  pool.intercept({ path: '/' }).reply(200, 'never').delay(2 ** 30)
  const controller = new AbortController()
  const pending = request(API, { signal: controller.signal })
  setImmediate(() => controller.abort(new Error('enough')))
  await assert.rejects(pending, { message: 'enough' })
  await assert.rejects(fetch(API, { signal: AbortSignal.abort() }), { name: 'AbortError' })
})

/** Redirects between two origins, and what they lead to. */
function redirecting() {
  const pool = mocked().get(API)
  const other = mock.get('https://other.example')
  pool.intercept({ path: '/from', method: 'POST' }).reply(302, '', { headers: { Location: 'https://other.example/to' } }).persist()
  pool.intercept({ path: '/again', method: 'PUT' }).reply(307, '', { headers: { location: '/kept' } }).persist()
  pool.intercept({ path: '/kept', method: 'PUT', body: 'body' }).reply(200, 'kept').persist()
  pool.intercept({ path: '/down' }).reply(301, '', { headers: { location: 'http://other.example/to' } }).persist()
  pool.intercept({ path: '/two' }).reply(301, '', { headers: { location: ['/a', '/b'] } }).persist()
  pool.intercept({ path: '/round' }).reply(308, 'round', { headers: { location: '/round' } }).persist()
  other.intercept({
    path: '/to',
    headers: (headers) => headers.authorization === undefined && headers['x-secret'] === undefined && headers['x-a'] === '1' && headers['content-type'] === undefined,
  }).reply(200, 'here').persist()
  return { method: 'POST', body: 'x', headers: { Authorization: 'secret', 'X-A': '1', 'Content-Type': 'text/x' } }
}

test('redirects, where the request asks for them', async () => {
  const options = redirecting()
  const response = await fetch(`${API}/from`, options)
  assert.deepEqual([await response.text(), response.redirected, response.url], ['here', true, 'https://other.example/to'])
  assert.equal(await (await fetch(`${API}/again`, { method: 'PUT', body: 'body' })).text(), 'kept')
  assert.equal((await request(`${API}/from`, options)).statusCode, 302)
  const { body, info } = await request(`${API}/from`, { ...options, redirect: 'follow' })
  assert.equal(await body.text(), 'here')
  assert.deepEqual(info.history.map(({ statusCode }) => statusCode), [302])
  await assert.rejects(request(`${API}/round`, { redirect: 'follow' }), { code: 'KA_TOO_MANY_REDIRECTS' })
  await assert.rejects(request(`${API}/round`, { redirect: 'error' }), { code: 'KA_INVALID_REDIRECT' })
  await assert.rejects(request(`${API}/round`, { redirect: 'follow', onRedirect: () => false }), { code: 'KA_REDIRECT_REFUSED' })
})

test('redirects lead where the engine would go, and no further', async () => {
  const options = redirecting()
  await assert.rejects(request(`${API}/down`, { redirect: 'follow' }), ({ code, phase, sent }) => code === 'KA_REDIRECT_REFUSED' && phase === 'head' && sent === 'all')
  await assert.rejects(request(`${API}/two`, { redirect: 'follow' }), { code: 'KA_INVALID_REDIRECT' })
  // A body that is gone once it was read.
  const once = async function* () {
    yield 'body'
  }
  await assert.rejects(request(`${API}/again`, { method: 'PUT', body: once(), redirect: 'follow' }), { code: 'KA_INVALID_REDIRECT' })
  const secret = { ...options, headers: { ...options.headers, 'X-Secret': '1' }, redirect: 'follow', sensitiveHeaders: ['x-secret'] }
  assert.equal(await (await request(`${API}/from`, secret)).body.text(), 'here')
  const short = await request(`${API}/round`, { redirect: 'follow', maxRedirections: 3 })
  assert.deepEqual([short.statusCode, short.info.history.length, await short.body.text()], [308, 3, 'round'])
  const seen = []
  await fetch(`${API}/from#part`, { ...options, onRedirect: (url, { statusCode }) => void seen.push([url, statusCode]) })
  assert.deepEqual(seen, [['https://other.example/to#part', 302]])
})

test("a Client's options: redirects and cookies", async () => {
  const options = redirecting()
  const client = new Client({ redirect: 'follow', maxRedirects: 2, cookies: true, redirectDowngrade: true })
  const text = async (...call) => (await client.request(...call)).body.text()
  assert.equal(await text(`${API}/from`, options), 'here')
  assert.equal(await text(`${API}/down`, { headers: { 'X-A': '1' } }).catch((error) => error.code), 'UND_MOCK_ERR_MOCK_NOT_MATCHED')
  assert.equal((await client.request(`${API}/from`, { ...options, redirect: 'manual' })).statusCode, 302)
  await assert.rejects(text(`${API}/round`), { code: 'KA_TOO_MANY_REDIRECTS' })
  const pool = mock.get(API)
  pool.intercept({ path: '/login', method: 'POST' }).reply(303, '', { headers: { location: '/home', 'set-cookie': ['session=1; Path=/; Secure', 'theme=dark'] } })
  pool.intercept({ path: '/home', headers: { cookie: /session=1/ } }).reply(200, ({ headers }) => headers.cookie).times(2)
  assert.equal(await text(`${API}/login`, { method: 'POST', body: 'who' }), 'session=1; theme=dark')
  assert.equal(await text(`${API}/home`), 'session=1; theme=dark')
  assert.equal(client.cookies.getCookiesSync(API).length, 2)
  await assert.rejects(client.request(`${API}/home`, { headers: { 'bad name': '1' } }), { code: 'KA_INVALID_HEADER' })
  client.close()
})

test('calls are written down', async () => {
  mocked()
  assert.equal(mock.getCallHistory(), undefined)
  const pool = mock.enableCallHistory().get(API)
  pool.intercept({ path: '/a?x=1' }).reply(302, '', { headers: { location: '/b#end' } })
  pool.intercept({ path: '/b' }).reply(200)
  pool.intercept({ path: '/c', method: 'POST' }).reply(200)
  await request(`${API}/a?x=1`, { redirect: 'follow', headers: { 'X-One': '1' } })
  await request(`${API}/c`, { method: 'POST', body: Readable.from(['in ', 'pieces']) })
  await assert.rejects(request('http://none.example:81/'), MockNotMatchedError)
  const history = mock.getCallHistory()
  assert.deepEqual([...history].map(({ method, fullUrl }) => `${method} ${fullUrl}`), [`GET ${API}/a?x=1`, `GET ${API}/b#end`, `POST ${API}/c`, 'GET http://none.example:81/'])
  const { host, path, port, protocol, searchParams, headers, body } = history.firstCall()
  assert.deepEqual({ host, path, port, protocol, searchParams, headers: { ...headers }, body }, { host: 'api.example', path: '/a', port: '', protocol: 'https:', searchParams: { x: '1' }, headers: { 'x-one': '1' }, body: null })
  assert.equal(String(history.nthCall(3).body), 'in pieces')
  assert.equal(history.lastCall().port, '81')
  assert.match(history.firstCall().toString(), /^protocol->https:\|host->api.example\|.*\|searchParams->\{"x":"1"\}\|/)
  const count = (...call) => history.filterCalls(...call).length
  assert.deepEqual([count(/pieces|x=1/g), count({ method: 'POST', path: '/b' }), count({ method: 'GET', path: /^\/[ab]$/ }, { operator: 'and' }), count((log) => log.port === '81'), count({})], [1, 2, 2, 1, 4])
  assert.deepEqual([history.filterCallsByMethod('POST').length, history.filterCallsByHost(/none/g).length, history.filterCallsByFullUrl(`${API}/c`).length], [1, 1, 1])
  for (const bad of [() => history.nthCall(0), () => history.nthCall('1'), () => history.filterCalls(7), () => history.filterCalls({ method: 7 }), () => history.filterCalls({}, { operator: 'XOR' })]) {
    assert.throws(bad, { code: 'KA_INVALID_ARGUMENT' })
  }
  mock.disableCallHistory()
  await assert.rejects(request(API), MockNotMatchedError)
  assert.equal(history.calls().length, 4)
  mock.clearCallHistory()
  assert.equal(history.calls().length, 0)
})

test('pools as classes', async () => {
  mocked({ connections: 1, ignoreTrailingSlash: true })
  const client = mock.get(API)
  assert.ok(client instanceof MockClient && client instanceof MockPool)
  assert.equal(mock.get(`${API}/`), client)
  const pool = new MockPool(API, { agent: mock })
  pool.intercept({ path: '/here/' }).reply(200, 'pool').times(2)
  client.intercept({ path: '/there', ignoreTrailingSlash: false }).reply(200, 'client')
  assert.equal(await (await request(`${API}/here`)).body.text(), 'pool')
  assert.equal(await (await request(`${API}/here/?`)).body.text(), 'pool')
  await assert.rejects(request(`${API}/there/`), MockNotMatchedError)
  assert.equal(mock.pendingInterceptors().length, 1)
  await pool.close()
  assert.equal(mock.pendingInterceptors().length, 0)
  const other = new MockClient('https://other.example', { agent: mock })
  other.intercept({ path: '/' }).reply(200, 'other')
  assert.equal(await (await request('https://other.example')).body.text(), 'other')
  for (const bad of [() => new MockPool(API), () => new MockPool(API, { agent: {} }), () => new MockClient(7, { agent: mock })]) assert.throws(bad, { code: 'KA_INVALID_ARGUMENT' })
})

test('what is pending is listed', async () => {
  const pool = mocked().get(API)
  pool.intercept({ path: '/a' }).reply(200).times(2)
  pool.intercept({ path: '/b', method: 'POST' }).reply(204).persist()
  await request(`${API}/a`)
  assert.deepEqual(mock.pendingInterceptors().map(({ path, times, timesInvoked }) => [path, times, timesInvoked]), [['/a', 2, 1], ['/b', null, 0]])
  assert.throws(() => mock.assertNoPendingInterceptors(), { message: /^2 interceptors are pending:\n\n  GET https:\/\/api.example \/a: 200, 1 of 2 times\n  POST/ })
  const pendingInterceptorsFormatter = { format: (pending) => pending.map(({ data, path }) => `${path} ${data.statusCode}`).join() }
  assert.throws(() => mock.assertNoPendingInterceptors({ pendingInterceptorsFormatter }), { message: '2 interceptors are pending:\n\n/a 200,/b 204' })
  assert.throws(() => mock.assertNoPendingInterceptors({ pendingInterceptorsFormatter: {} }), { code: 'KA_INVALID_ARGUMENT' })
  pool.cleanMocks()
  mock.assertNoPendingInterceptors()
})

test('the network: all of it, hosts that match, nothing', async () => {
  mock = new MockAgent()
  mock.get(origin.http).intercept({ path: '/json', method: 'POST', body: 'never this' }).reply(500)
  const text = async () => (await request(`${origin.http}/json`)).statusCode
  assert.equal(await text(), 200)
  // Its body was looked at, and goes there all the same.
  mock.get(origin.http).intercept({ path: '/echo', method: 'POST', body: 'never this' }).reply(500)
  const { body } = await request(`${origin.http}/echo`, { method: 'POST', body: Readable.from(['this', ' one']) })
  assert.equal(Buffer.from((await body.json()).body_b64, 'base64').toString(), 'this one')
  mock.disableNetConnect()
  await assert.rejects(text(), MockNotMatchedError)
  await assert.rejects(upgrade(origin.http), MockNotMatchedError)
  await assert.rejects(download(origin.http, '/nowhere'), MockNotMatchedError)
  mock.enableNetConnect(new URL(origin.http).host)
  assert.equal(await text(), 200)
  await assert.rejects(request(API), MockNotMatchedError)
  mock.enableNetConnect()
  assert.equal(await text(), 200)
  mock.disableNetConnect()
  mock.deactivate()
  assert.equal(mock.isMockActive, false)
  assert.equal(await text(), 200)
})

test('of one client, and of dispatchers', async () => {
  const client = new Client()
  mocked({ client }).get(origin.http).intercept({ path: '/json' }).reply(299, 'mocked').persist()
  assert.equal((await client.request(`${origin.http}/json`)).statusCode, 299)
  assert.equal((await request(`${origin.http}/json`)).statusCode, 200)
  const dispatcher = new KeepaliveDispatcher(client)
  const response = await globalThis.fetch(`${origin.http}/json`, { dispatcher })
  assert.deepEqual([response.status, await response.text()], [299, 'mocked'])
  await assert.rejects(globalThis.fetch(`${origin.http}/bytes/1`, { dispatcher }), ({ cause }) => cause instanceof MockNotMatchedError)
  client.close()
})

test('what makes no sense is refused', async () => {
  const pool = mocked().get(API)
  for (const bad of [
    () => new MockAgent(7), () => new MockAgent({ nonsense: 1 }), () => new MockAgent({ client: {} }), () => new MockAgent({ enableCallHistory: 1 }), () => pool.intercept({ path: '/', ignoreTrailingSlash: 1 }),
    () => mock.get(7), () => mock.get('no url'), () => mock.get(`${API}/path`), () => mock.enableNetConnect(7),
    () => pool.intercept(), () => pool.intercept({}), () => pool.intercept({ path: 7 }), () => pool.intercept({ path: '/', nonsense: 1 }),
    () => pool.intercept({ path: '/', headers: { a: 7 } }), () => pool.intercept({ path: /x/, query: {} }), () => pool.intercept({ path: '/?a', query: {} }),
    () => pool.intercept({ path: '/' }).reply('200'), () => pool.intercept({ path: '/' }).reply(100), () => pool.intercept({ path: '/' }).reply(200, '', { nonsense: 1 }),
    () => pool.intercept({ path: '/' }).replyWithError(), () => pool.intercept({ path: '/x' }).reply(200).delay(-1), () => pool.intercept({ path: '/x' }).reply(200).times(0),
  ]) assert.throws(bad, { name: 'TypeError', code: 'KA_INVALID_ARGUMENT' }, String(bad))
  pool.intercept({ path: '/bad' }).reply(() => 7)
  await assert.rejects(request(`${API}/bad`), { code: 'KA_INVALID_ARGUMENT' })
  const failing = new Readable({ read() { this.destroy(new Error('the source broke')) } })
  pool.intercept({ path: '/bad', method: 'POST' }).reply(200)
  await assert.rejects(request(`${API}/bad`, { method: 'POST', body: failing }), ({ code, cause }) => code === 'KA_BODY_SOURCE_FAILED' && cause.message === 'the source broke')
})
