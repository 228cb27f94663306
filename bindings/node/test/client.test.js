'use strict'
// request(), clients and their options, counters.

const assert = require('node:assert/strict')
const { beforeEach, test } = require('node:test')
const keepalive = require('..')
const { Client } = keepalive
const { runNode, useOrigin } = require('./support')

const origin = useOrigin()
beforeEach(() => origin.control('/_reset', 'POST'))

async function echo(client, options, target = '/echo') {
  const response = await client.request(origin.http + target, options)
  return response.body.json()
}

test('requests one after the other use one connection', async () => {
  const client = new Client()
  for (let i = 0; i < 5; i += 1) {
    const response = await client.request(`${origin.http}/ok`)
    assert.equal(response.statusCode, 200)
    assert.equal(await response.body.text(), 'ok')
    assert.equal(response.info.reused, i > 0)
  }
  const stats = client.stats()
  assert.equal(stats.opened, 1)
  assert.equal(stats.reused, 4)
  assert.equal(stats.idle, 1)
  assert.equal(stats.active, 0)
  client.close()
})

test('requests at once share the pool and stay below its cap', async () => {
  const client = new Client({ maxPerHost: 4 })
  const all = Array.from({ length: 40 }, async () => {
    const response = await client.request(`${origin.http}/json`)
    return response.body.json()
  })
  assert.equal((await Promise.all(all)).length, 40)
  assert.ok(client.stats().opened <= 4)
  client.close()
})

test('the module functions use the process-wide client', async () => {
  assert.equal(Client.shared(), Client.shared())
  const before = keepalive.stats()
  const response = await keepalive.request(`${origin.http}/ok`)
  await response.body.text()
  const now = Client.shared().stats()
  assert.equal(now.opened + now.reused, before.opened + before.reused + 1)
})

test('a result has status, lower-case headers, url and info', async () => {
  const client = new Client()
  const { statusCode, headers, statusText, url, info, trailers, body } = await client.request(
    new URL('/json#fragment', origin.http),
  )
  assert.equal(statusCode, 200)
  assert.equal(statusText, 'OK')
  assert.equal(headers['content-length'], '47')
  assert.equal(url, `${origin.http}/json`)
  assert.deepEqual(trailers, {})
  assert.equal((await body.bytes()).length, 47)
  assert.equal(info.reused, false)
  assert.equal(info.httpVersion, '1.1')
  assert.ok(info.connectionId > 0)
  assert.ok(info.timings.total > 0 && info.timings.total < 10000)
  client.close()
})

test('trailers are there once the body has been read', async () => {
  const client = new Client()
  const response = await client.request(`${origin.http}/trailers`)
  await response.body.text()
  assert.deepEqual(response.trailers, { 'x-checksum': 'abc', 'x-count': '2' })
  client.close()
})

test('headers in every usual shape, in order and case', async () => {
  const client = new Client()
  const shapes = [
    { 'X-One': '1', 'x-two': ['2', '3'] },
    [['X-One', '1'], ['x-two', '2'], ['x-two', '3']],
    ['X-One', '1', 'x-two', '2', 'x-two', '3'],
    new Map([['X-One', '1'], ['x-two', ['2', '3']]]),
  ]
  for (const headers of shapes) {
    const seen = await echo(client, { headers })
    const ours = seen.headers.filter(([name]) => name.toLowerCase().startsWith('x-'))
    assert.deepEqual(ours, [['X-One', '1'], ['x-two', '2'], ['x-two', '3']])
  }
  const seen = await echo(client, { headers: new Headers({ 'X-One': '1' }) })
  assert.ok(seen.headers.some(([name, value]) => name === 'x-one' && value === '1'))
  const sent = await echo(client, { headers: { 'X-Number': 7, 'X-None': undefined, 'X-Latin': 'é' } })
  assert.ok(sent.headers.some(([name, value]) => name === 'X-Number' && value === '7'))
  assert.ok(!sent.headers.some(([name]) => name === 'X-None'))
  assert.ok(sent.headers.some(([name, value]) => name === 'X-Latin' && value === 'é'))
  client.close()
})

