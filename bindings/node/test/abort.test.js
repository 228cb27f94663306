'use strict'
// AbortSignal: rejects with its reason, cancels in the engine, leaves no listener behind.

const assert = require('node:assert/strict')
const { getEventListeners } = require('node:events')
const { after, test } = require('node:test')
const { Client } = require('..')
const { useOrigin } = require('./support')

const origin = useOrigin()
const client = new Client()
after(() => client.close())

const listeners = (signal) => getEventListeners(signal, 'abort').length

test('an aborted signal rejects before anything is sent', async () => {
  await origin.control('/_reset', 'POST')
  const reason = new Error('no')
  for (const send of ['request', 'fetch']) {
    await assert.rejects(client[send](`${origin.http}/ok`, { signal: AbortSignal.abort(reason) }), reason)
  }
  assert.equal((await origin.control('/_connections')).requests, 0)
})

test('abort while waiting rejects with the reason and closes the connection', async () => {
  for (const send of ['request', 'fetch']) {
    const control = new AbortController()
    const { signal } = control
    const pending = client[send](`${origin.http}/gate/${send}`, { signal })
    await origin.control(`/_gate/${send}/wait`)
    assert.equal(listeners(signal), 1)
    control.abort()
    await assert.rejects(pending, (error) => error === signal.reason && error.name === 'AbortError')
    assert.equal(listeners(signal), 0)
    await origin.control('/_connections/wait?open=0')
  }
  assert.equal(client.stats().active, 0)
})

test('AbortSignal.timeout', async () => {
  const pending = client.fetch(`${origin.http}/stall`, { signal: AbortSignal.timeout(30) })
  await assert.rejects(pending, { name: 'TimeoutError' })
})

test('abort in the middle of a body', async () => {
  const readers = [
    ['request', (response) => response.body.text()],
    ['request', async (response) => { for await (const _ of response.body); }],
    ['fetch', (response) => response.text()],
    ['fetch', async (response) => { for await (const _ of response.body); }],
  ]
  for (const [send, read] of readers) {
    const control = new AbortController()
    const reason = new Error(`stop ${send}`)
    const response = await client[send](`${origin.http}/stall-body?n=100&sent=10`, { signal: control.signal })
    assert.equal(listeners(control.signal), 1)
    const reading = read(response)
    control.abort(reason)
    await assert.rejects(reading, reason)
    assert.equal(listeners(control.signal), 0)
    await origin.control('/_connections/wait?open=0')
  }
})

test('abort errors a stream that nobody reads', async () => {
  const control = new AbortController()
  const reason = new Error('stop')
  const response = await client.fetch(`${origin.http}/stall-body?n=100&sent=10`, { signal: control.signal })
  const reader = response.body.getReader()
  control.abort(reason)
  await assert.rejects(reader.closed, reason)
  const other = new AbortController()
  const { body } = await client.request(`${origin.http}/stall-body?n=100&sent=10`, { signal: other.signal })
  const failed = new Promise((resolve) => body.once('error', resolve))
  body.pause()
  assert.equal(body.readable, true)
  other.abort(reason)
  assert.equal(await failed, reason)
})

test('a finished exchange leaves no listener on the signal', async () => {
  const { signal } = new AbortController()
  for (const path of ['/ok', '/bytes/300000', '/chunked/300000']) {
    const response = await client.request(origin.http + path, { signal })
    await response.body.bytes()
    await (await client.fetch(origin.http + path, { signal })).text()
  }
  await assert.rejects(client.request('http://127.0.0.1:1/', { signal }))
  await (await client.request(`${origin.http}/bytes/10000000`, { signal })).body.dump()
  assert.equal(listeners(signal), 0)
})

test('many requests on one signal', async () => {
  const warnings = []
  const note = (warning) => warnings.push(warning)
  process.on('warning', note)
  const control = new AbortController()
  const all = Array.from({ length: 50 }, () => client.request(`${origin.http}/stall`, { signal: control.signal }))
  control.abort()
  for (const result of await Promise.allSettled(all)) {
    assert.equal(result.reason, control.signal.reason)
  }
  await new Promise(setImmediate)
  process.off('warning', note)
  assert.deepEqual(warnings, [])
})

test('abort stops an upload and releases its source', async () => {
  const control = new AbortController()
  let returned = 0
  async function* pieces() {
    try {
      for (;;) yield Buffer.alloc(64 * 1024)
    } finally {
      returned += 1
    }
  }
  const pending = client.request(`${origin.http}/upload-count?gate=abort`, {
    method: 'POST',
    body: pieces(),
    headers: { expect: '' }, // it goes at once
    signal: control.signal,
  })
  await origin.control('/_gate/abort/wait')
  control.abort()
  await assert.rejects(pending, { name: 'AbortError' })
  await new Promise(setImmediate)
  assert.equal(returned, 1)
})
