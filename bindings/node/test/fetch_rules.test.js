'use strict'
// What WHATWG's fetch refuses, ignores and adds, which `request` does not: ports, credentials, fields, redirects.

const assert = require('node:assert/strict')
const http = require('node:http')
const { after, before, test } = require('node:test')
const { Client, fetch, request } = require('..')
const { listen } = require('./support')

let here
let there
const servers = []
before(async () => {
  for (let i = 0; i < 2; i += 1) servers.push(http.createServer(answer))
  here = await listen(servers[0])
  there = (await listen(servers[1])).replace('127.0.0.1', 'localhost')
})
after(async () => {
  await Client.shared().close()
  Client.shared().closeIdle()
  for (const server of servers) server.close()
})

/** `/to/STATUS?URL` leads there; anything else tells what was sent. */
function answer(asked, response) {
  const { pathname, search } = new URL(asked.url, 'http://x')
  const [, word, status] = pathname.split('/')
  if (word === 'to') {
    response.writeHead(Number(status), { Location: decodeURIComponent(search.slice(1)) }).end('moved')
    asked.resume()
    return
  }
  let body = ''
  asked.setEncoding('latin1').on('data', (piece) => (body += piece)).on('end', () => {
    const { method, rawHeaders, url } = asked
    response.end(JSON.stringify({ method, url, fields: asked.headers, rawHeaders, body }))
  })
}

const leading = (to, status = 302) => `${here}/to/${status}?${encodeURIComponent(to)}`
const told = async (input, init) => (await fetch(input, init)).json()
const failed = (about) => (error) => error.name === 'TypeError' && error.message === 'fetch failed' && about.test(error.cause.message)

test('credentials in a URL are refused, and not repeated', async () => {
  for (const user of ['user:secret@', 'secret@', ':secret@']) {
    await assert.rejects(fetch(here.replace('//', `//${user}`)), (error) => {
      assert.equal(error.name, 'TypeError')
      assert.equal(error.code, 'KA_INVALID_URL')
      assert.match(error.message, /url: fetch takes no credentials in a URL/)
      assert.doesNotMatch(error.stack, /secret/)
      return true
    })
  }
  const { body } = await request(here.replace('//', '//user:secret@'))
  assert.ok((await body.json()).fields.authorization)
})

