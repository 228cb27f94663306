'use strict'
// Requests and bodies that are left as the caller has them: targets, fields that are not sent, bodies that
// are not decoded.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { gunzipSync } = require('node:zlib')
const { Client } = require('..')
const { useOrigin } = require('./support')

const origin = useOrigin()
const target = "/echo?X='a/../b'&sig=%2f%2F=="
const names = (echoed) => echoed.headers.map(([name]) => name.toLowerCase())

test('a raw target is sent byte for byte', async () => {
  const client = new Client()
  const { body } = await client.request(`${origin.http}/ok`, { rawTarget: target })
  assert.equal((await body.json()).target, target)
  assert.equal((await (await client.fetch(`${origin.http}/ok`, { rawTarget: target })).json()).target, target)
  for (const [rawTarget, text] of [['/a b', /raw_?[tT]arget: a space at byte 2/], ['', /is empty/], ['/é', /not ASCII/], [7, /rawTarget: expected a string; got number/], [null, /got null/]]) {
    await assert.rejects(client.request(`${origin.http}/ok`, { rawTarget }), { code: 'KA_INVALID_ARGUMENT', message: text })
  }
  client.close()
})

test('a field whose value is null is not sent', async () => {
  const client = new Client()
  const url = `${origin.http}/echo`
  const none = { 'User-Agent': null, ACCEPT: null, 'accept-encoding': null, 'Accept-Language': null, 'sec-fetch-mode': null }
  assert.deepEqual(names(await (await client.fetch(url, { headers: none })).json()), ['host'])
  const { body } = await client.request(url, { headers: [['user-agent', null]], decompress: true })
  assert.deepEqual(names(await body.json()), ['host', 'accept-encoding'])
  const posted = await client.fetch(url, { method: 'POST', body: 'x', headers: { 'content-type': null } })
  assert.ok(!names(await posted.json()).includes('content-type'))
  await assert.rejects(client.request(url, { headers: { host: null } }), { code: 'KA_INVALID_HEADER' })
  await assert.rejects(async () => new Client({ proxyHeaders: { X: null } }), /proxyHeaders/)
  client.close()
})

test('a body is decoded as the request says, or else the client, or else the function', async () => {
  const plain = await (await new Client().fetch(`${origin.http}/compressible`)).text()
  const isPlain = (bytes) => {
    if (bytes.toString() === plain) return true
    assert.equal(gunzipSync(bytes).toString(), plain)
    return false
  }
  for (const [clients, requests, fetches] of [[undefined, false, true], [true, true, true], [false, false, false]]) {
    const client = new Client({ decode: clients })
    for (const own of [undefined, true, false]) {
      const url = `${origin.http}/gzip`
      const { body } = await client.request(url, { decode: own })
      assert.equal(isPlain(Buffer.from(await body.bytes())), own ?? requests)
      const fetched = await client.fetch(url, { decode: own })
      assert.equal(isPlain(Buffer.from(await fetched.arrayBuffer())), own ?? fetches)
      const other = await client.request(url, { decompress: own })
      assert.equal(isPlain(Buffer.from(await other.body.bytes())), own ?? requests)
    }
    client.close()
  }
  await assert.rejects(new Client().request(origin.http, { decode: 1 }), /decode: expected true or false; got number/)
})
