'use strict'
// worker_threads share one engine and the process-wide pool, and can end at any moment.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { Worker } = require('node:worker_threads')
const { after, beforeEach, test } = require('node:test')
const keepalive = require('..')
const { Client } = keepalive
const { runNode, useOrigin } = require('./support')

const origin = useOrigin()
after(() => Client.shared().close())
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
  // What was being dialled for them becomes idle when nobody wants it any more.
  const busy = ({ active, dialing }) => active + dialing > 0
  while (busy(Client.shared().stats())) await new Promise(setImmediate)
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

test("a worker's end cancels its own requests, and no other's", async () => {
  const source = `
    const client = workerData.own ? new keepalive.Client() : keepalive
    const one = async (path) => (await (await client.request(workerData.base + path)).body.text())
    Promise.all(Array.from({ length: 5 }, () => one(workerData.path))).then(
      (texts) => parentPort.postMessage(texts),
      (error) => parentPort.postMessage(String(error)),
    )
  `
  const gate = (name) => ({ base: origin.http, path: `/gate/${name}` })
  // A third has stopped in the middle of a body.
  const half = { base: origin.http, path: '/gate-body/leaves?n=1000&sent=10' }
  const leaving = [start(source, gate('leaves')), start(source, { ...gate('leaves'), own: true }), start(source, half)]
  const staying = start(source, gate('stays'))
  const answer = once(staying, 'message')
  const mine = keepalive.request(`${origin.http}/gate/stays`).then((response) => response.body.text())
  await origin.control('/_gate/leaves/wait?n=15')
  await origin.control('/_gate/stays/wait?n=6')
  const before = Client.shared().stats().active
  await Promise.all(leaving.map((worker) => worker.terminate()))

  // The server sees them go; the pool has their places back.
  while ((await origin.control('/_gate/leaves/waiting')).waiting > 0) await new Promise(setImmediate)
  while (Client.shared().stats().active > before - 10) await new Promise(setImmediate)
  assert.equal((await origin.control('/_gate/stays/waiting')).waiting, 6)
  await origin.control('/_gate/stays/open')
  assert.deepEqual(await answer, [['ok', 'ok', 'ok', 'ok', 'ok']])
  assert.equal(await mine, 'ok')
  await staying.terminate()
})

test('fifty workers that come and are terminated leave nothing behind', { timeout: 120_000 }, async () => {
  const ended = await runNode(`
    const { once } = require('node:events')
    const { readdirSync } = require('node:fs')
    const { Worker } = require('node:worker_threads')
    const keepalive = require('.')
    const base = process.argv[1]
    const source = \`
      const { parentPort, workerData } = require('node:worker_threads')
      const keepalive = require('./index.js')
      const client = new keepalive.Client()
      const sent = []
      for (let i = 0; i < 4; i += 1) {
        client.request(workerData + '/gate/never').catch(() => {})
        keepalive.request(workerData + '/stall-body?n=100&sent=10').then((response) => response.body.text()).catch(() => {})
        sent.push(keepalive.fetch(workerData + '/ok').then((response) => response.text()))
      }
      Promise.all(sent).then(() => parentPort.postMessage('busy'))
    \`
    const round = async () => {
      const worker = new Worker(source, { eval: true, workerData: base })
      await once(worker, 'message')
      await worker.terminate()
    }
    const held = async () => {
      const limit = Date.now() + 20_000
      for (;;) {
        keepalive.Client.shared().closeIdle()
        const { active, dialing, idle } = keepalive.stats()
        const counts = ['fd', 'task'].map((dir) => readdirSync('/proc/self/' + dir).length)
        if (active + dialing + idle === 0 && (!first || (counts[0] <= first[0] && counts[1] <= first[1]))) return counts
        if (Date.now() > limit) return counts
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    let first
    ;(async () => {
      // What a first worker starts for good is no leak.
      for (let i = 0; i < 5; i += 1) await round()
      first = await held()
      for (let i = 0; i < 50; i += 1) await round()
      const last = await held()
      console.log(last[0] <= first[0] && last[1] <= first[1] ? 'nothing' : JSON.stringify([first, last]))
    })()
  `, [origin.http])
  assert.deepEqual(ended, { code: 0, signal: null, stdout: 'nothing\n', stderr: '' })
})

test('nothing is compiled in the background, which a worker must not end during', async () => {
  // Node's own HTTP client, which Response and Headers belong to, does so when it is loaded.
  const watched = (use) => `
    const { compile } = WebAssembly
    const spy = WebAssembly.compile = function (bytes) {
      console.log('compiled in the background')
      return compile.call(this, bytes)
    }
    const base = process.argv[1]
    async function main() {
      ${use}
      console.log(WebAssembly.compile === spy, (await (await fetch(base + '/ok')).text()))
    }
    main()
  `
  const uses = {
    'the response of fetch': "(await require('.').fetch(base + '/ok')).headers.get('date')",
    'its class': "require('.').Response",
    'a form': "await (await require('.').request(base + '/ok')).body.formData().catch(() => {})",
    'an ES module': "await import('./index.mjs')",
  }
  for (const [what, use] of Object.entries(uses)) {
    const ended = await runNode(watched(use), [origin.http])
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'true ok\n', stderr: '' }, what)
  }
})

test('workers may come and go where the main thread never loads the module', async () => {
  const ended = await runNode(`
    const { once } = require('node:events')
    const { Worker } = require('node:worker_threads')
    const base = process.argv[1]
    const source = (ends) => \`
      const { parentPort, workerData } = require('node:worker_threads')
      const keepalive = require('./index.js')
      keepalive.request(workerData + '/gate/never').catch(() => {})
      keepalive.request(workerData + '/ok').then((response) => response.body.text()).then((text) => {
        parentPort.postMessage(text)
        \${ends}
      })
    \`
    ;(async () => {
      for (const ends of ['', '', 'process.exit(0)', 'throw new Error("mine")', '']) {
        const worker = new Worker(source(ends), { eval: true, workerData: base })
        const gone = once(worker, 'exit').catch(() => {})
        // Not by \`once\`: what it throws may be heard of before what it said.
        const text = await new Promise((resolve) => worker.once('message', resolve))
        if (ends === '') await worker.terminate()
        await gone
        console.log(text)
      }
    })()
  `, [origin.http])
  assert.deepEqual(ended, { code: 0, signal: null, stdout: 'ok\n'.repeat(5), stderr: '' })
})

test('a process exits with workers in the middle of requests', async () => {
  const ended = await runNode(`
    const { once } = require('node:events')
    const { Worker } = require('node:worker_threads')
    const source = \`
      const { parentPort, workerData } = require('node:worker_threads')
      const keepalive = require('./index.js')
      for (let i = 0; i < 8; i += 1) keepalive.request(workerData + '/gate/never').catch(() => {})
      keepalive.request(workerData + '/ok').then(() => parentPort.postMessage('busy'))
    \`
    const workers = Array.from({ length: 4 }, () => new Worker(source, { eval: true, workerData: process.argv[1] }))
    Promise.all(workers.map((worker) => once(worker, 'message'))).then(() => process.exit(3))
  `, [origin.http])
  assert.deepEqual(ended, { code: 3, signal: null, stdout: '', stderr: '' })
})
