'use strict'
// One small program of the package's features, which runs in each tool. Prints, as JSON, which of them work; what does
// not has its reason. Called with the URL of the server of `server.js`; as a worker it makes one request.

const { unlinkSync, readFileSync } = require('node:fs')
const { get, request: nodeRequest } = require('node:http')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { Readable } = require('node:stream')
const { subscribe, unsubscribe } = require('node:diagnostics_channel')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const keepalive = require('libkeepalive')

/** Throws unless they are the same, as JSON. */
function same(got, wanted) {
  const [left, right] = [got, wanted].map((value) => JSON.stringify(value))
  if (left !== right) throw new Error(`expected ${right}; got ${left}`)
}

/** How many bytes an async iterable has. */
async function sizeOf(readable) {
  let size = 0
  for await (const piece of readable) size += piece.length
  return size
}

function sentBy(client) {
  const { opened, reused } = client.stats()
  return opened + reused
}

/** Whether `act` sent anything over the native pool. */
async function overPool(client, act) {
  const before = sentBy(client)
  await act()
  return sentBy(client) > before
}

/** By their names in docs/node-tools.md. */
const features = {
  async request(url) {
    const { body, headers, statusCode } = await keepalive.request(`${url}/echo`, { method: 'POST', body: 'sent', headers: { 'X-One': '1' } })
    const { headers: seen, ...rest } = await body.json()
    same([statusCode, headers['x-server'], seen['x-one'], rest], [200, 'yes', '1', { method: 'POST', body: 'sent' }])
  },

  async fetch(url) {
    const response = await keepalive.fetch(`${url}/echo`, { method: 'PUT', body: new URLSearchParams({ a: 'b' }) })
    same([response.status, response.headers.get('x-server'), (await response.json()).body], [200, 'yes', 'a=b'])
    const form = new FormData()
    form.append('file', new Blob(['inside']), 'name.txt')
    const { body } = await (await keepalive.fetch(`${url}/echo`, { method: 'POST', body: form })).json()
    same(body.includes('inside') && body.includes('name.txt'), true)
  },

  async Client(url) {
    const client = new keepalive.Client({ maxPerHost: 2, redirect: 'follow' })
    const texts = await Promise.all(Array.from({ length: 20 }, async () => (await client.request(`${url}/text`)).body.text()))
    same([new Set(texts).size, texts[0], client.stats().opened <= 2], [1, 'text', true])
    same((await client.request(`${url}/moved`)).url, `${url}/text`)
    await client.close()
    same(await client.request(url).catch((error) => [error.code, error instanceof keepalive.KeepaliveError]), ['KA_INVALID_STATE', true])
  },

  async 'streams both ways'(url) {
    const size = 3_000_000
    same(await sizeOf((await keepalive.request(`${url}/bytes/${size}`)).body), size)
    same(await sizeOf((await keepalive.fetch(`${url}/bytes/${size}`)).body), size)
    const pieces = () => Readable.from((function* () {
      for (let i = 0; i < 30; i += 1) yield Buffer.alloc(size / 30, 'x')
    })())
    same(await (await keepalive.request(`${url}/size`, { method: 'POST', body: pieces() })).body.json(), size)
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('web '))
        controller.enqueue(new TextEncoder().encode('stream'))
        controller.close()
      },
    })
    same((await (await keepalive.fetch(`${url}/echo`, { method: 'POST', body, duplex: 'half' })).json()).body, 'web stream')
  },

  async signals(url) {
    const controller = new AbortController()
    const pending = keepalive.request(`${url}/never`, { signal: controller.signal })
    setImmediate(() => controller.abort())
    same(await pending.catch(({ name }) => name), 'AbortError')
    same(await keepalive.fetch(`${url}/never`, { signal: AbortSignal.timeout(5) }).catch(({ name }) => name), 'TimeoutError')
    same(await keepalive.request(`${url}/never`, { headersTimeout: 5 }).catch(({ code }) => code), 'KA_READ_TIMEOUT')
  },

  async upgrades(url) {
    const { socket, statusCode } = await keepalive.upgrade(`${url}/upgrade`, { protocol: 'echo' })
    socket.end('there and back')
    const pieces = []
    for await (const piece of socket) pieces.push(piece)
    same([statusCode, Buffer.concat(pieces).toString()], [101, 'there and back'])
  },

  async downloads(url) {
    const file = path.join(tmpdir(), `keepalive-${process.pid}-${Date.now()}`)
    try {
      const { statusCode } = await keepalive.download(`${url}/text`, file)
      same([statusCode, readFileSync(file, 'utf8')], [200, 'text'])
    } finally {
      unlinkSync(file)
    }
  },

  async workers(url) {
    const worker = new Worker(process.env.KEEPALIVE_WORKER ?? __filename, { workerData: { url } })
    const told = await new Promise((resolve, reject) => {
      worker.once('message', resolve).once('error', reject)
    })
    await worker.terminate()
    same(told, 'text')
  },

  async 'libkeepalive/agent'(url) {
    const { httpAgent } = require('libkeepalive/agent')
    const text = await new Promise((resolve, reject) => {
      const request = nodeRequest(`${url}/echo`, { agent: httpAgent, method: 'POST' }, async (response) => {
        let all = ''
        for await (const piece of response.setEncoding('utf8')) all += piece
        resolve(all)
      })
      request.on('error', reject).end('by the agent')
    })
    same([JSON.parse(text).body, httpAgent.client.stats().opened > 0], ['by the agent', true])
  },

  async 'libkeepalive/mock'() {
    const { MockAgent } = require('libkeepalive/mock')
    const mock = new MockAgent({ enableCallHistory: true })
    try {
      mock.disableNetConnect()
      const pool = mock.get('https://mocked.example')
      pool.intercept({ path: '/from' }).reply(302, '', { headers: { location: '/to' } })
      pool.intercept({ path: '/to' }).reply(200, { mocked: true })
      same(await (await keepalive.fetch('https://mocked.example/from')).json(), { mocked: true })
      same(await keepalive.request('https://other.example/').catch(({ code }) => code), 'UND_MOCK_ERR_MOCK_NOT_MATCHED')
      same(mock.getCallHistory().calls().length, 3)
    } finally {
      await mock.close()
    }
  },

  async channels(url) {
    const names = []
    const onMessage = (_message, name) => names.push(String(name).split(':').pop())
    for (const name of ['create', 'headers', 'end']) subscribe(`libkeepalive:request:${name}`, onMessage)
    await (await keepalive.request(`${url}/text`)).body.text()
    for (const name of ['create', 'headers', 'end']) unsubscribe(`libkeepalive:request:${name}`, onMessage)
    same(names, ['create', 'headers', 'end'])
  },

  async KeepaliveDispatcher(url) {
    const undici = require('undici')
    const dispatcher = new keepalive.KeepaliveDispatcher()
    const used = await overPool(dispatcher.client, async () => {
      const { body } = await undici.request(`${url}/echo`, { dispatcher, method: 'POST', body: 'dispatched' })
      same((await body.json()).body, 'dispatched')
      same(await (await undici.fetch(`${url}/text`, { dispatcher })).text(), 'text')
    })
    await dispatcher.close()
    same(used, true)
  },

  async 'libkeepalive/register'(url) {
    const { register, unregister } = require('libkeepalive/register')
    const { client } = register()
    const used = await overPool(client, async () => same(await (await fetch(`${url}/text`)).text(), 'text'))
    unregister()
    same(used, true)
  },
}

async function main(url) {
  const told = {}
  for (const [name, run] of Object.entries(features)) {
    try {
      await run(url)
      told[name] = true
    } catch (error) {
      told[name] = String(error?.stack ?? error)
    }
  }
  return told
}

if (!isMainThread && workerData?.url !== undefined) {
  keepalive.request(`${workerData.url}/text`).then(({ body }) => body.text()).then((text) => parentPort.postMessage(text))
} else {
  main(process.argv[2]).then((told) => {
    get(`${process.argv[2]}/over`, (response) => response.resume())
    process.stdout.write(`${JSON.stringify(told)}\n`)
  })
}
