'use strict'
// The end of a client, and what it emits.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')
const { Client } = require('..')
const { runNode, useOrigin } = require('./support')

const origin = useOrigin()

test('close resolves when what is under way is over', async () => {
  const client = new Client()
  const order = []
  const { body } = await client.request(`${origin.http}/chunked/300000`)
  const closed = client.close().then(() => order.push('closed'))
  assert.deepEqual([client.closed, client.destroyed], [true, false])
  await new Promise(setImmediate)
  assert.deepEqual(order, [])
  assert.equal((await body.bytes()).length, 300000)
  await closed
  assert.deepEqual(order, ['closed'])
  await client.close()
  await assert.rejects(client.request(`${origin.http}/ok`), { code: 'KA_INVALID_STATE' })
})

test('destroy ends what is under way', async () => {
  const client = new Client()
  const waiting = client.request(`${origin.http}/stall`)
  const { body } = await client.request(`${origin.http}/chunked/5000000`)
  const mine = new Error('mine')
  const read = body.bytes()
  const gone = client.destroy(mine)
  await assert.rejects(waiting, (error) => error === mine)
  await assert.rejects(read, (error) => error === mine)
  await gone
  assert.equal(client.destroyed, true)
  const other = new Client()
  const asked = other.request(`${origin.http}/stall`)
  other.destroy()
  await assert.rejects(asked, { code: 'KA_CANCELLED' })
})

test('the process-wide client stays usable', async () => {
  const client = Client.shared()
  assert.equal(await client.close(), undefined)
  assert.deepEqual([client.closed, client.destroyed], [false, false])
  const asked = client.request(`${origin.http}/stall`)
  client.destroy()
  await assert.rejects(asked, { code: 'KA_CANCELLED' })
  assert.equal((await client.request(`${origin.http}/ok`)).statusCode, 200)
  await client.close()
})

test('it can be disposed of', async () => {
  const client = new Client()
  await client[Symbol.asyncDispose]()
  assert.equal(client.closed, true)
})

test('connections are told with their origin', async () => {
  const client = new Client()
  const told = []
  client.on('connect', (url, { connection }) => told.push(['connect', url.origin, connection.id]))
  client.on('disconnect', (url, { connection, reason }) => told.push(['disconnect', url.origin, connection.id, reason]))
  const other = new Client()
  await (await other.request(`${origin.http}/ok`)).body.text()
  const { body, info } = await client.request(`${origin.http}/ok`)
  await body.text()
  const ended = once(client, 'disconnect')
  client.close()
  await ended
  assert.deepEqual(told, [['connect', origin.http, info.connectionId], ['disconnect', origin.http, info.connectionId, 'client_closed']])
  other.close()
})

test('drain tells that nothing is under way', async () => {
  const client = new Client()
  let drained = 0
  client.on('drain', () => (drained += 1))
  const all = [1, 2, 3].map(async () => (await client.request(`${origin.http}/bytes/300000`)).body.bytes())
  const first = once(client, 'drain')
  await Promise.all(all)
  await first
  assert.equal(drained, 1)
  client.removeAllListeners()
  await (await client.request(`${origin.http}/ok`)).body.text()
  assert.equal(drained, 1)
  client.close()
})

test('listeners that throw are uncaught exceptions, and keep no process alive', async () => {
  const program = `
    const { Client } = require('.')
    const seen = []
    process.on('uncaughtException', (error) => seen.push(error.message))
    const client = new Client()
    client.on('connect', () => { throw new Error('one') })
    client.on('drain', () => { throw new Error('two') })
    client.request(process.argv[1]).then(({ body }) => body.text()).then((text) => setTimeout(() => console.log(text, seen.sort().join()), 20))
  `
  const { code, stdout } = await runNode(program, [`${origin.http}/ok`])
  assert.deepEqual([code, stdout.trim()], [0, 'ok one,two'])
})
