'use strict'
// Files as bodies: Blobs of `fs.openAsBlob`, alone and in forms. Nothing is collected, and a file that is not what it was
// ends its request.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { Client } = require('..')
const { listen, right } = require('./support')

const SIZE = 24 * 1024 * 1024
const client = new Client()
let directory
let server
let base
const seen = []
before(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ka-blob-'))
  server = http.createServer(async (asked, answer) => {
    const pieces = []
    try {
      for await (const piece of asked) pieces.push(piece)
    } catch {
      seen.push('cut')
      return
    }
    const body = Buffer.concat(pieces)
    seen.push('whole')
    answer.setHeader('X-Length', asked.headers['content-length'] ?? asked.headers['transfer-encoding'])
    answer.end(asked.url === '/size' ? String(body.length) : body)
  })
  base = await listen(server)
})
after(() => {
  client.close()
  server.close()
  fs.rmSync(directory, { recursive: true })
})

function file(name, size) {
  const place = path.join(directory, name)
  const bytes = Buffer.alloc(size)
  for (let i = 0; i < size; i += 1) bytes[i] = i % 251
  fs.writeFileSync(place, bytes)
  return place
}

test('a file is sent with its length and not collected', async () => {
  const blob = await fs.openAsBlob(file('large', SIZE), { type: 'x/y' })
  global.gc?.()
  const before = process.memoryUsage()
  let most = 0
  const { body, headers } = await client.request(`${base}/size`, {
    method: 'POST',
    body: blob,
    onProgress: () => (most = Math.max(most, process.memoryUsage().arrayBuffers - before.arrayBuffers)),
  })
  assert.deepEqual([await body.text(), headers['x-length']], [String(SIZE), String(SIZE)])
  // The server of this process has the whole of it once.
  assert.ok(most < SIZE * 2, String(most))
})

test('a form with files of both kinds is sent with its length', async () => {
  const form = new FormData()
  form.set('text', 'a\nb')
  form.set('file', await fs.openAsBlob(file('small', 70_000)), 'a "name".bin')
  form.set('memory', new File(['abc'], 'b.txt', { type: 'text/plain' }))
  const sent = await client.fetch(`${base}/form`, { method: 'POST', body: form, headers: { 'X-A': 'b' } })
  assert.match(sent.headers.get('x-length'), /^[0-9]+$/)
  const bytes = Buffer.from(await sent.bytes())
  assert.equal(String(bytes.length), sent.headers.get('x-length'))
  const at = bytes.indexOf('\r\n\r\n', bytes.indexOf('name="file"')) + 4
  assert.ok(right(bytes.subarray(at, at + 70_000)))
  assert.match(bytes.latin1Slice(0, at), /filename="a %22name%22\.bin"/)
})

for (const [what, change] of [
  ['vanishes', (place) => fs.rmSync(place)],
  ['shrinks', (place) => fs.truncateSync(place, 1000)],
  ['changes', (place) => fs.appendFileSync(place, 'more')],
]) {
  test(`a file that ${what} before it is sent ends its request`, async () => {
    const place = file(`gone-${what}`, 300_000)
    const form = new FormData()
    const blob = await fs.openAsBlob(place)
    form.set('file', blob, 'f')
    change(place)
    for (const body of [blob, form]) {
      seen.length = 0
      const error = await client.request(base, { method: 'POST', body }).then(assert.fail, (reason) => reason)
      assert.equal(error.code, 'KA_BODY_SOURCE_FAILED', String(error))
      assert.equal(error.cause?.name, 'NotReadableError')
      const whole = await client.request(`${base}/size`, { method: 'POST', body: 'x' })
      assert.equal(await whole.body.text(), '1')
      assert.equal(seen.filter((one) => one === 'whole').length, 1, 'the server got nothing complete of it')
    }
  })
}

test('a file that vanishes while it is sent ends its request', async () => {
  const place = file('midway', SIZE)
  const blob = await fs.openAsBlob(place)
  let sent = 0
  const failing = client.request(base, {
    method: 'POST',
    body: (async function* () {
      for await (const piece of blob.stream()) {
        if (sent === 0) fs.truncateSync(place, 1000)
        sent += piece.length
        yield piece
      }
    })(),
  })
  const error = await failing.then(assert.fail, (reason) => reason)
  assert.equal(error.code, 'KA_BODY_SOURCE_FAILED')
  assert.ok(sent < SIZE)
})
