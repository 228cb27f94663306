'use strict'
// The other adapters, each with the real client and a scripted server: the same answers as without, on connections of the pool.

const assert = require('node:assert/strict')
const http = require('node:http')
const path = require('node:path')
const { Readable } = require('node:stream')
const { before, test } = require('node:test')
const { keepalive, packageRoot, serve, textOf } = require('./support')
const { startOrigin } = require(path.join(packageRoot, 'test', 'support.js'))

const adapters = (name) => require(path.join(packageRoot, 'adapters', `${name}.js`))
const { HttpAgent, httpAgent, httpsAgent } = adapters('agent')
let server

const json = (response, value, status = 200, headers = {}) =>
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value))

before(async () => {
  server = await serve(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://a')
    if (pathname === '/never') return
    let body
    try {
      body = await textOf(request)
    } catch {
      return
    }
    if (pathname === '/redirect') response.writeHead(302, { Location: '/there?from=redirect' }).end()
    else if (pathname === '/404') json(response, { missing: true }, 404)
    else if (pathname === '/gzip') response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(require('node:zlib').gzipSync('packed'))
    else if (pathname === '/large') response.end(Buffer.alloc(1_000_000, 'x'))
    else if (pathname === '/destroyed') request.socket.destroy()
    else if (pathname.startsWith('/bucket') || pathname.startsWith('/a/../')) s3(request, response, body)
    else if (pathname.startsWith('/account')) azure(request, response, body, searchParams)
    else if (pathname.startsWith('/index') || pathname === '/_search') elastic(request, response, body)
    else if (pathname.startsWith('/v1/')) json(response, { id: 'cus_1', object: 'customer', email: new URLSearchParams(body).get('email') })
    else json(response, { method: request.method, url: request.url, body, type: request.headers['content-type'], x: request.headers['x-one'] })
  })
})

const objects = new Map()
function s3(request, response, body) {
  const key = request.url.split('?')[0]
  if (request.method === 'PUT') {
    objects.set(key, body)
    response.writeHead(200, { ETag: '"1"' }).end()
  } else if (objects.has(key)) response.writeHead(200, { ETag: '"1"' }).end(objects.get(key))
  else response.writeHead(404, { 'Content-Type': 'application/xml' }).end('<Error><Code>NoSuchKey</Code><Message>no</Message></Error>')
}

function azure(request, response, body) {
  if (request.method === 'PUT') {
    objects.set(request.url.split('?')[0], body)
    response.writeHead(201, { etag: '"1"', 'x-ms-request-id': '1' }).end()
  } else if (objects.has(request.url.split('?')[0])) {
    const content = objects.get(request.url.split('?')[0])
    const headers = { etag: '"1"', 'x-ms-blob-type': 'BlockBlob', 'content-type': 'text/plain', 'content-length': content.length }
    response.writeHead(200, headers).end(content)
  } else response.writeHead(404, { 'x-ms-error-code': 'BlobNotFound' }).end()
}

function elastic(request, response, body) {
  const headers = { 'X-Elastic-Product': 'Elasticsearch' }
  if (request.method === 'POST' || request.method === 'PUT') json(response, { result: 'created', body: JSON.parse(body), url: request.url }, 201, headers)
  else json(response, { _source: { name: 'x' }, url: request.url }, 200, headers)
}

/** Runs `act` with and without the pool, and says that the pool was used and the answers are the same. */
async function same(act, plain, ours) {
  const before_ = httpAgent.client.stats()
  const mine = await act(ours)
  const after_ = httpAgent.client.stats()
  assert.ok(after_.opened + after_.reused > before_.opened + before_.reused, 'the pool was not asked')
  assert.deepEqual(mine, await act(plain))
  return mine
}

/** What became of it, or the error as far as clients look at it. */
async function outcome(act, ...names) {
  try {
    return await act()
  } catch (error) {
    return Object.fromEntries(['name', 'code', ...names].map((name) => [name, error[name]]))
  }
}

