'use strict'
// Runs the wire cases (tests/wire/README.md) through `request` over plain HTTP and TLS.

const assert = require('node:assert/strict')
const { after, before, test } = require('node:test')
const { Client } = require('..')
const { startOrigin } = require('./support')

let origin
before(async () => {
  origin = await startOrigin()
})
after(() => origin.stop())

async function* inPieces(body) {
  yield body.subarray(0, 1)
  yield body.subarray(1)
}

async function play(one, base) {
  const stalls = one.end === 'stall'
  const client = new Client({
    caPem: origin.ca,
    headerTimeout: stalls ? 250 : 10000,
    stallTimeout: stalls ? 250 : 10000,
  })
  try {
    await check(one, base, client)
  } finally {
    client.close()
  }
}

async function check(one, base, client) {
  const { request, expect } = one
  const body = Buffer.from(request.body_b64, 'base64')
  const options = { method: request.method, headers: request.headers }
  if (body.length !== 0) options.body = request.chunked ? inPieces(body) : body
  let response
  const pieces = []
  let failure
  try {
    response = await client.request(base + one.path, options)
    for await (const piece of response.body) pieces.push(piece)
  } catch (error) {
    failure = error
  }
  if (expect.error !== null) {
    assert.ok(failure, `expected ${expect.error}, got ${response?.statusCode}`)
    assert.equal(failure.kind, expect.error, failure.stack)
  } else if (failure) {
    throw failure
  }
  if (expect.partial_b64 !== null) {
    assert.equal(Buffer.concat(pieces).toString('base64'), expect.partial_b64)
  }
  if (expect.status !== null && response) assert.equal(response.statusCode, expect.status)
  if (expect.reason !== null && response) assert.equal(response.statusText, expect.reason)
  if (expect.version !== null && response) assert.equal(response.info.httpVersion, expect.version)
  if (expect.body_b64 !== null) assert.equal(Buffer.concat(pieces).toString('base64'), expect.body_b64)
  if (expect.headers !== null && response) checkHeaders(response.headers, expect.headers)
  if (expect.trailers !== null && response) {
    assert.deepEqual(response.trailers, grouped(expect.trailers))
  }
  if (expect.reuse !== null) {
    const next = await client.request(`${base}/ok`)
    assert.equal(await next.body.text(), 'ok')
    assert.equal(next.info.reused, expect.reuse === 'ok', `expected reuse: ${expect.reuse}`)
  }
}

function grouped(pairs) {
  const object = {}
  for (const [name, value] of pairs) {
    const key = name.toLowerCase()
    object[key] = key in object ? [object[key], value].flat() : value
  }
  return object
}

function checkHeaders(headers, expected) {
  for (const [name, values] of Object.entries(grouped(expected))) {
    const got = [headers[name] ?? []].flat()
    for (const value of [values].flat()) {
      assert.ok(got.includes(value), `${name}: expected ${value}, got ${got}`)
    }
  }
}

test('every wire case', async (t) => {
  const cases = await origin.control('/_cases')
  let ran = 0
  for (const one of cases) {
    for (const [transport, base, not] of [['http', origin.http, 'only'], ['https', origin.https, 'never']]) {
      if (one.tls === not) continue
      await t.test(`${one.name} over ${transport}`, () => play(one, base))
      ran += 1
    }
  }
  assert.ok(cases.length >= 150, `only ${cases.length} cases`)
  assert.ok(ran >= cases.length, `only ${ran} runs of ${cases.length} cases`)
})
