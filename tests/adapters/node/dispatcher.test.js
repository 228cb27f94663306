'use strict'
// KeepaliveDispatcher under undici's own functions, beside undici's own Agent: both have to do the same.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { Readable } = require('node:stream')
const { before, test } = require('node:test')
const { echo, keepalive, serve, serveBytes, textOf, undicis } = require('./support')

const { KeepaliveDispatcher } = keepalive
let server
let bytes

before(async () => {
  server = await serve((request, response) => {
    const { pathname } = new URL(request.url, 'http://a')
    const route = routes[pathname]
    if (route === undefined) echo(request, response)
    else route(request, response)
  })
  bytes = await serveBytes((socket, text) => {
    const answer = answers[/^\S+ \/(\S*)/.exec(text)?.[1]]
    answer?.(socket)
  })
})

const routes = {
  '/large': (_, response) => response.end(Buffer.alloc(5_000_000, 'x')),
  '/empty': (_, response) => response.writeHead(204).end(),
  '/trailers': (_, response) => {
    response.writeHead(200, { Trailer: 'X-Sum' })
    response.write('body')
    response.addTrailers({ 'X-Sum': 'abc' })
    response.end()
  },
  '/hints': (_, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => response.end('late'))
  },
  '/redirect': (_, response) => response.writeHead(302, { Location: '/target' }).end('elsewhere'),
  '/503': (_, response) => response.writeHead(503).end('no'),
  '/gzip': (_, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(require('node:zlib').gzipSync('packed')),
  '/wide': (_, response) => response.writeHead(200, { 'X-Wide': 'w'.repeat(20_000) }).end('x'),
  '/never': () => {},
  '/half': (_, response) => response.writeHead(200, { 'Content-Length': '10' }).write('half'),
}