/** What axios is asked, whichever way it goes. */
async function axiosCases(client) {
  const { url } = server
  const pick = ({ data, headers, status, statusText }) => ({ data, status, statusText, type: headers['content-type'] })
  const all = [
    pick(await client.get(`${url}/a`, { params: { b: [1, 2], c: 'x y' }, headers: { 'X-One': '1' } })),
    pick(await client.post(`${url}/a`, { some: 'json' })),
    pick(await client.put(`${url}/a`, Readable.from(['str', 'eam']))),
    pick(await client.get(`${url}/gzip`)),
    (await client.get(`${url}/large`, { responseType: 'arraybuffer' })).data.length,
    (await textOf((await client.get(`${url}/large`, { responseType: 'stream' })).data)).length,
    await outcome(() => client.get(`${url}/404`), 'status'),
    await outcome(() => client.get(`${url}/never`, { timeout: 30 })),
    await outcome(() => client.get(`${url}/never`, { signal: AbortSignal.timeout(30) })),
    await outcome(() => client.get('http://127.0.0.1:1/'), 'syscall'),
    await outcome(() => client.post(`${url}/destroyed`, 'x')),
    await outcome(() => client.get(`${url}/large`, { maxContentLength: 1000 })),
    await outcome(() => client.get('http://no-such.invalid/')),
  ]
  return all
}

test('axios: adapter', async () => {
  const axios = require('axios')
  const { adapter, createAdapter } = adapters('axios')
  await same(axiosCases, axios.create({ adapter: 'http' }), axios.create({ adapter }))
  await same(axiosCases, axios.create({ adapter: 'http' }), axios.create({ adapter: createAdapter(axios) }))
  const followed = async (client) => {
    const { data, request } = await client.get(`${server.url}/redirect`)
    return [data.url, new URL(request.res.responseUrl).pathname]
  }
  await same(followed, axios.create({ adapter: 'http' }), axios.create({ adapter }))
  assert.throws(() => createAdapter({}), TypeError)
})

test('axios: transport, by itself and below follow-redirects', async () => {
  const axios = require('axios')
  const { transport } = adapters('axios')
  await same(axiosCases, axios.create({ adapter: 'http', maxRedirects: 0 }), axios.create({ adapter: 'http', transport, maxRedirects: 0 }))
  const { http: wrapped } = require('follow-redirects').wrap({ http: { ...http, ...transport, get: http.get } })
  const { data } = await axios.get(`${server.url}/redirect`, { adapter: 'http', transport: wrapped })
  assert.equal(data.url, '/there?from=redirect')
})

test('got: request, and agent', async () => {
  const { got } = await import('got')
  const { agent, request } = adapters('got')
  const cases = async (client) => {
    const { url } = server
    const retry = { limit: 0 }
    return [
      await client(`${url}/a`, { searchParams: { b: 1 }, headers: { 'x-one': '1' } }).json(),
      await client.post(`${url}/a`, { json: { c: 2 } }).json(),
      await client(`${url}/redirect`).json(),
      (await client(`${url}/gzip`)).body,
      (await client(`${url}/large`).buffer()).length,
      (await textOf(client.stream(`${url}/large`))).length,
      await outcome(() => client(`${url}/404`, { retry })),
      await outcome(() => client(`${url}/never`, { timeout: { request: 50 }, retry })),
      await outcome(() => client('http://127.0.0.1:1/', { retry })),
      await outcome(() => client.post(`${url}/destroyed`, { retry })),
    ]
  }
  await same(cases, got, got.extend({ request }))
  await same(cases, got, got.extend({ agent }))
})

test('node-fetch, superagent and needle: agent', async () => {
  const fetch_ = require('node-fetch')
  await same(async (agent) => (await (await fetch_(`${server.url}/redirect`, { agent })).json()).url, undefined, httpAgent)
  const superagent = require('superagent')
  await same(async (agent) => (await superagent.post(`${server.url}/a`).agent(agent).send({ a: 1 })).body, undefined, httpAgent)
  const needle = require('needle')
  await same(async (agent) => (await needle('post', `${server.url}/a`, { a: 1 }, { agent, json: true })).body, undefined, httpAgent)
})

test('Stripe: httpAgent', async () => {
  const Stripe = require('stripe')
  const { hostname, port } = new URL(server.url)
  const create = async (agent) => {
    const stripe = new Stripe('sk_test', { host: hostname, port, protocol: 'http', httpAgent: agent, telemetry: false })
    return (await stripe.customers.create({ email: 'a@b.example' })).email
  }
  assert.equal(await same(create, undefined, httpAgent), 'a@b.example')
})

