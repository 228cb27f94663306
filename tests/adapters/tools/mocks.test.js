'use strict'
// Other libraries' mocks, which stand in for Node's own clients: what they see of ours is what docs/node-tools.md says, and
// closed or restored, requests go over the native pool again.

const assert = require('node:assert/strict')
const http = require('node:http')
const path = require('node:path')
const { after, before, test } = require('node:test')
const undici = require('undici')
const { packageRoot, serve, tableAfter, versionOf } = require('./support')

const keepalive = require(packageRoot)
const { HttpAgent } = require(path.join(packageRoot, 'adapters', 'agent'))
const { register, unregister } = require(path.join(packageRoot, 'adapters', 'register'))

let server

before(async () => {
  server = await serve()
})
after(() => server.close())

const client = new keepalive.Client()
const agent = new HttpAgent()
const dispatcher = new keepalive.KeepaliveDispatcher()
after(() => client.close())

/** Its text, by Node's http on our agent. */
function byAgent(url) {
  return new Promise((resolve, reject) => {
    http.get(url, { agent }, async (response) => {
      let text = ''
      for await (const piece of response.setEncoding('utf8')) text += piece
      resolve(text)
    }).on('error', reject)
  })
}

async function registered(url) {
  register()
  try {
    return await (await fetch(url)).text()
  } finally {
    unregister()
  }
}

/** By the rows of the table, each way to ask that it names. */
const ways = {
  '`request`, `fetch`, Client of libkeepalive': [
    async (url) => (await keepalive.request(url)).body.text(),
    async (url) => (await keepalive.fetch(url)).text(),
    async (url) => (await client.request(url)).body.text(),
  ],
  "Node's `fetch`, also with a `dispatcher` or `libkeepalive/register`": [
    async (url) => (await fetch(url)).text(),
    async (url) => (await fetch(url, { dispatcher })).text(),
    registered,
  ],
  "undici's own `fetch` and `request` with a KeepaliveDispatcher": [
    async (url) => (await undici.fetch(url, { dispatcher })).text(),
    async (url) => (await undici.request(url, { dispatcher })).body.text(),
  ],
  '`http.request` with `libkeepalive/agent`, and what is built on it': [byAgent],
}

/** What each way gets, beside the first cell of its row. */
async function assertAsWritten() {
  const rows = tableAfter('Replies in place of servers', 1)
  assert.deepEqual([...rows.keys()], Object.keys(ways))
  for (const [name, asks] of Object.entries(ways)) {
    const [word] = /^(not seen|mocked)/.exec(rows.get(name)[0])
    for (const ask of asks) assert.equal(await ask(`${server.url}/text`), word === 'mocked' ? 'mocked' : 'text', `${name}: ${ask}`)
  }
}

async function assertRestored() {
  const opened = () => [client, agent.client, dispatcher.client].map((one) => one.stats()).map((stats) => stats.opened + stats.reused)
  const earlier = opened()
  for (const asks of Object.values(ways)) for (const ask of asks) assert.equal(await ask(`${server.url}/text`), 'text')
  opened().forEach((count, i) => assert.ok(count > earlier[i]))
}

test(`nock ${versionOf('nock')}`, async () => {
  const nock = require('nock')
  nock(server.url).persist().get('/text').reply(200, 'mocked')
  try {
    await assertAsWritten()
  } finally {
    nock.cleanAll()
    nock.restore()
  }
  await assertRestored()
})

test(`msw ${versionOf('msw')}`, async () => {
  const { HttpResponse, http: when } = require('msw')
  const { setupServer } = require('msw/node')
  const mock = setupServer(when.get(`${server.url}/text`, () => HttpResponse.text('mocked')))
  mock.listen({ onUnhandledRequest: 'bypass' })
  try {
    await assertAsWritten()
  } finally {
    mock.close()
  }
  await assertRestored()
})
