'use strict'
// All cases of tests/wire through `request`, plain and TLS. What became of each is told to the origin,
// which judges it (tests/wire/README.md).

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Client } = require('..')
const { useOrigin } = require('./support')

const RUN = 'node-request'

const origin = useOrigin()

async function* inPieces(body) {
  yield body.subarray(0, 1)
  yield body.subarray(1)
}

function bytes({ piece_b64, times }) {
  const piece = Buffer.from(piece_b64, 'base64')
  return Buffer.alloc(piece.length * times, piece)
}

/** Runs a case on a client of its own, and posts the facts. */
async function play(one, base) {
  const stalls = one.end === 'stall'
  const client = new Client({
    caPem: origin.ca,
    maxBodySize: 0,
    headerTimeout: stalls ? 250 : 10000,
    stallTimeout: stalls ? 250 : 10000,
  })
  try {
    const facts = await run(one, base, client)
    const next = await client.request(`${base}/ok`)
    assert.equal(await next.body.text(), 'ok')
    facts.reused = next.info.reused
    return await judge(`/_judge/${RUN}/${one.name}`, facts)
  } finally {
    client.close()
  }
}

async function run(one, base, client) {
  const { method, headers, body: sent, chunked, decode } = one.request
  const options = { method, headers, decompress: decode }
  const body = bytes(sent)
  if (chunked) options.body = inPieces(body)
  else if (body.length !== 0) options.body = body
  const facts = { way: 'pieces' }
  const pieces = []
  try {
    const response = await client.request(`${base}${one.path}?run=${RUN}`, options)
    facts.status = response.statusCode
    facts.reason = response.statusText
    facts.version = response.info.httpVersion
    facts.headers = byName(response.headers)
    for await (const piece of response.body) pieces.push(piece)
    facts.trailers = byName(response.trailers)
    facts.error = null
  } catch (error) {
    if (error.kind === undefined) throw error
    facts.error = error.kind
  }
  facts.body_b64 = Buffer.concat(pieces).toString('base64')
  return facts
}

function byName(fields) {
  return Object.entries(fields).map(([name, values]) => [name, [values].flat()])
}

/** Asks the origin by Node's own client. */
async function judge(path, facts) {
  const answer = await fetch(origin.http + path, { method: 'POST', body: JSON.stringify(facts) })
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

test('every wire case', async (t) => {
  const cases = await origin.control('/_cases')
  for (const one of cases) {
    for (const [transport, base, not] of [['http', origin.http, 'only'], ['https', origin.https, 'never']]) {
      if (one.tls === not) continue
      await t.test(`${one.name} over ${transport}`, async () => {
        assert.deepEqual(await play(one, base), [], one.why)
      })
    }
  }
  const report = await origin.control(`/_verdict/${RUN}?over=http,https`)
  assert.deepEqual(report.differences, [])
  assert.ok(report.cases >= 400, `only ${report.cases} cases`)
})
