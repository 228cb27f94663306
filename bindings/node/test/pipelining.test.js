'use strict'
// `pipelining`: requests behind others on their connection.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const http = require('node:http')
const { once } = require('node:events')
const { Client } = require('..')
const { useOrigin } = require('./support')

const origin = useOrigin()

for (const scheme of ['http', 'https']) {
  test(`requests over ${scheme} go behind one another and are answered in order`, async () => {
    const client = new Client({ maxPerHost: 1, pipelining: 4, caFile: origin.ca_file })
    const base = origin[scheme]
    await (await client.request(`${base}/ok`)).body.text()
    const gate = `pipelining-${scheme}`
    const front = client.request(`${base}/gate/${gate}`)
    await origin.control(`/_gate/${gate}/wait?n=1`)
    const order = []
    const behind = [3, 0, 70_000].map(async (size) => {
      const { info, body } = await client.request(`${base}/bytes/${size}`)
      order.push(size)
      assert.deepEqual([info.pipelined, info.replays], [true, 0])
      return (await body.arrayBuffer()).byteLength
    })
    while (client.stats().pipelined < 3) await new Promise(setImmediate)
    await origin.control(`/_gate/${gate}/open`)
    assert.equal((await front).info.pipelined, false)
    assert.equal(await (await front).body.text(), 'ok')
    assert.deepEqual(await Promise.all(behind), [3, 0, 70_000])
    assert.deepEqual(order, [3, 0, 70_000])
    assert.equal(client.stats().opened, 1)
    client.close()
  })
}

test("an abort in the line hurts nobody, against Node's own server", async () => {
  const waiting = []
  const server = http.createServer((request, response) => {
    if (request.url === '/first') waiting.push(response)
    else response.end(request.url)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const base = `http://127.0.0.1:${server.address().port}`
  const client = new Client({ maxPerHost: 1, pipelining: 10 })
  await (await client.request(`${base}/warm`)).body.text()
  const text = async (path, signal) => (await client.request(base + path, { signal })).body.text()
  const first = text('/first')
  while (waiting.length === 0) await new Promise(setImmediate)
  const abort = new AbortController()
  const aborted = assert.rejects(text('/aborted', abort.signal))
  const rest = ['/a', '/b', '/c'].map((path) => text(path))
  while (client.stats().pipelined < 4) await new Promise(setImmediate)
  abort.abort()
  await aborted
  waiting[0].end('first')
  assert.deepEqual(await Promise.all([first, ...rest]), ['first', '/a', '/b', '/c'])
  const { opened, replayed } = client.stats()
  assert.deepEqual([opened, replayed], [1, 0])
  client.close()
  server.close()
})

test('a depth that cannot be is named', () => {
  for (const pipelining of [0, 257, -1, 1.5, 'two']) {
    assert.throws(() => new Client({ pipelining }), /pipelining/)
  }
})