const OK = 'HTTP/1.1 200 OK\r\n'
const answers = {
  closed: (socket) => socket.end(),
  reset: (socket) => socket.resetAndDestroy(),
  cut: (socket) => socket.end(`${OK}Content-Length: 10\r\n\r\nfive!`),
  nothing: (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n'),
  garbage: (socket) => socket.end('SSH-2.0-OpenSSH\r\n'),
  chunk: (socket) => socket.end(`${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\nbad\r\n0\r\n\r\n`),
}

/** What became of `act`: a value, or an error's name and code. */
async function outcome(act) {
  try {
    return await act()
  } catch (error) {
    const { code, name } = error
    // Of fetch's error the cause says what happened; of others it is the engine's own, here alone.
    return name === 'TypeError' ? { name, code, cause: error.cause?.code } : { name, code }
  }
}

/** A stream that never ends. */
function unending() {
  const body = new Readable({ read() {} })
  body.push('piece')
  return body
}

/** What a stream is told. */
async function told(stream) {
  if (stream.errored !== null) return stream.errored
  return (await once(stream, 'error'))[0]
}

const named = ([one, value]) => [one.toLowerCase(), value]
/** Fields that undici writes and the engine does not, or in another place: they are compared as a set. */
function sent(text) {
  const { headers, port, ...others } = JSON.parse(text)
  const pairs = []
  for (let i = 0; i < headers.length; i += 2) pairs.push(named([headers[i], headers[i + 1]]))
  const own = pairs.filter(([name, value]) => !(name === 'connection' && value === 'keep-alive'))
  return { ...others, headers: own.sort() }
}

/** Each with the module, a base URL and options that name the dispatcher. */
const cases = {
  async 'a GET with fields and a query'({ request }, { base, ...options }) {
    const headers = { 'X-One': '1', 'x-two': ['a', 'b'], 'X-Umlaut': 'caf\xe9' }
    const { statusCode, headers: got, body } = await request(`${base}/path?q=1`, { ...options, headers, query: undefined })
    return { statusCode, fields: Object.keys(got).filter((name) => name.startsWith('x-')), cookies: got['set-cookie'], ...sent(await body.text()) }
  },
  async 'fields in all their forms'({ request }, { base, ...options }) {
    const all = []
    for (const headers of [['a', '1', 'b', '2'], new Map([['a', '1']]), new Headers({ a: '1' }), undefined, null]) {
      all.push(sent(await (await request(`${base}/`, { ...options, headers })).body.text()))
    }
    return all
  },
  async 'a query object'({ request }, { base, ...options }) {
    return sent(await (await request(`${base}/q`, { ...options, query: { a: [1, 2], b: 'x y' } })).body.text())
  },
  async 'a path as it is'({ request }, { base, ...options }) {
    const all = []
    for (const path of ["/a/../b/./c", "/it's?q='x'", '/%2e%2e/x', '//double', '/a|b{c}', '/a"b<c>']) {
      all.push(sent(await (await request({ protocol: 'http:', hostname: '127.0.0.1', port: new URL(base).port, path }, { ...options, path })).body.text()).url)
    }
    return all
  },
  async 'bodies in all their forms'({ request, FormData }, { base, ...options }) {
    const all = []
    const form = new FormData()
    form.append('name', 'value')
    const bodies = [
      'text', '', Buffer.from('bytes'), new Uint8Array([65, 66]), new Uint8Array([65, 66]).buffer, Readable.from(['str', 'eam']),
      (async function* pieces() { yield Buffer.from('gen'); yield Buffer.from('erated') })(), null, undefined,
    ]
    for (const body of bodies) all.push(sent(await (await request(`${base}/`, { ...options, method: 'POST', body })).body.text()))
    const { body, headers } = sent(await (await request(`${base}/`, { ...options, method: 'PUT', body: form })).body.text())
    all.push([body.includes('name="name"'), headers.find(([name]) => name === 'content-type')[1].startsWith('multipart/form-data; boundary=')])
    return all
  },
  async 'a stream whose length is said'({ request }, { base, ...options }) {
    const body = Readable.from(['four'])
    return sent(await (await request(`${base}/`, { ...options, method: 'POST', body, headers: { 'content-length': '4' } })).body.text())
  },
  async 'a length that is not the body\'s'({ request }, { base, ...options }) {
    return request(`${base}/`, { ...options, method: 'POST', body: 'four', headers: { 'content-length': '5' } })
  },
  async 'a stream that fails'({ request }, { base, ...options }) {
    const body = new Readable({ read() { this.destroy(Object.assign(new Error('source'), { code: 'MINE' })) } })
    return request(`${base}/`, { ...options, method: 'POST', body })
  },
  async 'HEAD and 204'({ request }, { base, ...options }) {
    const head = await request(`${base}/large`, { ...options, method: 'HEAD' })
    const none = await request(`${base}/empty`, options)
    return [head.statusCode, await head.body.text(), head.headers['content-length'], none.statusCode, await none.body.text()]
  },
  async 'trailers'({ request }, { base, ...options }) {
    const { body, trailers } = await request(`${base}/trailers`, options)
    return [await body.text(), { ...trailers }]
  },
  async 'early hints'({ request }, { base, ...options }) {
    const infos = []
    const { body } = await request(`${base}/hints`, { ...options, onInfo: ({ statusCode, headers }) => infos.push([statusCode, headers.link]) })
    return [infos, await body.text()]
  },
  async 'a large body, slowly read'({ request }, { base, ...options }) {
    const { body } = await request(`${base}/large`, options)
    let size = 0
    for await (const piece of body) {
      size += piece.length
      await new Promise(setImmediate)
    }
    return size
  },
  async 'stream'({ stream }, { base, ...options }) {
    const { Writable } = require('node:stream')
    let size = 0
    const write = (piece, _, callback) => {
      size += piece.length
      setImmediate(callback)
    }
    await stream(`${base}/large`, { ...options, method: 'GET' }, () => new Writable({ write, highWaterMark: 1024 }))
    return size
  },
  async 'pipeline'({ pipeline }, { base, ...options }) {
    const duplex = pipeline(`${base}/`, { ...options, method: 'POST' }, ({ body }) => body)
    duplex.end('through')
    return sent(await textOf(duplex))
  },
  async 'fetch'({ fetch }, { base, ...options }) {
    const post = await fetch(`${base}/f`, { ...options, method: 'POST', body: 'text', headers: { 'X-A': '1' } })
    const packed = await fetch(`${base}/gzip`, options)
    const followed = await fetch(`${base}/redirect`, options)
    return [post.status, post.headers.getSetCookie(), sent(await post.text()), await packed.text(), followed.redirected, followed.url === `${base}/target`]
  },
  async 'a fetch whose body is left alone'({ fetch }, { base, ...options }) {
    const response = await fetch(`${base}/large`, options)
    await response.body.cancel()
    return response.status
  },
  async 'aborted before'({ request }, { base, ...options }) {
    return request(`${base}/`, { ...options, signal: AbortSignal.abort() })
  },
  async 'aborted with a reason'({ request }, { base, ...options }) {
    const aborter = new AbortController()
    const pending = request(`${base}/never`, { ...options, signal: aborter.signal })
    setImmediate(() => aborter.abort(Object.assign(new Error('mine'), { code: 'MINE' })))
    return pending
  },
  async 'aborted in the body'({ request }, { base, ...options }) {
    const aborter = new AbortController()
    const { body } = await request(`${base}/half`, { ...options, signal: aborter.signal })
    setImmediate(() => aborter.abort())
    return body.text()
  },
  async 'a fetch aborted'({ fetch }, { base, ...options }) {
    const aborter = new AbortController()
    const pending = fetch(`${base}/never`, { ...options, signal: aborter.signal })
    setImmediate(() => aborter.abort())
    return pending
  },
  'no head in time': ({ request }, { base, ...options }) => request(`${base}/never`, { ...options, headersTimeout: 20 }),
  async 'no body in time'({ request }, { base, ...options }) {
    return (await request(`${base}/half`, { ...options, bodyTimeout: 20 })).body.text()
  },
  'a head that is too large': ({ request }, { base, ...options }) => request(`${base}/wide`, options),
  'refused': ({ request }, { base: _, ...options }) => request('http://127.0.0.1:1/', options),
  'no such name': ({ request }, { base: _, ...options }) => request('http://no-such-name.invalid/', options),
  'a fetch refused': ({ fetch }, { base: _, ...options }) => fetch('http://127.0.0.1:9/', options),
  'reset, with POST': ({ request }, { base: _, ...options }) => request(`${bytes.url}/reset`, { ...options, method: 'POST', body: 'a' }),
  'closed, with POST': ({ request }, { base: _, ...options }) => request(`${bytes.url}/closed`, { ...options, method: 'POST', body: 'a' }),
  async 'cut in the body'({ request }, { base: _, ...options }) {
    return (await request(`${bytes.url}/cut`, options)).body.text()
  },
  async 'no HTTP'({ request }, { base: _, ...options }) {
    // 7.30 gives its own error no code.
    const { name } = await outcome(() => request(`${bytes.url}/garbage`, options))
    return name
  },
  async 'chunks that are none'({ request }, { base: _, ...options }) {
    const { name } = await outcome(async () => (await request(`${bytes.url}/chunk`, options)).body.text())
    return name
  },
  async 'a stream whose request is aborted hears why'({ request }, { base, ...options }) {
    const aborter = new AbortController()
    const body = unending()
    const pending = request(`${base}/never`, { ...options, method: 'POST', body, signal: aborter.signal })
    setImmediate(() => aborter.abort())
    return [await outcome(() => pending), (await told(body)).code]
  },
  async 'a stream whose request fails hears why'({ request }, { base: _, ...options }) {
    const body = unending()
    const pending = request(`${bytes.url}/reset`, { ...options, method: 'POST', body })
    const error = await pending.catch((thrown) => thrown)
    return (await told(body)) === error
  },
  async 'a stream whose dispatcher is destroyed hears why'({ request }, { base, ...options }) {
    const body = unending()
    const pending = request(`${base}/never`, { ...options, method: 'POST', body })
    setImmediate(() => options.dispatcher.destroy(Object.assign(new Error('mine'), { code: 'MINE' })))
    return [await outcome(() => pending), (await told(body)).code]
  },
  'a stream that is destroyed on the way': ({ request }, { base, ...options }) => {
    const body = new Readable({ read: () => setImmediate(() => body.destroy()) })
    return request(`${base}/`, { ...options, method: 'POST', body })
  },
  'a stream that fails on the way': ({ request }, { base, ...options }) => {
    const body = new Readable({ read: () => setImmediate(() => body.destroy(Object.assign(new Error('mine'), { code: 'MINE' }))) })
    return request(`${base}/`, { ...options, method: 'POST', body })
  },
  async 'a stream of what is no piece'({ request }, { base, ...options }) {
    const body = new Readable({ objectMode: true, read: () => body.push({}) })
    return (await outcome(() => request(`${base}/`, { ...options, method: 'POST', body }))).code
  },
  async 'a stream that is empty, with each method'({ request }, { base, ...options }) {
    const all = []
    for (const method of ['GET', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'PATCH']) {
      const body = new Readable({ read() {} })
      body.push(null)
      all.push(sent(await (await request(`${base}/`, { ...options, method, body })).body.text()))
    }
    return all
  },
  async 'a body that is left when it is sent is destroyed'({ request }, { base, ...options }) {
    const body = new Readable({ autoDestroy: false, read() {} })
    body.push('text')
    body.push(null)
    const text = await (await request(`${base}/`, { ...options, method: 'POST', body })).body.text()
    return [sent(text).body, body.destroyed]
  },
  '101 that switches to nothing': ({ upgrade }, { base: _, ...options }) => upgrade(`${bytes.url}/nothing`, { ...options, protocol: 'echo' }),
  'a method that is none': ({ request }, { base, ...options }) => request(`${base}/`, { ...options, method: 'A B' }),
  'a field that is none': ({ request }, { base, ...options }) => request(`${base}/`, { ...options, headers: { 'a b': '1' } }),
  'a value that is none': ({ request }, { base, ...options }) => request(`${base}/`, { ...options, headers: { a: 'x\r\ny: z' } }),
  'Transfer-Encoding of one\'s own': ({ request }, { base, ...options }) => request(`${base}/`, { ...options, headers: { 'transfer-encoding': 'chunked' } }),
  'Expect': ({ request }, { base, ...options }) => request(`${base}/`, { ...options, headers: { expect: '100-continue' } }),
  'a body that is none': ({ request }, { base, ...options }) => request(`${base}/`, { ...options, method: 'POST', body: 7 }),
  'a limit that is none': ({ request }, { base, ...options }) => request(`${base}/`, { ...options, headersTimeout: -1 }),
  'a scheme that is none': ({ request }, { base: _, ...options }) => request('ftp://127.0.0.1/', options),
}

for (const { name, undici } of undicis) {
  for (const [title, act] of Object.entries(cases)) {
    test(`${name}, as its own Agent: ${title}`, async () => {
      const agent = new undici.Agent()
      const dispatcher = new KeepaliveDispatcher()
      try {
        const base = server.url
        const theirs = await outcome(() => act(undici, { base, dispatcher: agent }))
        const ours = await outcome(() => act(undici, { base, dispatcher }))
        assert.deepEqual(ours, theirs)
      } finally {
        await Promise.all([agent.destroy(), dispatcher.destroy()])
      }
    })
  }
}
