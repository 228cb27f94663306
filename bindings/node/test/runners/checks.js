'use strict'
// What has to work in every test environment, with every timer faked. It waits for nothing but the
// package itself, and resolves to the number of things that were checked.

function assert(condition, what) {
  if (!condition) throw new Error(`failed: ${what}`)
}

async function checks(keepalive, url) {
  let count = 0
  const check = (condition, what) => {
    assert(condition, what)
    count += 1
  }
  const client = new keepalive.Client()
  const post = async (body, headers) => {
    const { body: answer } = await client.request(`${url}/echo`, { method: 'POST', body, headers })
    return answer.json()
  }
  const text = (seen) => Buffer.from(seen.body_b64, 'base64').toString()

  check(await (await client.request(`${url}/ok`)).body.text() === 'ok', 'request')
  check(await (await client.fetch(`${url}/ok`)).text() === 'ok', 'fetch')
  check(await (await client.fetch(new URL(`${url}/ok`))).text() === 'ok', 'fetch of a URL')
  check(typeof await (await client.fetch(`${url}/json`)).json() === 'object', 'json')
  check((await client.fetch(`${url}/json`)).headers.get('content-type') !== null, 'headers')

  const size = 20_000_000
  check((await (await client.request(`${url}/bytes/${size}`)).body.bytes()).length === size, 'a body of 20 MB')
  check((await (await client.fetch(`${url}/chunked/${size}?chunk=100000`)).arrayBuffer()).byteLength === size, 'in chunks')
  let length = 0
  for await (const piece of (await client.request(`${url}/bytes/${size}`)).body) length += piece.length
  check(length === size, 'in pieces')
  length = 0
  for await (const piece of (await client.fetch(`${url}/bytes/${size}`)).body) length += piece.length
  check(length === size, 'in pieces of a web stream')

  check(text(await post('text')) === 'text', 'a body of text')
  check(text(await post(new Uint8Array([97, 98]))) === 'ab', 'a body of bytes')
  check(text(await post((async function* () {
    yield 'a'
    yield 'b'
  })())) === 'ab', 'a body in pieces')
  check(text(await post(new URLSearchParams({ a: 'b' }))) === 'a=b', 'a body of parameters')
  const form = new FormData()
  form.append('name', 'value')
  check(text(await post(form)).includes('value'), 'a form')
  check(text(await post(new Blob(['blob']))) === 'blob', 'a Blob')
  form.append('file', new File(['inside'], 'name.txt'))
  check(text(await post(form)).includes('inside'), 'a form with a file')
  check((await post('x', new Headers({ 'x-mine': '1' }))).headers.some(([name]) => name.toLowerCase() === 'x-mine'), 'Headers')

  const control = new AbortController()
  const waiting = client.request(`${url}/gate/never`, { signal: control.signal })
  control.abort()
  check(await waiting.then(() => 'answered', (error) => error.name) === 'AbortError', 'an abort')
  const other = new AbortController()
  const stalled = await client.fetch(`${url}/stall-body?n=100&sent=10`, { signal: other.signal })
  const reading = stalled.text()
  other.abort(new Error('enough'))
  check(await reading.then(() => 'read', (error) => error.message) === 'enough', 'an abort in a body')

  check(await client.request('http://127.0.0.1:1/').catch((error) => error.code) === 'KA_CONNECT_FAILED', 'an error')
  const refused = await client.fetch('http://127.0.0.1:2/').catch((error) => error)
  check(refused.message === 'fetch failed' && refused.cause.code === 'KA_CONNECT_FAILED', "fetch's error")
  const many = Array.from({ length: 50 }, async () => (await client.request(`${url}/ok`)).body.text())
  check((await Promise.all(many)).every((one) => one === 'ok'), 'many at once')
  client.close()
  return count
}

module.exports = { checks, TOTAL: 22 }
