'use strict'
// worker_threads share one engine and the process-wide pool, and can end at any moment.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { Worker } = require('node:worker_threads')
const { after, before, beforeEach, test } = require('node:test')
const { Client } = require('..')
const { startOrigin } = require('./support')

let origin
before(async () => {
  origin = await startOrigin()
})
after(() => {
  Client.shared().close()
  return origin.stop()
})
beforeEach(() => origin.control('/_reset', 'POST'))

function start(source, workerData) {
  const prelude = `
    const { parentPort, workerData } = require('node:worker_threads')
    const keepalive = require(${JSON.stringify(require.resolve('..'))});
  `
  return new Worker(prelude + source, { eval: true, workerData })
}

test('workers share the process-wide pool', async () => {
  const before = Client.shared().stats()
  for (let i = 0; i < 4; i += 1) {
    const worker = start(`
      (async () => {
        const response = await keepalive.request(workerData + '/ok')
        const text = await response.body.text()
        parentPort.postMessage({ text, reused: response.info.reused, id: response.info.connectionId })
      })()
    `, origin.http)
    const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
    assert.equal(message.text, 'ok')
    assert.equal(message.reused, i > 0)
  }
  const stats = Client.shared().stats()
  assert.equal(stats.opened - before.opened, 1)
  assert.equal(stats.reused - before.reused, 3)
  const here = await Client.shared().request(`${origin.http}/ok`)
  assert.equal(here.info.reused, true)
  assert.equal(await here.body.text(), 'ok')
})

test('many workers at once', async () => {
  const workers = Array.from({ length: 6 }, () => start(`
    (async () => {
      const one = async () => (await (await keepalive.request(workerData + '/json')).body.json())
      for (let i = 0; i < 10; i += 1) await Promise.all(Array.from({ length: 10 }, one))
      parentPort.postMessage('done')
    })()
  `, origin.http))
  for (const [message] of await Promise.all(workers.map((worker) => once(worker, 'message')))) {
    assert.equal(message, 'done')
  }
  await Promise.all(workers.map((worker) => worker.terminate()))
  assert.ok(Client.shared().stats().opened < 600)
})

test('terminating a worker in mid-flight is clean and frees its connections', async () => {
  for (let round = 0; round < 5; round += 1) {
    const worker = start(`
      const client = new keepalive.Client()
      for (let i = 0; i < 8; i += 1) {
        client.request(workerData + '/gate/never').catch(() => {})
        client.fetch(workerData + '/stall-body?n=100&sent=10').then((response) => response.text()).catch(() => {})
        keepalive.request(workerData + '/gate/never', {
          method: 'POST',
          body: (async function* () { for (;;) { yield 'x'; await new Promise(setImmediate) } })(),
        }).catch(() => {})
      }
      parentPort.postMessage('sent')
    `, origin.http)
    await once(worker, 'message')
    await worker.terminate()
  }
  Client.shared().close()
  await origin.control('/_connections/wait?open=0')
  assert.equal(Client.shared().stats().active, 0)
})

test('a worker ends by itself when nothing is in flight', async () => {
  const worker = start(`
    keepalive.fetch(workerData + '/ok').then((response) => response.text()).then((text) => parentPort.postMessage(text))
  `, origin.http)
  const [[text], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
  assert.equal(text, 'ok')
  assert.equal(code, 0)
})
