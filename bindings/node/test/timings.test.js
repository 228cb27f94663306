'use strict'
// Where the time of an exchange went, and what else is told of it.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { inspect } = require('node:util')
const { Client } = require('..')
const { useOrigin } = require('./support')

const origin = useOrigin()
const PHASES = ['queued', 'stalled', 'resolve', 'connect', 'tls', 'send', 'wait', 'receive']

function told(info) {
  const { timings } = info
  const sum = PHASES.reduce((all, name) => all + timings[name], 0)
  assert.ok(Math.abs(sum - timings.total) < 1e-6, inspect(timings))
  assert.ok(timings.total > 0)
  return info
}

test('a new connection and a reused one', async () => {
  const client = new Client({ caPem: origin.ca })
  for (const base of [origin.http, origin.https]) {
    const once = async () => {
      const { body, info } = await client.request(`${base}/ok`)
      await body.text()
      return told(info)
    }
    const [first, second] = [await once(), await once()]
    assert.deepEqual([first.reused, first.requests, second.reused, second.requests], [false, 1, true, 2])
    assert.ok(first.timings.connect > 0)
    assert.equal(first.timings.tls > 0, base === origin.https)
    for (const name of PHASES.slice(0, 5)) assert.equal(second.timings[name], 0, name)
    assert.equal(second.localAddress, first.localAddress)
    assert.match(second.localAddress, /^127\.0\.0\.1:\d+$/)
    assert.equal(second.peerAddress.split(':')[1], new URL(base).port)
    assert.ok(second.bytesSent > 0 && second.bytesReceived > 2)
  }
  client.close()
})

test('the end of a body adds to what is told', async () => {
  const client = new Client({ caPem: origin.ca })
  const size = 3_000_000
  // As it comes, from TLS, and chunked.
  for (const url of [`${origin.http}/bytes/${size}`, `${origin.https}/bytes/${size}`, `${origin.http}/chunked/${size}`]) {
    const response = await client.request(url)
    const before = { ...response.info, timings: { ...response.info.timings } }
    assert.equal(before.timings.receive, 0)
    assert.ok(before.bytesReceived < size)
    let bytes = 0
    for await (const piece of response.body) bytes += piece.length
    assert.equal(bytes, size)
    const { info } = response
    told(info)
    assert.ok(info.bytesReceived > size && info.timings.receive > 0, inspect(info))
    assert.ok(Math.abs(info.timings.total - info.timings.receive - before.timings.total) < 1e-6)
    const fetched = await client.fetch(url)
    await fetched.bytes()
    assert.ok(told(fetched.info).timings.receive > 0)
  }
  client.close()
})

test('interim heads', async () => {
  const client = new Client()
  const { body, info } = await client.request(`${origin.http}/informational?code=103&n=2`)
  const head = { statusCode: 103, headers: { link: '</style.css>' } }
  assert.deepEqual(info.informational, [head, head])
  assert.equal(await body.text(), 'ok')
  assert.deepEqual((await client.fetch(`${origin.http}/ok`)).info.informational, [])
  client.close()
})

test('a failure tells where its time went', async () => {
  const client = new Client()
  const error = await client.request(`${origin.http}/close`).then(assert.fail, (reason) => reason)
  const info = told(error.info)
  assert.ok(info.connectionId > 0 && info.bytesSent > 0 && info.timings.wait > 0, inspect(info))
  assert.equal(info.peerAddress.split(':')[1], new URL(origin.http).port)
  assert.ok(!inspect(error).includes('connectionId'), 'not part of what is logged')
  const refused = await client.request('nowhere').then(assert.fail, (reason) => reason)
  assert.equal(refused.info, undefined)
  client.close()
})
