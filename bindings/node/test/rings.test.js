'use strict'
// Who asks, and where a request may be led.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { createHash } = require('node:crypto')
const { once } = require('node:events')
const http = require('node:http')
const { inspect } = require('node:util')
const { test } = require('node:test')
const { Client, fetch } = require('..')
const { useOrigin } = require('./support')

const origin = useOrigin()

/** A server for the length of `use`. */
async function serving(answer, use) {
  const server = http.createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new Client()
  try {
    return await use(`http://127.0.0.1:${server.address().port}`, client)
  } finally {
    client.close()
    server.closeAllConnections()
    server.close()
  }
}

const echo = (request, response) => response.end(JSON.stringify(request.headers))
const way = (to = '/ok', steps = 1) => `${origin.http}/redirect/302?n=${steps - 1}&to=${to}`

/** What `send` comes to through request and fetch. */
const both = (client) => [
  async (url, options) => {
    const { statusCode, body, info } = await client.request(url, options)
    return { status: statusCode, text: await body.text(), info }
  },
  async (url, options) => {
    const response = await client.fetch(url, options)
    return { status: response.status, text: await response.text(), info: response.info }
  },
]

test('credentials of clients and requests', () =>
  serving(echo, async (url, plain) => {
    const sent = async (client, options) => {
      const results = []
      for (const send of both(client)) results.push(JSON.parse((await send(url, options)).text).authorization)
      assert.equal(results[0], results[1])
      return results[0]
    }
    for (const [auth, expected] of [
      ['basic u:p', 'Basic dTpw'],
      [{ username: 'u', password: 'p' }, 'Basic dTpw'],
      [{ bearer: 'tok' }, 'Bearer tok'],
      [null, undefined],
      ['', undefined],
      [() => ({ Authorization: 'Own x' }), 'Own x'],
      [async () => [['authorization', 'Own y']], 'Own y'],
      [() => undefined, undefined],
    ]) {
      assert.equal(await sent(plain, { auth }), expected)
      const client = new Client({ auth })
      assert.equal(await sent(client, {}), expected)
      assert.equal(await sent(client, { auth: null }), undefined)
      assert.equal(await sent(client, { auth: { bearer: 'mine' } }), 'Bearer mine')
      assert.equal(await sent(client, { headers: { Authorization: 'Field z' } }), 'Field z')
      client.close()
    }
  }))

