'use strict'
// download(): to a path, a descriptor; taken up again; progress; limits on speed.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { after, before, test } = require('node:test')
const keepalive = require('..')
const { Client } = keepalive
const { right, useOrigin } = require('./support')

const origin = useOrigin()
const client = new Client()
let dir
before(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ka-download-'))
})
after(() => {
  client.close()
  fs.rmSync(dir, { recursive: true })
})
const at = (name) => path.join(dir, name)

const BODY = '0123456789abcdefghij'

/** Answers the n-th request with the n-th of these texts and closes; the last one serves on. */
async function breaking(...answers) {
  const heads = []
  const server = net.createServer((socket) => {
    let head = ''
    socket.on('error', () => {})
    socket.on('data', (data) => {
      head += data
      if (!head.endsWith('\r\n\r\n')) return
      heads.push(head)
      socket.end(answers.length > 1 ? answers.shift() : answers[0])
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}/file`, heads, close: () => server.close() }
}

const whole = (sent) => `HTTP/1.1 200 OK\r\nETag: "one"\r\nContent-Length: 20\r\n\r\n${BODY.slice(0, sent)}`
const rest = (from) => `HTTP/1.1 206 OK\r\nContent-Range: bytes ${from}-19/20\r\nContent-Length: ${20 - from}\r\n\r\n${BODY.slice(from)}`

test('a path gets the whole body', async () => {
  const url = `${origin.http}/bytes/1000000`
  for (const target of [at('a'), pathToFileURL(at('a'))]) {
    const { statusCode, saved, body, headers } = await client.download(url, target, { fsync: true })
    assert.equal(statusCode, 200)
    assert.deepEqual(saved, { bytes: 1000000, kept: 0, resumes: 0 })
    assert.equal(headers['content-length'], '1000000')
    assert.equal(await body.text(), '')
    assert.ok(right(fs.readFileSync(at('a'))))
    assert.deepEqual(fs.readdirSync(dir), ['a'])
  }
  assert.deepEqual((await keepalive.download(`${origin.http}/ok`, at('a'))).saved, { bytes: 2, kept: 0, resumes: 0 })
})

test('a status that is not 2xx writes nothing', async () => {
  const { statusCode, saved, body } = await client.download(`${origin.http}/status/404`, at('none'))
  assert.deepEqual([statusCode, saved, await body.text()], [404, null, '404'])
  assert.ok(!fs.existsSync(at('none')))
})

test('a break is taken up, and a part is gone on with', async () => {
  let server = await breaking(whole(5), rest(5))
  let { saved } = await client.download(server.url, at('broken'))
  assert.deepEqual(saved, { bytes: 20, kept: 0, resumes: 1 })
  assert.equal(fs.readFileSync(at('broken'), 'utf8'), BODY)
  assert.match(server.heads[1], /\r\nRange: bytes=5-\r\nIf-Range: "one"\r\n/)
  server.close()
  const answers = [whole(5), '']
  server = await breaking(...answers)
  await assert.rejects(client.download(server.url, at('kept'), { resume: true }), { code: /KA_CONNECTION_CLOSED|KA_BODY_TRUNCATED/ })
  assert.ok(fs.existsSync(at('kept.part')) && fs.existsSync(at('kept.part.info')))
  server.close()
  server = await breaking(whole(5), rest(6))
  await assert.rejects(client.download(server.url, at('misfit')), { code: 'KA_RESUME_FAILED' })
  assert.ok(!fs.existsSync(at('misfit')))
  server.close()
})

test('a descriptor is written in place', async () => {
  const handle = await fs.promises.open(at('open'), 'w+')
  await handle.write('<')
  await client.download(`${origin.http}/ok`, handle)
  await client.download(`${origin.http}/ok`, handle.fd)
  await handle.close()
  assert.equal(fs.readFileSync(at('open'), 'utf8'), '<okok')
})

test('what cannot be written to is an error that has its number', async () => {
  const url = `${origin.http}/bytes/1000000`
  for (const [target, errno] of [[dir, 21], [at('no/file'), 2], ['/dev/full', 28]]) {
    await assert.rejects(client.download(url, target), (error) => {
      assert.equal(error.code, 'KA_FILE_FAILED')
      assert.match(error.message, new RegExp(`os error ${errno}`))
      return true
    })
  }
  for (const [target, text] of [[undefined, /path: expected/], [null, /path: expected/], ['', /path: empty/], [-1, /path/], [{}, /path/], [9999, /path/]]) {
    await assert.rejects(client.download(url, target), { code: 'KA_INVALID_ARGUMENT', message: text })
  }
  for (const [options, text] of [[{ fsync: 1 }, /fsync/], [{ onProgress: 1 }, /onProgress/], [{ resumes: true }, /resumes/], [7, /options/]]) {
    await assert.rejects(client.download(url, at('x'), options), text)
  }
  await assert.rejects(client.download(url, 1, { resume: true }), /resume/)
})

test('progress is told to the end, and what it throws ends the request', async () => {
  const seen = []
  await client.download(`${origin.http}/drip?count=30&ms=10&size=100`, at('drip'), { onProgress: (one) => seen.push(one) })
  assert.ok(seen.length > 1)
  assert.deepEqual(seen.map(({ bytes }) => bytes), seen.map(({ bytes }) => bytes).sort((a, b) => a - b))
  const last = seen.at(-1)
  assert.deepEqual([last.bytes, last.total, last.upload], [3000, 3000, false])
  assert.ok(last.rate > 0)
  assert.equal(seen[0].total, null)
  const failure = new Error('enough')
  const onProgress = () => {
    throw failure
  }
  await assert.rejects(client.download(`${origin.http}/endless/plain`, at('endless'), { onProgress }), (error) => error === failure)
})

test('an aborted download leaves nothing behind', async () => {
  const controller = new AbortController()
  const url = `${origin.http}/gate-body/node-download?n=100&sent=50`
  const promise = client.download(url, at('aborted'), { signal: controller.signal })
  await origin.control('/_gate/node-download/wait')
  controller.abort()
  await assert.rejects(promise, { name: 'AbortError' })
  while (fs.readdirSync(dir).some((name) => name.includes('aborted'))) await new Promise(setImmediate)
})

test('limits on speed', async () => {
  const url = `${origin.http}/stall-body?n=1000&sent=10`
  const slow = async (promise) => {
    const { body } = await promise
    return body.text()
  }
  await assert.rejects(slow(client.request(url, { minSpeed: 1000, minSpeedTime: 100 })), { code: 'KA_TOO_SLOW' })
  await assert.rejects(client.download(url, at('slow'), { minSpeed: 1000, minSpeedTime: 100 }), { code: 'KA_TOO_SLOW' })
  const other = new Client({ minSpeed: 1, minSpeedTime: 100 })
  await assert.rejects(slow(other.request(url)), { code: 'KA_TOO_SLOW' })
  other.close()
  const { body } = await client.request(`${origin.http}/bytes/300000`, { maxSpeed: 2_000_000 })
  assert.equal((await body.bytes()).length, 300000)
  await assert.rejects(client.request(url, { maxSpeed: -1 }), /maxSpeed/)
})
