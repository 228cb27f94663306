'use strict'
// The diagnostics channels: what they tell, in which order, and that nobody is hurt by who listens.

const assert = require('node:assert/strict')
const diagnostics = require('node:diagnostics_channel')
const { test } = require('node:test')
const { Client, request } = require('..')
const { runNode, useOrigin } = require('./support')

const origin = useOrigin()
const NAMES = [
  'request:create', 'request:queued', 'request:connection', 'request:sent', 'request:firstByte',
  'request:informational', 'request:headers', 'request:again', 'request:end', 'request:error',
  'connection:connecting', 'connection:connected', 'connection:error', 'connection:returned', 'connection:closed',
]

/** What the channels of `kind` tell while `work` runs, as `[name, message]`. */
async function heard(kind, work) {
  const told = []
  const subscriptions = NAMES.filter((name) => name.startsWith(kind)).map((name) => {
    const listener = (message, channel) => {
      assert.equal(channel, `libkeepalive:${name}`)
      told.push([name, message])
    }
    diagnostics.subscribe(`libkeepalive:${name}`, listener)
    return () => diagnostics.unsubscribe(`libkeepalive:${name}`, listener)
  })
  try {
    await work(told)
  } finally {
    for (const end of subscriptions) end()
  }
  return told
}

const names = (told) => told.map(([name]) => name)

async function until(what) {
  for (const limit = Date.now() + 20_000; Date.now() < limit; ) {
    if (what()) return
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  assert.fail('it did not come')
}

test('a request is told in its order', async () => {
  const client = new Client()
  const url = `${origin.http}/informational?code=103`
  const told = await heard('request:', async (told) => {
    const { body } = await client.request(url)
    await body.text()
    await until(() => names(told).includes('request:end'))
  })
  assert.deepEqual(names(told), [
    'request:create', 'request:queued', 'request:connection', 'request:sent', 'request:firstByte',
    'request:informational', 'request:headers', 'request:end',
  ])
  const { request: first } = told[0][1]
  assert.equal(first.url, url)
  assert.ok(first.id > 0 && first.method === 'GET')
  for (const [, message] of told) assert.equal(message.request, first, 'one object for all of them')
  const times = told.map(([, { time }]) => time)
  assert.deepEqual(times, times.toSorted ? times.toSorted((a, b) => a - b) : [...times].sort((a, b) => a - b))
  const of = (name) => told.find(([one]) => one === `request:${name}`)[1]
  assert.equal(of('connection').connection.reused, false)
  assert.ok(of('sent').bytes > 20)
  assert.deepEqual([of('headers').response.statusCode, of('informational').response.statusCode], [200, 103])
  assert.deepEqual(of('informational').response.headers, ['Link', '</style.css>'])
  client.close()
})

test('connections are told with their steps and their end', async () => {
  const told = await heard('connection:', async (told) => {
    const client = new Client({ caPem: origin.ca })
    await (await client.request(`${origin.https}/ok`)).body.text()
    client.close()
    await until(() => names(told).includes('connection:closed'))
  })
  const steps = told.filter(([name]) => name === 'connection:connecting').map(([, { step }]) => step)
  assert.deepEqual(steps, ['resolving', 'resolved', 'connecting', 'connected', 'securing', 'secured'])
  const [, { connection, timings }] = told.find(([name]) => name === 'connection:connected')
  assert.ok(connection.id > 0 && timings.connect > 0 && timings.tls > 0)
  assert.deepEqual(names(told).slice(6), ['connection:connected', 'connection:returned', 'connection:closed'])
  const [, closed] = told.at(-1)
  assert.deepEqual([closed.connection.id, closed.reason], [connection.id, 'client_closed'])
})

test('failures and aborts are told with their error', async () => {
  const client = new Client()
  let error
  const told = await heard('request:', async () => {
    error = await client.request(`${origin.http}/close`).then(assert.fail, (reason) => reason)
  })
  assert.equal(told.at(-1)[0], 'request:error')
  assert.equal(told.at(-1)[1].error, error)
  const abort = new AbortController()
  const aborted = await heard('request:error', async () => {
    const sent = client.request(`${origin.http}/stall`, { signal: abort.signal })
    setTimeout(() => abort.abort(), 20)
    await assert.rejects(sent, { name: 'AbortError' })
  })
  assert.deepEqual(aborted.map(([, message]) => message.error), [abort.signal.reason])
  const refused = await heard('connection:', () => assert.rejects(client.request('http://127.0.0.1:1/')))
  const [, { code, message }] = refused.find(([name]) => name === 'connection:error')
  assert.ok(code === 'KA_CONNECT_FAILED' && message.includes('127.0.0.1:1'))
  client.close()
})

test('redirects and replays are told', async () => {
  const client = new Client()
  const told = await heard('request:again', async () => {
    await (await client.request(`${origin.http}/redirect/302?n=0&to=/ok`, { redirect: 'follow' })).body.text()
  })
  assert.deepEqual(told.map(([, { reason, redirects }]) => [reason, redirects]), [['redirect', 1]])
  client.close()
})

test('a subscriber may use the client that it listens to', async () => {
  const client = new Client()
  let inner
  const listener = () => {
    diagnostics.unsubscribe('libkeepalive:request:headers', listener)
    inner = client.request(`${origin.http}/json`).then(({ body }) => body.json())
    client.closeIdle()
  }
  diagnostics.subscribe('libkeepalive:request:headers', listener)
  assert.equal(await (await client.request(`${origin.http}/ok`)).body.text(), 'ok')
  await until(() => inner !== undefined)
  assert.equal(typeof (await inner), 'object')
  client.close()
})

test('a subscriber that throws is an uncaught exception and breaks no request', async () => {
  const program = `
    const diagnostics = require('node:diagnostics_channel')
    const { request } = require('.')
    const seen = []
    process.on('uncaughtException', (error) => seen.push(error.message))
    diagnostics.subscribe('libkeepalive:request:headers', () => { throw new Error('mine') })
    request(process.argv[1]).then(({ body }) => body.text()).then((text) => {
      setImmediate(() => console.log(text, seen.join()))
    })
  `
  const { code, stdout } = await runNode(program, [`${origin.http}/ok`])
  assert.deepEqual([code, stdout.trim()], [0, 'ok mine'])
})

test('listeners keep no process alive, and the process-wide client tells too', async () => {
  const told = await heard('request:create', async () => {
    await (await request(`${origin.http}/ok`)).body.text()
  })
  assert.equal(told.length, 1)
  const program = `
    const diagnostics = require('node:diagnostics_channel')
    diagnostics.subscribe('libkeepalive:connection:closed', () => {})
    require('.').request(process.argv[1]).then(({ body }) => body.text()).then(console.log)
  `
  const { code, stdout } = await runNode(program, [`${origin.http}/ok`])
  assert.deepEqual([code, stdout.trim()], [0, 'ok'])
})