test('Stripe: httpAgent, with the list of ciphers that it gives for https', async () => {
  const Stripe = require('stripe')
  const origin = await startOrigin()
  const { hostname: host, port } = new URL(origin.https)
  const { HttpsAgent } = adapters('agent')
  const stripe = new Stripe('sk_test', { host, port, httpAgent: new HttpsAgent({ ca: origin.ca }), telemetry: false, maxNetworkRetries: 0 })
  // It was answered, by a server that knows nothing of Stripe.
  await assert.rejects(stripe.balance.retrieve(), /Invalid JSON received from the Stripe API/)
  await origin.stop()
})

test('AWS: S3, with keys that a URL would put in order', async () => {
  const { GetObjectCommand, PutObjectCommand, S3Client } = require('@aws-sdk/client-s3')
  const { requestHandler } = adapters('aws')
  const cases = async (handler) => {
    const client = new S3Client({
      endpoint: server.url, region: 'us-east-1', forcePathStyle: true, credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1, requestHandler: handler,
    })
    const all = []
    for (const Key of ['plain', 'a/../b', "it's (here)", 'dir//x']) {
      await client.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: `body of ${Key}` }))
      const { Body, ETag } = await client.send(new GetObjectCommand({ Bucket: 'bucket', Key }))
      all.push([await Body.transformToString(), ETag])
    }
    const Body = Readable.from([Buffer.from('stream'), Buffer.from('ed')])
    await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'streamed', Body, ContentLength: 8 }))
    all.push(await outcome(() => client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'missing' }))))
    const aborter = new AbortController()
    aborter.abort()
    all.push(await outcome(() => client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'plain' }), { abortSignal: aborter.signal })))
    all.push([...objects.keys()].filter((key) => key.startsWith('/bucket')))
    client.destroy()
    return all
  }
  const seen = await same(cases, undefined, requestHandler())
  assert.ok(seen.at(-1).includes('/bucket/a/../b'))
  const limited = requestHandler({ requestTimeout: 1234 })
  assert.equal((await limited.configProvider).requestTimeout, 1234)
})

test('Azure: blobs', async () => {
  const { BlobServiceClient, AnonymousCredential } = require('@azure/storage-blob')
  const { httpClient } = adapters('azure')
  const cases = async (client) => {
    const service = new BlobServiceClient(`${server.url}/account`, new AnonymousCredential(), { httpClient: client, retryOptions: { maxTries: 1 } })
    const blob = service.getContainerClient('container').getBlockBlobClient('name.txt')
    await blob.upload('content', 7)
    const downloaded = await blob.download()
    const missing = service.getContainerClient('container').getBlobClient('missing')
    return [await textOf(downloaded.readableStreamBody), downloaded.contentType, await outcome(() => missing.download(), 'statusCode')]
  }
  await same(cases, undefined, httpClient())
})

test('Elasticsearch: connection', async () => {
  const { Client } = require('@elastic/elasticsearch')
  const { connection } = adapters('elastic')
  const cases = async (Connection) => {
    const client = new Client({ node: server.url, ...(Connection === undefined ? {} : { Connection }), maxRetries: 0 })
    const created = await client.index({ index: 'index', id: '1', document: { name: 'x' } })
    const got = await client.get({ index: 'index', id: '1' })
    const late = await outcome(() => client.transport.request({ method: 'GET', path: '/never' }, { requestTimeout: 30 }))
    await client.close()
    return [created, got, late]
  }
  assert.deepEqual(await cases(connection()), await cases(undefined))
  const refused = await outcome(() => new Client({ node: 'http://127.0.0.1:1', Connection: connection(), maxRetries: 0 }).info())
  assert.equal(refused.name, 'ConnectionError')
  assert.throws(() => new Client({ node: 'https://a', caFingerprint: 'AB', Connection: connection() }), /caFingerprint/)
})

test('a package that is not there is named', () => {
  const { peer } = require(path.join(packageRoot, 'lib', 'peer.js'))
  assert.throws(() => peer('no-such-package-anywhere'), { code: 'MODULE_NOT_FOUND', message: /npm install no-such-package-anywhere/ })
})

test('an agent of one\'s own, with limits of a Client', async () => {
  const agent = new HttpAgent({ client: new keepalive.Client({ headerTimeout: 20 }) })
  const axios = require('axios')
  const { createAdapter } = adapters('axios')
  const client = axios.create({ adapter: createAdapter(axios, { httpAgent: agent, httpsAgent }) })
  assert.equal((await outcome(() => client.get(`${server.url}/never`))).code, 'KA_READ_TIMEOUT')
})