test('query is appended and encoded', async () => {
  const client = new Client()
  const query = { a: 'x y', list: [1, 2], none: undefined }
  assert.equal((await echo(client, { query })).target, '/echo?a=x+y&list=1&list=2')
  assert.equal((await echo(client, { query: new URLSearchParams('b=2') }, '/echo?a=1#f')).target, '/echo?a=1&b=2')
  assert.equal((await echo(client, { query: { 'é&': ['+', null] } }, '/echo?')).target, '/echo?%C3%A9%26=%2B&%C3%A9%26=')
  assert.equal((await echo(client, { query: {} }, '/echo#f')).target, '/echo')
  const values = { a: [1, undefined, 2n], b: undefined, c: true, d: '[object Object]', e: new URL('http://h/'), f: [] }
  assert.equal((await echo(client, { query: values }, '/echo')).target, '/echo?a=1&a=2&c=true&d=%5Bobject+Object%5D&e=http%3A%2F%2Fh%2F')
  await assert.rejects(client.request(`${origin.http}/echo`, { query: { a: Symbol('x') } }), TypeError)
  for (const wrong of [{ b: 1 }, [{}], () => 1, new Map()]) {
    await assert.rejects(client.request(`${origin.http}/echo`, { query: { a: wrong } }), { name: 'TypeError', message: /query: the value of a is to be/ })
  }
  client.close()
})

test('methods: the six of WHATWG in capitals, others as given', async () => {
  const client = new Client()
  assert.equal((await echo(client, { method: 'post', body: 'x' })).method, 'POST')
  assert.equal((await echo(client, { method: 'PATCH', body: 'x' })).method, 'PATCH')
  assert.equal((await echo(client, { method: 'Custom' })).method, 'Custom')
  client.close()
})

test('redirects are followed when asked for', async () => {
  const client = new Client()
  const target = `${origin.http}/redirect/302?n=2`
  const left = await client.request(target)
  assert.equal(left.statusCode, 302)
  await left.body.dump()
  const followed = await client.request(target, { redirect: 'follow' })
  assert.equal(followed.statusCode, 200)
  assert.equal(followed.info.redirects, 3)
  assert.equal(followed.url, `${origin.http}/ok`)
  await assert.rejects(client.request(target, { redirect: 'error' }), (error) => {
    assert.deepEqual([error.code, error.sent, error.retrySafe], ['KA_INVALID_REDIRECT', 'all', false])
    assert.equal(error.message, `redirect refused: 302 from ${target}`)
    return true
  })
  client.close()
})

test('decompress decodes, else the body comes as sent', async () => {
  const client = new Client()
  const plain = await (await client.request(`${origin.http}/compressible`)).body.text()
  for (const coding of ['gzip', 'deflate', 'br', 'zstd']) {
    const raw = await client.request(`${origin.http}/${coding}`)
    assert.notEqual(await raw.body.text(), plain)
    const decoded = await client.request(`${origin.http}/${coding}`, { decompress: true })
    assert.equal(await decoded.body.text(), plain)
  }
  client.close()
})

test('TLS with a CA, with a client certificate, and without trust', async () => {
  const client = new Client({ caFile: origin.ca_file })
  const seen = await (await client.request(`${origin.https}/echo`)).body.json()
  assert.equal(seen.tls.server_name, 'localhost')
  client.close()
  const mutual = new Client({
    caPem: origin.ca,
    clientCertFile: origin.client_cert_file,
    clientKeyFile: origin.client_key_file,
  })
  const known = await (await mutual.request(`${origin.mtls}/echo`)).body.json()
  assert.ok(known.tls.client_certificate)
  mutual.close()
})