test('ports of other protocols are refused, also where a redirect leads', async () => {
  for (const port of [1, 22, 25, 6000, 6667, 10080]) {
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`), failed(/^bad port/))
  }
  await assert.rejects(fetch(leading('http://127.0.0.1:6000/')), failed(/bad port 6000/))
  await assert.rejects(request('http://127.0.0.1:6000/'), { name: 'KeepaliveError' })
})

test('a redirect to a URL with credentials is followed without CORS only', async () => {
  const to = `${here.replace('//', '//user:secret@')}/x`
  for (const init of [undefined, { mode: 'cors' }]) await assert.rejects(fetch(leading(to), init), failed(/credentials/))
  assert.ok((await told(leading(to), { mode: 'no-cors' })).fields.authorization)
})

test('a redirect to another origin: the type tells it, and the mode can forbid it', async () => {
  const moved = await fetch(leading(`${there}/x`))
  assert.deepEqual([moved.type, moved.redirected, moved.url], ['cors', true, `${there}/x`])
  assert.equal((await fetch(leading(leading(`${there}/x`)))).type, 'cors')
  assert.equal((await fetch(leading('/x'))).type, 'basic')
  const opaque = await fetch(leading(`${there}/x`), { mode: 'no-cors' })
  assert.deepEqual([opaque.type, opaque.status, opaque.redirected, opaque.url, opaque.body, await opaque.text()], ['opaque', 0, false, '', null, ''])
  assert.equal((await fetch(leading('/x'), { mode: 'no-cors' })).type, 'basic')
  await assert.rejects(fetch(leading(`${there}/x`), { mode: 'same-origin' }), failed(/same-origin/))
  assert.equal((await fetch(leading('/x'), { mode: 'same-origin' })).status, 200)
})

test('an empty Location leads to itself for ever', async () => {
  await assert.rejects(fetch(leading('')), failed(/redirect count exceeded/))
  assert.equal((await fetch(leading(''), { redirect: 'manual' })).status, 302)
  assert.equal((await request(leading(''), { redirect: 'follow' })).statusCode, 302)
})

test('onRedirect is asked after the rules of fetch', async () => {
  const asked = []
  const onRedirect = (url) => {
    asked.push(url)
    return !url.includes('no')
  }
  assert.equal((await fetch(leading(`${there}/x`), { onRedirect })).status, 200)
  await assert.rejects(fetch(leading(`${there}/no`), { onRedirect }), failed(/onRedirect refused it/))
  await assert.rejects(fetch(leading('http://127.0.0.1:6000/'), { onRedirect }), failed(/bad port/))
  const wrong = new RangeError('mine')
  await assert.rejects(fetch(leading('/x'), { onRedirect: () => { throw wrong } }), (error) => error === wrong)
  const client = new Client({ onRedirect })
  await assert.rejects(client.fetch(leading('/no')), failed(/onRedirect refused it/))
  assert.deepEqual(asked, [`${there}/x`, `${there}/no`, `${here}/no`])
  await client.close()
})

test('fields of one name are one field, without the blanks around their values', async () => {
  const { rawHeaders } = await told(here, { headers: [['X-a', ' 1\t'], ['b', '\r\n2\r\n'], ['x-A', '3'], ['cookie', 'c=1'], ['Cookie', 'd=2'], ['X-A', '']] })
  const value = (name) => rawHeaders.flatMap((one, i) => (i % 2 === 0 && one === name ? [rawHeaders[i + 1]] : []))
  assert.deepEqual([value('X-a'), value('b'), value('cookie')], [['1, 3,'], ['2'], ['c=1; d=2']])
  await assert.rejects(fetch(here, { headers: { a: '1\r\n2' } }), { name: 'TypeError', code: 'KA_INVALID_HEADER' })
})

test('which server it is and how long the body are not for the caller to say', async () => {
  const { fields, body } = await told(here, { method: 'POST', body: 'abc', headers: { Host: 'other.example', 'Content-Length': '9' } })
  assert.deepEqual([fields.host, fields['content-length'], body], [here.slice('http://'.length), '3', 'abc'])
  assert.equal((await told(here, { headers: { 'content-length': '42' } })).fields['content-length'], undefined)
  const stream = new Blob(['abcd']).stream()
  const sent = await told(here, { method: 'POST', body: stream, duplex: 'half', headers: { 'content-length': '4' } })
  assert.deepEqual([sent.fields['content-length'], sent.fields['transfer-encoding'], sent.body], ['4', undefined, 'abcd'])
})

test('what is liked is said as browsers say it', async () => {
  const { fields } = await told(here)
  assert.deepEqual([fields.accept, fields['accept-language'], fields['sec-fetch-mode']], ['*/*', '*', 'cors'])
  assert.equal((await told(new Request(here, { mode: 'same-origin' }))).fields['sec-fetch-mode'], 'same-origin')
  assert.equal((await told(here, { headers: { Range: 'bytes=0-1' } })).fields['accept-encoding'], 'identity')
  assert.equal((await told(here, { headers: { Range: 'bytes=0-1', 'Accept-Encoding': 'br' } })).fields['accept-encoding'], 'br')
  const { fields: own } = await told(here, { headers: { Accept: 'text/x', 'Accept-Language': 'de' } })
  assert.deepEqual([own.accept, own['accept-language']], ['text/x', 'de'])
  assert.equal((await told(here, { headers: { 'accept-language': null } })).fields['accept-language'], undefined)
})

test('what is wrong with a request is told before that it was aborted', async () => {
  const signal = AbortSignal.abort()
  const wrong = [
    [here.replace('//', '//a@'), {}], [here, { method: 'a b' }], [here, { method: 'TRACE' }], [here, { priority: 'most' }],
    [here, { mode: 'no-cors', method: 'PUT' }], [here, { body: 'x' }], [here, { headers: { a: '\u0100' } }],
  ]
  for (const [url, init] of wrong) await assert.rejects(fetch(url, { ...init, signal }), { name: 'TypeError' }, JSON.stringify(init))
  await assert.rejects(fetch(here, { signal }), { name: 'AbortError' })
})

test('the stream of an aborted request is cancelled at once, with the reason', async () => {
  const told = []
  const reason = new Error('enough')
  const source = () => new ReadableStream({ pull() {}, cancel: (why) => void told.push(why) })
  const sending = (signal) => fetch(here, { method: 'POST', body: source(), duplex: 'half', signal })
  const before = sending(AbortSignal.abort(reason))
  assert.deepEqual(told, [reason])
  const log = []
  await Promise.all([before.catch((error) => log.push(error)), Promise.resolve().then(() => log.push('next'))])
  assert.deepEqual(log, [reason, 'next'])
  const controller = new AbortController()
  const during = sending(controller.signal)
  controller.abort(reason)
  await assert.rejects(during, (error) => error === reason)
  assert.deepEqual(told, [reason, reason])
})

test('the body of an aborted response rejects in the same turn, whichever way it is read', async () => {
  const slow = http.createServer((_, response) => response.writeHead(200, { 'content-type': 'text/plain' }).write('begin'))
  const url = await listen(slow)
  for (const way of ['text', 'json', 'bytes', 'arrayBuffer', 'blob', 'formData']) {
    const controller = new AbortController()
    const response = await fetch(url, { signal: controller.signal })
    controller.abort()
    const log = []
    await Promise.all([response[way]().catch((error) => log.push(error.name)), Promise.resolve().then(() => log.push('next'))])
    assert.deepEqual(log, ['AbortError', 'next'], way)
    await assert.rejects(response[way](), { name: 'AbortError' })
  }
  slow.closeAllConnections()
  slow.close()
})

test('whatever says what URL it is can be fetched', async () => {
  assert.equal((await told({ toString: () => `${here}/said` })).url, '/said')
  for (const wrong of [undefined, null, 7, {}, () => {}]) await assert.rejects(fetch(wrong), { name: 'TypeError' })
})

test('the type of a blob is the one that the fields tell, as the global Response has it', async () => {
  const types = [
    'Text/HTML; Charset=utf-8', 'text/html;charset=gbk, text/html', 'text/html;charset=gbk, text/plain, text/html', 'nonsense', '*/*',
    'text/plain, */*', 'text/html;" \\" ', 'a/b;c="d,e"', 'text/html, nonsense', '',
  ]
  let type
  const typed = http.createServer((_, response) => response.writeHead(200, ['Content-Type', type]).end('x'))
  const url = await listen(typed)
  for (type of types) {
    const theirs = await globalThis.fetch(url).then((response) => response.blob())
    assert.equal((await (await fetch(url)).blob()).type, theirs.type, type)
  }
  typed.closeAllConnections()
  typed.close()
})

test('keepalive does not go with a stream', async () => {
  const body = () => new Blob(['x']).stream()
  await assert.rejects(fetch(here, { method: 'POST', keepalive: true, duplex: 'half', body: body() }), { name: 'TypeError', message: /keepalive/ })
  assert.equal((await told(here, { method: 'POST', keepalive: true, body: 'x' })).body, 'x')
})
