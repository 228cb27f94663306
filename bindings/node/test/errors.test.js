'use strict'
// What bad input, dead servers and slow ones are reported as.

const assert = require('node:assert/strict')
const { after, before, test } = require('node:test')
const { Client, KeepaliveError } = require('..')
const { useOrigin } = require('./support')

const origin = useOrigin()
let client
before(async () => {
  await origin.ready
  client = new Client({ caFile: origin.ca_file })
})
after(() => client.close())

test('bad arguments are a TypeError, rejected, before anything is sent', async () => {
  await origin.control('/_reset', 'POST')
  const ok = `${origin.http}/ok`
  const wrong = [
    [[], /url: expected a string or URL/],
    [[null], /url/],
    [['/relative'], /no scheme/, 'KA_INVALID_URL'],
    [['ftp://host/'], /ftp/, 'KA_UNSUPPORTED_SCHEME'],
    [['http://'], /host is empty/, 'KA_INVALID_URL'],
    [['http://host:99999/'], /port/, 'KA_INVALID_URL'],
    [['http://ho st/'], /space|host/, 'KA_INVALID_URL'],
    [['http://host/\r\nX: y'], /line|CR|control/i, 'KA_INVALID_URL'],
    [[ok, 'GET'], /options: expected an object/],
    [[ok, { metod: 'GET' }], /unknown option metod/],
    [[ok, { method: 7 }], /method: expected a string/],
    [[ok, { method: 'GE T' }], /method/, 'KA_INVALID_METHOD'],
    [[ok, { method: '' }], /method/, 'KA_INVALID_METHOD'],
    [[ok, { headers: 'X: y' }], /headers: expected/],
    [[ok, { headers: ['X'] }], /headers: a flat array/],
    [[ok, { headers: [['X']] }], /headers: expected pairs/],
    [[ok, { headers: { 'X Y': '1' } }], /header name/, 'KA_INVALID_HEADER'],
    [[ok, { headers: { X: 'a\r\nY: b' } }], /header .*X/, 'KA_INVALID_HEADER'],
    [[ok, { headers: { X: 'a\0Y\0b' } }], /"X".*NUL/, 'KA_INVALID_HEADER'],
    [[ok, { headers: { X: '€' } }], /"X".*U\+00FF/, 'KA_INVALID_HEADER'],
    [[ok, { headers: { X: {} } }], /"X": expected a string/],
    [[ok, { headers: { X: {} } }], /"X": expected a string/],
    [[ok, { method: 'POST', body: 7 }], /body: expected a string/],
    [[ok, { method: 'POST', body: {} }], /body: expected a string/],
    [[ok, { method: 'POST', body: 'abc', headers: { 'Content-Length': '2' } }], /content-length|body/i, undefined],
    [[ok, { signal: {} }], /signal: expected an AbortSignal/],
    [[ok, { redirect: 'maybe' }], /redirect: expected/],
    [[ok, { query: 'a=b' }], /query: expected an object/],
    [[ok, { headersTimeout: -1 }], /headersTimeout: expected milliseconds/],
    [[ok, { bodyTimeout: 'soon' }], /bodyTimeout: expected milliseconds/],
    [[ok, { decompress: 1 }], /decompress/],
  ]
  for (const [args, message, code = args[1]?.body === 'abc' ? undefined : 'KA_INVALID_ARGUMENT'] of wrong) {
    await assert.rejects(client.request(...args), (error) => {
      assert.ok(error instanceof TypeError, `${JSON.stringify(args)}: ${error.stack}`)
      assert.match(error.message, message)
      if (code !== undefined) assert.equal(error.code, code)
      assert.equal(error.sent, 'nothing')
      return true
    }, JSON.stringify(args))
  }
  await assert.rejects(client.fetch(ok, { body: 'x' }), /body: fetch sends none with GET/)
  await assert.rejects(client.fetch(ok, { method: 'CONNECT' }), /method: fetch does not send CONNECT/)
  await assert.rejects(client.fetch(ok, 'x'), /init: expected an object/)
  assert.equal((await origin.control('/_connections')).requests, 0)
})

