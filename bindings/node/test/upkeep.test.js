'use strict'
// What is done for connections, names and responses while nobody calls; second tries; the exit.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { mkdtempSync, renameSync, rmSync, writeFileSync } = require('node:fs')
const net = require('node:net')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { setTimeout: pause } = require('node:timers/promises')
const { Client } = require('..')
const { runNode, useOrigin } = require('./support')

const origin = useOrigin()
let dir
before(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'keepalive-'))
})
after(() => rmSync(dir, { recursive: true }))

/** Polls the counters, as a user watching them would. */
async function eventually(client, what) {
  const limit = Date.now() + 20_000
  while (Date.now() < limit) {
    const stats = client.stats()
    if (what(stats)) return stats
    await pause(2)
  }
  assert.fail(JSON.stringify(client.stats()))
}

const text = async (client, url) => (await client.request(url)).body.text()

test('connections follow a name that moves', async () => {
  const { port } = new URL(origin.http)
  const file = path.join(dir, 'addresses')
  const pointsTo = (address) => {
    writeFileSync(`${file}.next`, `app.test:${port}:${address}\n`)
    renameSync(`${file}.next`, file)
  }
  pointsTo('127.0.0.1')
  const client = new Client({ resolve: `@${file}`, dnsTtl: 150 })
  const url = `http://app.test:${port}/ok`
  assert.equal(await text(client, url), 'ok')
  assert.deepEqual(client.stats().origins[0].addresses, ['127.0.0.1'])
  pointsTo('127.0.0.2')
  const stats = await eventually(client, ({ closed }) => closed.dns_changed === 1)
  assert.equal(stats.idle, 0)
  // Nobody listens there: the new address gets the new dial.
  await assert.rejects(client.request(url), { code: 'KA_CONNECT_FAILED' })
  client.close()
  assert.throws(() => new Client({ resolve: 'app.test' }), /option resolve/)
})

test('a response that nobody reads gives its connection up', async () => {
  const client = new Client({ bodyIdleTimeout: 80 })
  const { body } = await client.request(`${origin.http}/bytes/20000000`)
  await eventually(client, ({ closed, active }) => closed.body_idle_timeout === 1 && active === 0)
  await assert.rejects(body.text(), { code: 'KA_INVALID_STATE', message: /bodyIdleTimeout|body_idle_timeout/ })
  client.close()
})

test('a late answer gets a second try', async () => {
  const client = new Client({ hedge: true })
  assert.equal(await client.warm(origin.http, 2), 2)
  for (let i = 0; i < 20; i++) await text(client, `${origin.http}/ok`)
  const answer = client.request(`${origin.http}/gate/hedge`)
  // Both tries wait for their answers, whichever will be first.
  await origin.control('/_gate/hedge/wait?n=2')
  await origin.control('/_gate/hedge/open')
  const { body, info } = await answer
  assert.equal(await body.text(), 'ok')
  assert.equal(info.hedged, true)
  assert.equal(typeof info.hedgeWon, 'boolean')
  const { hedged, closed } = client.stats()
  assert.deepEqual([hedged, closed.hedge_lost], [1, 1])
  client.close()
})

/** The types of the TLS records in some bytes. */
function recordTypes(bytes) {
  const types = []
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) types.push(bytes[at])
  return types
}

test('servers are told at exit, also by process.exit', async () => {
  const ALERT = 21
  const { hostname, port } = new URL(origin.tls12)
  for (const end of ['', 'process.exit(0)']) {
    const pieces = []
    const relay = net.createServer({ allowHalfOpen: true }, (socket) => {
      const server = net.connect({ port, host: hostname, allowHalfOpen: true })
      for (const each of [socket, server]) each.on('error', () => {})
      socket.on('data', (piece) => pieces.push(piece))
      socket.pipe(server).pipe(socket)
    })
    const closed = once(relay, 'connection').then(([socket]) => once(socket, 'end'))
    relay.listen(0, '127.0.0.1')
    await once(relay, 'listening')
    const program = `
      const { Client } = require('.')
      const client = new Client({ caFile: process.argv[2] })
      client.request(process.argv[1]).then((response) => response.body.text()).then(() => { ${end} })
    `
    const url = `https://127.0.0.1:${relay.address().port}/ok`
    assert.deepEqual(await runNode(program, [url, origin.ca_file]), { code: 0, signal: null, stdout: '', stderr: '' })
    await closed
    assert.equal(recordTypes(Buffer.concat(pieces)).at(-1), ALERT, 'close_notify')
    relay.close()
  }
})
