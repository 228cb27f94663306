'use strict'
// `lookup`: who is asked for addresses sees each of them before anything is connected to.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const dns = require('node:dns')
const { test } = require('node:test')
const { Client } = require('..')
const { runNode, useOrigin } = require('./support')

const origin = useOrigin()
const port = () => new URL(origin.http).port

test('names and addresses are asked for, once for each connection', async () => {
  const asked = []
  const store = new AsyncLocalStorage()
  const client = store.run('made', () => new Client({
    lookup(host, options, callback) {
      asked.push([host, options.all, store.getStore()])
      callback(null, [{ address: '127.0.0.1', family: 4 }])
    },
  }))
  for (const host of ['some.example', 'some.example', '127.0.0.9']) {
    const { body, info } = await client.request(`http://${host}:${port()}/ok`)
    assert.equal(await body.text(), 'ok')
    assert.equal(info.peerAddress, `127.0.0.1:${port()}`)
  }
  assert.deepEqual(asked, [['some.example', true, 'made'], ['127.0.0.9', true, 'made']])
  client.close()
})

test('each form of an answer', async () => {
  const { lookup } = dns
  for (const answer of [
    (host, options, callback) => callback(null, '127.0.0.1', 4),
    (host, options, callback) => setTimeout(callback, 1, null, ['127.0.0.1']),
    async () => '127.0.0.1',
    async () => [{ address: '127.0.0.1' }],
    (host, options, callback) => lookup('127.0.0.1', options, callback),
    // An address that nobody listens at, before the one that counts.
    (host, options, callback) => callback(null, [{ address: '127.0.0.77' }, { address: '127.0.0.1' }]),
    (host, options, callback) => { callback(null, '127.0.0.1'); callback(new Error('late')); callback() },
  ]) {
    const client = new Client({ lookup: answer })
    assert.equal((await client.request(`http://a.example:${port()}/ok`)).statusCode, 200, String(answer))
    client.close()
  }
})

test('what is refused is never connected to', async () => {
  const connected = []
  const refusal = new Error('not inside')
  const guard = (host, options, callback) => dns.lookup(host, options, (error, addresses) => {
    if (error) callback(error)
    else if (addresses.some(({ address }) => address.startsWith('127.'))) callback(refusal)
    else callback(null, addresses)
  })
  const client = new Client({ lookup: guard })
  client.on('connect', (...told) => connected.push(told))
  for (const host of ['127.0.0.1', 'localhost', '0x7f.1', '2130706433']) {
    // URL makes addresses of these spellings.
    const error = await client.fetch(`http://${host}:${port()}/ok`).then(assert.fail, (reason) => reason)
    assert.equal(error.cause.code, 'KA_RESOLVE_FAILED')
    if (host !== 'localhost') assert.equal(error.cause.cause, refusal)
    assert.match(error.cause.message, /not inside|ENOTFOUND/)
  }
  // Neither where a redirect leads there.
  const half = new Client({ lookup: (host, options, callback) => (host === 'inner.example' ? callback(refusal) : callback(null, '127.0.0.1')) })
  const led = half.request(`http://outer.example:${port()}/redirect/302?n=0&to=${encodeURIComponent(`http://inner.example:${port()}/ok`)}`, { redirect: 'follow' })
  await assert.rejects(led, { code: 'KA_RESOLVE_FAILED' })
  assert.deepEqual(connected, [])
  client.close()
  half.close()
})

test('answers that are none', async () => {
  const thrown = new RangeError('mine')
  for (const [answer, message] of [
    [() => { throw thrown }, /mine/],
    [async () => { throw thrown }, /mine/],
    [(host, options, callback) => callback(thrown), /mine/],
    [(host, options, callback) => callback(null, []), /no address/],
    [(host, options, callback) => callback(null), /no IP address/],
    [(host, options, callback) => callback(null, 'nowhere'), /no IP address/],
    [(host, options, callback) => callback(null, [{ address: 5 }]), /no IP address/],
    [async () => ({}), /no IP address/],
    [() => { throw null }, /threw nothing/],
  ]) {
    const client = new Client({ lookup: answer })
    await assert.rejects(client.request(`http://a.example:${port()}/ok`), (error) => {
      assert.equal(error.code, 'KA_RESOLVE_FAILED')
      assert.match(error.message, message)
      return true
    })
    client.close()
  }
  for (const lookup of [5, 'x', {}]) assert.throws(() => new Client({ lookup }), { name: 'TypeError', message: /option lookup/ })
})

test('a dispatcher asks too, and one that threads share refuses what it could not ask', async () => {
  const { KeepaliveDispatcher } = require('..')
  const dispatcher = new KeepaliveDispatcher({ lookup: (host, options, callback) => callback(new Error('not inside')) })
  const handler = (resolve) => ({ onConnect() {}, onError: resolve, onHeaders: () => true, onData: () => true, onComplete: resolve })
  const path = '/ok'
  const error = await new Promise((resolve) => dispatcher.dispatch({ origin: origin.http, path, method: 'GET' }, handler(resolve)))
  assert.match(String(error?.message) + String(error?.cause?.message), /not inside|ENOTFOUND/)
  await dispatcher.destroy()
  assert.throws(() => KeepaliveDispatcher.shared({ lookup() {} }), /option lookup: a function is one thread's/)
})

test('one that never answers ends with the limit, and keeps no process alive', async () => {
  const client = new Client({ lookup() {}, connectTimeout: 100 })
  await assert.rejects(client.request(`http://a.example:${port()}/ok`), { code: 'KA_CONNECT_TIMEOUT' })
  client.close()
  const program = `
    const { Client } = require('.')
    const client = new Client({ lookup: (host, options, callback) => { process.exitCode = 7 }, connectTimeout: 50 })
    client.request(process.argv[1]).catch(() => {})
  `
  assert.equal((await runNode(program, [`http://a.example:${port()}/ok`])).code, 7)
})

test('a worker that ends while it is asked leaves nothing behind', async () => {
  const program = `
    const { Worker } = require('node:worker_threads')
    const worker = new Worker(\`
      const { Client } = require('.')
      const client = new Client({ lookup: () => require('node:worker_threads').parentPort.postMessage(1) })
      client.request(\${JSON.stringify(process.argv[1])}).catch(() => {})
    \`, { eval: true })
    worker.on('message', async () => console.log(await worker.terminate()))
  `
  const { code, stdout } = await runNode(program, [`http://a.example:${port()}/ok`])
  assert.deepEqual([code, stdout.trim()], [0, '1'])
})
