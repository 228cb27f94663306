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
    maxBodySize: 0,
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
  const { method, headers, decode } = request
  const options = { method, headers, decompress: decode }
  if (request.chunked) options.body = inPieces(body)
  else if (body.length !== 0) options.body = body
  let response
  const pieces = []
  let failure
  try {
    response = await client.request(base + one.path, options)
    for await (const piece of response.body) pieces.push(piece)
  } catch (error) {
    failure = error
  }
  const next = await client.request(`${base}/ok`)
  assert.equal(await next.body.text(), 'ok')

  // The verdict of tests/wire/README.md.
  if (failure && !expect.errors.includes(failure.kind)) throw failure
  if (!failure) assert.deepEqual(expect.errors, [], `no error but ${response.statusCode}`)
  if (expect.body_b64 !== null) assert.equal(Buffer.concat(pieces).toString('base64'), expect.body_b64)
  if (response) {
    if (expect.status !== null) assert.equal(response.statusCode, expect.status)
    if (expect.reason !== null) assert.equal(response.statusText, expect.reason)
    if (expect.version !== null) assert.equal(response.info.httpVersion, expect.version)
    const headers = grouped(response.headers)
    assert.ok(isWithin(expect.headers ?? [], headers, sameField), JSON.stringify(headers))
  }
  if (expect.trailers !== null && !failure) {
    assert.deepEqual(grouped(response.trailers), expect.trailers)
  }
  assert.equal(next.info.reused, expect.reused, 'reused')
}

/** Fields by name in the order of their first field, each with its values in theirs. */
function grouped(fields) {
  return Object.entries(fields).map(([name, values]) => [name, [values].flat()])
}

/** Whether `part` is left when some of `whole` is left out. */
function isWithin(part, whole, same) {
  let at = 0
  return part.every((wanted) => {
    while (at < whole.length && !same(wanted, whole[at])) at += 1
    at += 1
    return at <= whole.length
  })
}

function sameField([wanted, values], [name, all]) {
  return wanted === name && isWithin(values, all, (value, other) => value === other)
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
  assert.ok(cases.length >= 400, `only ${cases.length} cases`)
  assert.ok(ran >= cases.length, `only ${ran} runs of ${cases.length} cases`)
})