test('a refused connection names kind, phase and address', async () => {
  await assert.rejects(client.request('http://127.0.0.1:1/'), (error) => {
    assert.ok(error instanceof KeepaliveError)
    assert.equal(error.name, 'KeepaliveError')
    assert.equal(error.code, 'KA_CONNECT_FAILED')
    assert.equal(error.kind, 'ConnectFailed')
    assert.equal(error.phase, 'connect')
    assert.match(error.message, /127\.0\.0\.1:1/)
    assert.equal(error.errno, -111)
    assert.equal(error.sent, 'nothing')
    assert.equal(error.retrySafe, true)
    assert.equal(error.reused, false)
    return true
  })
})

test('a name that does not resolve', async () => {
  await assert.rejects(client.request('http://nowhere.invalid/'), { code: 'KA_RESOLVE_FAILED', phase: 'resolve' })
})

test('timeouts by phase', async () => {
  const head = client.request(`${origin.http}/stall`, { headersTimeout: 50 })
  await assert.rejects(head, { code: 'KA_READ_TIMEOUT', phase: 'head' })
  const whole = client.request(`${origin.http}/stall`, { totalTimeout: 50 })
  await assert.rejects(whole, { code: 'KA_TOTAL_TIMEOUT' })
  const response = await client.request(`${origin.http}/stall-body?n=100&sent=10`, { bodyTimeout: 50 })
  await assert.rejects(response.body.text(), { code: 'KA_READ_TIMEOUT', phase: 'body' })
  const one = new Client({ maxPerHost: 1, queueTimeout: 50, stallTimeout: null, headerTimeout: null })
  const stuck = one.request(`${origin.http}/gate/one`)
  await origin.control('/_gate/one/wait')
  await assert.rejects(one.request(`${origin.http}/ok`), { code: 'KA_POOL_TIMEOUT', phase: 'pool' })
  await origin.control('/_gate/one/open')
  assert.equal(await (await stuck).body.text(), 'ok')
  one.close()
})

test('a server that goes away', async () => {
  await assert.rejects(client.request(`${origin.http}/close`), { code: 'KA_CONNECTION_CLOSED', sent: 'all' })
  await assert.rejects(client.request(`${origin.http}/reset`, { method: 'POST' }), (error) => {
    assert.equal(error.code, 'KA_CONNECTION_RESET')
    assert.equal(error.retrySafe, false)
    return true
  })
})

test('certificates say which host and why', async () => {
  for (const place of ['wrong_host', 'expired', 'untrusted']) {
    await assert.rejects(client.request(`${origin[place]}/ok`), (error) => {
      assert.equal(error.code, 'KA_CERTIFICATE_REJECTED')
      assert.match(error.message, /localhost/)
      return true
    })
  }
})

test('fetch rejects with a TypeError whose cause says what happened', async () => {
  await assert.rejects(client.fetch('http://127.0.0.1:2/'), (error) => {
    assert.ok(error instanceof TypeError)
    assert.equal(error.message, 'fetch failed')
    assert.equal(error.cause.code, 'KA_CONNECT_FAILED')
    return true
  })
  const response = await client.fetch(`${origin.http}/wire/truncated_chunked_reset`).catch(() => null)
  if (response !== null) {
    await assert.rejects(response.text(), (error) => {
      assert.ok(error instanceof TypeError)
      assert.equal(error.message, 'terminated')
      assert.ok(error.cause instanceof KeepaliveError)
      return true
    })
  }
})

test('a failed replayable request on a reused connection is sent again', async () => {
  const own = new Client()
  await (await own.request(`${origin.http}/ok`)).body.text()
  const again = await own.request(`${origin.http}/flaky?key=again&times=1`)
  assert.equal(await again.body.text(), 'ok')
  assert.equal(again.info.replays, 1)
  assert.equal(own.stats().replayed, 1)
  own.close()
})