test('digest is answered, and its nonce counted', () => {
  const hash = (...parts) => createHash('sha256').update(parts.join(':')).digest('hex')
  let asked = 0
  const answer = (request, response) => {
    asked += 1
    const given = Object.fromEntries([...(request.headers.authorization ?? '').matchAll(/(\w+)="?([^",]*)"?/g)].map(([, name, value]) => [name, value]))
    const right = hash(hash('ann', 'r', 'secret'), 'n', given.nc, given.cnonce, 'auth', hash(request.method, request.url))
    if (given.response === right) return response.end(given.nc)
    response.writeHead(401, { 'WWW-Authenticate': 'Digest realm="r", qop="auth", algorithm=SHA-256, nonce="n"' }).end()
  }
  return serving(answer, async (url) => {
    const client = new Client({ auth: { username: 'ann', password: 'secret', scheme: 'digest' } })
    for (const number of ['00000001', '00000002']) {
      const { statusCode, body } = await client.request(`${url}/a?b`)
      assert.equal(statusCode, 200)
      assert.equal(await body.text(), number)
    }
    assert.equal(asked, 3)
    const { statusCode } = await client.request(url, { auth: 'digest ann:wrong' })
    assert.equal(statusCode, 401)
    assert.equal(asked, 5)
    client.close()
  })
})

test('what is no auth is named and not shown', async () => {
  const client = new Client()
  for (const auth of [
    'geheim', 5, {}, { username: 'u' }, { username: 'u:geheim', password: 'geheim' }, { bearer: 'ge heim' }, { bearer: 5 },
    { bearer: 'a', username: 'b' }, { username: 'u', password: 'geheim', scheme: 'ntlm' }, { user: 'u' },
  ]) {
    for (const call of [() => client.request('http://127.0.0.1:1', { auth }), async () => new Client({ auth })]) {
      await assert.rejects(call, (error) => error instanceof TypeError && /auth/.test(error.message) && !error.message.includes('heim'))
    }
  }
  client.close()
})

test('a function sees the request, and what it gives takes the place of fields', () =>
  serving(echo, async (url, client) => {
    const auth = ({ method, url: asked, headers, body }) => {
      assert.deepEqual({ ...headers }, { 'x-one': '1', 'x-two': ['a', 'b'] })
      return { 'X-One': `${method} ${asked} ${body}` }
    }
    const headers = { 'X-One': '1', 'X-Two': ['a', 'b'] }
    const { body } = await client.request(`${url}/x`, { method: 'POST', body: 'data', headers, auth })
    const seen = await body.json()
    assert.equal(seen['x-one'], `POST ${url}/x data`)
    assert.equal(seen['x-two'], 'a, b')
    const mine = new Error('mine')
    for (const send of both(client)) {
      await assert.rejects(send(url, { auth: () => { throw mine } }), (error) => error === mine)
      await assert.rejects(send(url, { auth: async () => { throw mine } }), (error) => error === mine)
      await assert.rejects(send(url, { auth: () => 5 }), /headers/)
      const controller = new AbortController()
      const never = send(url, { auth: () => new Promise(() => controller.abort(mine)), signal: controller.signal })
      await assert.rejects(never, (error) => error === mine)
    }
  }))

test('nothing of it goes beyond the origin', () =>
  serving(echo, (other) => {
    const away = (request, response) => {
      if (request.headers.authorization === undefined) {
        return response.writeHead(401, { 'WWW-Authenticate': 'Digest realm="r", qop="auth", nonce="n"' }).end()
      }
      response.writeHead(302, { Location: `${other}/there` }).end()
    }
    return serving(away, async (url) => {
      const signed = () => ({ Authorization: 'geheim', 'X-Amz-Token': 'geheim' })
      for (const auth of ['basic u:geheim', { bearer: 'geheim' }, { username: 'u', password: 'geheim', scheme: 'digest' }, signed]) {
        const client = new Client({ redirect: 'follow', auth, sensitiveHeaders: ['X-Api-Key'] })
        for (const send of [...both(client), ...both(client).map((one) => (to, options) => one(to, { ...options, auth }))]) {
          const headers = { 'X-Api-Key': 'geheim', 'X-Token': 'geheim', 'X-Plain': 'told' }
          const { status, text, info } = await send(url, { headers, sensitiveHeaders: 'x-token' })
          assert.equal(status, 200)
          assert.doesNotMatch(text, /geheim|authorization/i)
          assert.match(text, /"x-plain":"told"/)
          // A challenge that was answered is part of it.
          assert.deepEqual(info.history.map(({ statusCode }) => statusCode).filter((one) => one !== 401), [302])
        }
        client.close()
      }
    })
  }))

test('history has the head of each hop', async () => {
  const client = new Client({ redirect: 'follow' })
  for (const send of both(client)) {
    const { status, info } = await send(way('/json', 3))
    assert.equal(status, 200)
    assert.equal(info.redirects, 3)
    assert.equal(info.history.length, 3)
    const [first, second, third] = info.history
    assert.equal(first.statusCode, 302)
    assert.equal(first.url, way('/json', 3))
    assert.equal(third.headers.location, '/json')
    assert.equal(second.info.redirects, 1)
    assert.ok(second.info.timings.total > 0 && second.info.connectionId > 0)
    assert.deepEqual(first.info.history, [])
    assert.equal(info.history, info.history)
    assert.doesNotThrow(() => inspect(info, { getters: true, depth: 9 }))
  }
  const { info } = await client.request(`${origin.http}/ok`)
  assert.deepEqual(info.history, [])
  // Larger bodies than fit beside the head, and ones that come later.
  const { body, info: large } = await client.request(way('/bytes/300000'))
  assert.equal((await body.bytes()).length, 300000)
  assert.equal(large.history.length, 1)
  client.close()
})

test('policies of clients and requests', async () => {
  const status = async (client, options) => {
    const { statusCode, body } = await client.request(way(), options)
    await body.dump()
    return statusCode
  }
  const client = new Client()
  assert.equal(await status(client), 302)
  assert.equal(await status(client, { redirect: 'follow' }), 200)
  client.close()
  const following = new Client({ redirect: 'follow', maxRedirects: 3 })
  assert.equal(await status(following), 200)
  assert.equal(await status(following, { redirect: 'manual' }), 302)
  await assert.rejects(following.request(way(), { redirect: 'error' }), { code: 'KA_INVALID_REDIRECT' })
  await assert.rejects(following.request(way('/ok', 4)), { code: 'KA_TOO_MANY_REDIRECTS' })
  following.close()
  const strict = new Client({ redirect: 'error' })
  await assert.rejects(strict.request(way()), { code: 'KA_INVALID_REDIRECT' })
  assert.equal((await strict.fetch(way())).status, 200, 'fetch has a default of its own')
  strict.close()
  assert.throws(() => new Client({ redirect: 'maybe' }), /option redirect: "maybe"/)
  const secure = new Client({ redirect: 'follow', caPem: origin.ca })
  const down = `${origin.https}/redirect/302?to=${origin.http}/ok`
  await assert.rejects(secure.request(down), { code: 'KA_REDIRECT_REFUSED' })
  const { statusCode } = await secure.request(down, { redirectDowngrade: true })
  assert.equal(statusCode, 200)
  secure.close()
})

test('a function decides about redirects', async () => {
  const storage = new AsyncLocalStorage()
  const asked = []
  const onRedirect = (url, response) => {
    asked.push([url, response.statusCode, response.headers.location, storage.getStore()])
    return url.endsWith('/ok') ? undefined : false
  }
  const client = new Client({ redirect: 'follow' })
  const ofClient = new Client({ redirect: 'follow', onRedirect })
  for (const send of both(client)) {
    const { text } = await storage.run('store', () => send(way(), { onRedirect }))
    assert.equal(text, 'ok')
  }
  for (const send of both(ofClient)) assert.equal((await storage.run('store', () => send(way()))).text, 'ok')
  assert.deepEqual(asked, Array(4).fill([`${origin.http}/ok`, 302, '/ok', 'store']))
  const refused = (error) => (error.cause ?? error).code === 'KA_REDIRECT_REFUSED'
  for (const send of [...both(client), ...both(ofClient)]) {
    await assert.rejects(send(way('/json'), { onRedirect }), refused)
    await assert.rejects(send(way(), { onRedirect: async () => false }), refused)
    assert.equal((await send(way(), { onRedirect: async () => true })).text, 'ok')
    const mine = new Error('mine')
    await assert.rejects(send(way(), { onRedirect: () => { throw mine } }), (error) => error === mine)
    await assert.rejects(send(way(), { onRedirect: () => Promise.reject(mine) }), (error) => error === mine)
    await assert.rejects(send(way(), { onRedirect: () => 5 }), /onRedirect: expected true/)
    await assert.rejects(send(way(), { onRedirect: 5 }), /onRedirect: expected a function/)
    // An abort does not wait for a word, and one that comes late is nobody's.
    const controller = new AbortController()
    let late
    const onLate = () => new Promise((resolve) => {
      late = resolve
      controller.abort(mine)
    })
    await assert.rejects(send(way(), { onRedirect: onLate, signal: controller.signal }), (error) => error === mine)
    late(true)
    assert.equal((await send(way(), { onRedirect: () => true })).text, 'ok')
    // The function may use the client.
    const onUse = async (url) => (await send(url, { onRedirect: null })).status === 200
    assert.equal((await send(way(), { onRedirect: onUse })).text, 'ok')
  }
  client.close()
  ofClient.close()
  assert.throws(() => new Client({ onRedirect: 5 }), /onRedirect: expected a function/)
  assert.equal(await (await fetch(way())).text(), 'ok')
})