test('options that are wrong are a TypeError that names them', () => {
  const wrong = [
    [{ maxPerhost: 1 }, /unknown option maxPerhost/],
    [{ maxPerHost: 0 }, /option maxPerHost: must be at least 1/],
    [{ maxPerHost: 1.5 }, /option maxPerHost: expected a whole number/],
    [{ maxPerHost: '3' }, /option maxPerHost: expected a whole number/],
    [{ idleTimeout: -1 }, /option idleTimeout: expected milliseconds or null/],
    [{ idleTimeout: NaN }, /option idleTimeout/],
    [{ retries: -1 }, /option retries: expected a whole number/],
    [{ retryBudget: 101 }, /option retryBudget: must be at most 100/],
    [{ circuitBreaker: 1 }, /option circuitBreaker: expected true or false/],
    [{ userAgent: 7 }, /option userAgent: expected a string or null/],
    [{ caPem: 'no pem' }, /ca/i],
    [{ caFile: '/nonexistent/ca.pem' }, /ca.pem/],
    [{ clientCertFile: 'x' }, /clientCertFile/],
    ['text', /options: expected an object/],
  ]
  for (const [options, message] of wrong) {
    assert.throws(() => new Client(options), (error) => {
      assert.ok(error instanceof TypeError, String(error))
      assert.equal(error.code, 'KA_INVALID_ARGUMENT')
      assert.match(error.message, message)
      return true
    })
  }
  new Client({ idleTimeout: null, totalTimeout: 1500.5, userAgent: null, retries: 1, circuitBreaker: true, maxPerHost: undefined }).close()
})

test('userAgent is sent, replaced and left out', async () => {
  const agent = (seen) => seen.headers.filter(([name]) => name.toLowerCase() === 'user-agent')
  const plain = new Client()
  assert.match(agent(await echo(plain))[0][1], /^libkeepalive\//)
  assert.deepEqual(agent(await echo(plain, { headers: { 'User-Agent': 'mine' } })), [['User-Agent', 'mine']])
  const none = new Client({ userAgent: null })
  assert.deepEqual(agent(await echo(none)), [])
  plain.close()
  none.close()
})

test('a closed client refuses requests', async () => {
  const client = new Client()
  await (await client.request(`${origin.http}/ok`)).body.text()
  client.close()
  client.close()
  Client.shared().close()
  await assert.rejects(client.request(`${origin.http}/ok`), { code: 'KA_INVALID_STATE', name: 'KeepaliveError' })
  await assert.rejects(client.fetch(`${origin.http}/ok`), (error) => {
    assert.ok(error instanceof TypeError)
    assert.equal(error.cause.code, 'KA_INVALID_STATE')
    return true
  })
  await origin.control('/_connections/wait?open=0')
  assert.equal(client.stats().idle, 0)
})

test('ESM and CommonJS give the same functions', async () => {
  const esm = await import('../index.mjs')
  assert.equal(esm.request, keepalive.request)
  assert.equal(esm.Client, Client)
  assert.equal(esm.default, keepalive)
})

test('what a program may never use is loaded when it is used', async () => {
  const loaded = `
    const keepalive = require('.')
    const names = () => Object.keys(require.cache).map((file) => require('node:path').basename(file)).sort().join()
    console.log(names())
    keepalive.request(process.argv[1]).then(async ({ body }) => {
      await body.text()
      console.log(names(), keepalive.Response.name)
    })`
  const { NODE_EXTRA_CA_CERTS, NODE_TLS_REJECT_UNAUTHORIZED, ...env } = process.env
  const { stdout } = await runNode(loaded, [`${origin.http}/ok`], { env })
  const few = 'abort.js,bridge.js,captured.js,client.js,completion_record.js,environment.js,errors.js,exchange.js,headers.js,incoming.js,index.js,keepalive.node,lifetime.js,native.js,request.js,text.js'
  const more = few.replace('request.js', 'readable.js,request.js')
  assert.equal(stdout, `${few}\n${more} Response\n`)
})

test('index.d.ts names every option and every error code', () => {
  const native = require('../lib/native')
  const text = require('node:fs').readFileSync(require.resolve('../index.d.ts'), 'utf8')
  for (const { name } of native.optionTable()) {
    const camel = name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
    assert.match(text, new RegExp(`  ${camel}\\?: `))
  }
  const [, union] = /type ErrorCode =([^]*?)\n\n/.exec(text)
  const declared = [...union.matchAll(/'(KA_[A-Z_]+)'/g)].map(([, code]) => code)
  assert.deepEqual(declared, native.errorTable().map(({ code }) => code))
})
