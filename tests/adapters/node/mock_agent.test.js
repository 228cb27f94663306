'use strict'
// undici's MockAgent on a dispatcher of ours: what is mocked is answered by it, the rest goes over the native pool.

const assert = require('node:assert/strict')
const { before, test } = require('node:test')
const { echo, keepalive, serve, undicis } = require('./support')

const { KeepaliveDispatcher } = keepalive
let server

before(async () => {
  server = await serve(echo)
})

for (const { name, undici } of undicis) {
  for (const kind of ['KeepaliveDispatcher', 'withUndici']) {
    test(`${name}: MockAgent on a ${kind}`, async () => {
      const Class = kind === 'withUndici' ? KeepaliveDispatcher.withUndici(undici) : KeepaliveDispatcher
      const agent = new Class()
      const mock = new undici.MockAgent({ agent })
      const text = async (path, options) => (await undici.request(`${server.url}${path}`, { dispatcher: mock, ...options })).body.text()
      const pool = mock.get(server.url)
      pool.intercept({ path: '/mocked', method: 'GET' }).reply(200, 'mocked', { headers: { 'x-one': '1' } })
      pool.intercept({ path: '/fetched' }).reply(200, { fetched: true })
      pool.intercept({ path: '/fails' }).replyWithError(new Error('as told'))
      assert.equal(mock.pendingInterceptors().length, 3)
      assert.equal(await text('/mocked'), 'mocked')
      assert.deepEqual(await (await undici.fetch(`${server.url}/fetched`, { dispatcher: mock })).json(), { fetched: true })
      await assert.rejects(text('/fails'), { message: 'as told' })
      mock.assertNoPendingInterceptors()
      // Past it, on one connection of the native pool.
      const ports = []
      for (let i = 0; i < 3; i += 1) ports.push(JSON.parse(await text('/through')).port)
      assert.equal(new Set(ports).size, 1)
      assert.equal(agent.client.stats().opened, 1)
      mock.disableNetConnect()
      await assert.rejects(text('/through'), { code: 'UND_MOCK_ERR_MOCK_NOT_MATCHED' })
      mock.deactivate()
      assert.equal(JSON.parse(await text('/through')).port, ports[0])
      await mock.close()
      assert.equal(agent.closed, true)
    })
  }
}

test('a dispatcher that no MockAgent asked has nothing of them', async () => {
  const dispatcher = new KeepaliveDispatcher()
  await (await undicis[0].undici.request(server.url, { dispatcher })).body.dump()
  assert.equal(dispatcher.pools.size, 0)
  assert.ok(dispatcher instanceof require('node:events').EventEmitter)
  await dispatcher.destroy()
})
