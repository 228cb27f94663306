'use strict'
// libkeepalive/agent under http.request, beside Node's own agents: both have to do the same.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const { once } = require('node:events')
const http = require('node:http')
const https = require('node:https')
const path = require('node:path')
const { Readable, pipeline } = require('node:stream')
const { before, test } = require('node:test')
const tls = require('node:tls')
const { promisify } = require('node:util')
const { echo, keepalive, packageRoot, serve, serveBytes, textOf } = require('./support')
const { startOrigin } = require(path.join(packageRoot, 'test', 'support.js'))
const { HttpAgent, HttpsAgent } = require(path.join(packageRoot, 'adapters', 'agent.js'))

let server
let bytes
let origin

before(async () => {
  server = await serve((request, response) => {
    const { pathname } = new URL(request.url, 'http://a')
    const route = routes[pathname]
    if (route === undefined) echo(request, response)
    else route(request, response)
  })
  server.on('checkContinue', (request, response) => {
    if (request.url === '/refused') response.writeHead(417).end()
    else {
      response.writeContinue()
      echo(request, response)
    }
  })
  server.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello')
    socket.pipe(socket)
  })
  server.on('connect', (request, socket) => {
    socket.write(`HTTP/1.1 200 Connected\r\n\r\n${request.url}`)
    socket.pipe(socket)
  })
  bytes = await serveBytes((socket, text) => answers[/^\S+ \/(\S*)/.exec(text)?.[1]]?.(socket))
  origin = await startOrigin()
})

test.after(() => origin.stop())

const routes = {
  '/large': (_, response) => response.end(Buffer.alloc(3_000_000, 'x')),
  '/chunked': (_, response) => {
    response.writeHead(200, { Trailer: 'X-Sum', 'X-Mixed-Case': 'One' })
    response.write('one ')
    response.write('two')
    response.addTrailers({ 'X-Sum': 'abc' })
    response.end()
  },
  '/pieces': (_, response) => {
    response.write('one ')
    response.end('two')
  },
  '/closes': (request, response) => response.writeHead(200, { Connection: 'close' }).end('closed'),
  '/empty': (_, response) => response.writeHead(204, 'Nothing').end(),
  '/hints': (_, response) => response.writeEarlyHints({ link: '</a>; rel=preload' }, () => response.end('late')),
  '/never': () => {},
  '/half': (_, response) => response.writeHead(200, { 'Content-Length': '10' }).write('half'),
}

const OK = 'HTTP/1.1 200 OK\r\n'
const answers = {
  closed: (socket) => socket.end(),
  reset: (socket) => socket.resetAndDestroy(),
  cut: (socket) => socket.end(`${OK}Content-Length: 10\r\n\r\nfive!`),
  ends: (socket) => socket.end(`${OK}\r\nall of it`),
  old: (socket) => socket.end('HTTP/1.0 200 Old\r\n\r\nold'),
}

/** Asks and tells what came of it; `write(request)` writes the body and ends. */
function ask(url, options = {}, write = (request) => request.end()) {
  return new Promise((resolve, reject) => {
    const { request: ask_ = http.request, ...others } = options
    const told = []
    const request = ask_(url, others)
    request.on('information', ({ statusCode, headers }) => told.push([statusCode, headers.link]))
    request.on('continue', () => told.push('continue'))
    request.on('timeout', () => {
      told.push('timeout')
      request.destroy(Object.assign(new Error('too long'), { code: 'MINE' }))
    })
    request.on('error', (error) => resolve({ error: [error.code, error.syscall, error.message.replace(/:[0-9]+$/, '')], told }))
    request.on('response', async (response) => {
      try {
        const body = await textOf(response)
        const { complete, headers, httpVersion, rawHeaders, statusCode, statusMessage, trailers } = response
        const own = rawHeaders.filter((name, i) => /^x-/i.test(name) || (i % 2 === 1 && /^x-/i.test(rawHeaders[i - 1])))
        const seen = body[0] === '{' ? sent(body) : body.length > 1000 ? body.length : body
        const { 'transfer-encoding': coding } = headers
        // What echoes has the fields of the connection in it.
        const length = body[0] === '{' ? undefined : headers['content-length']
        resolve({ status: [httpVersion, statusCode, statusMessage], own, length, coding, trailers: { ...trailers }, complete, seen, told })
      } catch (error) {
        resolve({ broken: [error.code, error.message], told })
      }
    })
    try {
      write(request)
    } catch (error) {
      reject(error)
    }
  })
}

function sent(text) {
  const { headers, port, ...others } = JSON.parse(text)
  const pairs = []
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i].toLowerCase() !== 'connection') pairs.push([headers[i].toLowerCase(), headers[i + 1]])
  }
  return { ...others, headers: pairs.sort() }
}

const cases = {
  'a GET': (agent) => ask(`${server.url}/a?b=1`, { agent, headers: { 'X-One': '1', cookie: ['a=1', 'b=2'] } }),
  'a path as it is': (agent) => ask(server.url, { agent, path: "/a/../it's|here" }),
  'a body with its length': (agent) => ask(server.url, { agent, method: 'POST', headers: { 'Content-Length': 4 } }, (request) => request.end('four')),
  'a body in one piece': (agent) => ask(server.url, { agent, method: 'POST' }, (request) => request.end('four')),
  'no body to a POST': (agent) => ask(server.url, { agent, method: 'POST' }),
  'DELETE without a body': (agent) => ask(server.url, { agent, method: 'DELETE' }),
  'a body in pieces': (agent) => ask(server.url, { agent, method: 'PUT' }, (request) => {
    request.write('one ')
    setTimeout(() => {
      request.write('two ')
      request.end('three')
    }, 5)
  }),
  'pieces of a known length': (agent) => ask(server.url, { agent, method: 'PUT', headers: { 'Content-Length': 8 } }, (request) => {
    request.write('1234')
    setImmediate(() => request.end('5678'))
  }),
  'a large upload': async (agent) => {
    const { seen, ...others } = await ask(server.url, { agent, method: 'POST' }, (request) => {
      let left = 50
      const write = () => {
        while (left > 0) {
          left -= 1
          if (!request.write(Buffer.alloc(64 * 1024, 'u'))) {
            request.once('drain', write)
            return
          }
        }
        request.end()
      }
      write()
    })
    delete others.length
    return [seen.body?.length ?? seen, others.status]
  },
  'a large download': (agent) => ask(`${server.url}/large`, { agent }),
  'chunks and trailers': (agent) => ask(`${server.url}/chunked`, { agent }),
  'HEAD': (agent) => ask(`${server.url}/large`, { agent, method: 'HEAD' }),
  'HEAD of chunks': (agent) => ask(`${server.url}/pieces`, { agent, method: 'HEAD' }),
  '204': (agent) => ask(`${server.url}/empty`, { agent }),
  'early hints': (agent) => ask(`${server.url}/hints`, { agent }),
  'Expect': (agent) => ask(server.url, { agent, method: 'POST', headers: { Expect: '100-continue', 'Content-Length': 4 } }, (request) => {
    request.on('continue', () => request.end('four'))
    request.flushHeaders()
  }),
  'a body that ends with the connection': (agent) => ask(`${bytes.url}/ends`, { agent }),
  'HTTP/1.0': (agent) => ask(`${bytes.url}/old`, { agent }),
  'closed': (agent) => ask(`${bytes.url}/closed`, { agent, method: 'POST' }, (request) => request.end('a')),
  'reset': (agent) => ask(`${bytes.url}/reset`, { agent, method: 'POST' }, (request) => request.end('a')),
  'cut in the body': (agent) => ask(`${bytes.url}/cut`, { agent }),
  'refused': (agent) => ask('http://127.0.0.1:1/', { agent }),
  'no such name': (agent) => ask('http://no-such-name.invalid/', { agent }),
  'too long without an answer': (agent) => ask(`${server.url}/never`, { agent, timeout: 30 }),
  'too long within a body': (agent) => ask(`${server.url}/half`, { agent }, (request) => {
    request.setTimeout(30)
    request.end()
  }),
  'destroyed before the answer': (agent) => ask(`${server.url}/never`, { agent }, (request) => {
    request.end()
    setTimeout(() => request.destroy(), 10)
  }),
  'aborted by a signal': (agent) => ask(`${server.url}/never`, { agent, signal: AbortSignal.timeout(10) }),
  'a lookup of one\'s own': async (agent) => {
    const asked = []
    const lookup = (host, options, callback) => {
      asked.push(host)
      if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
      else callback(null, '127.0.0.1', 4)
    }
    const { status, seen } = await ask(`http://somewhere.example:${new URL(server.url).port}/`, { agent, lookup })
    return [asked, status, seen.headers]
  },
  async 'a lookup is for names'(agent) {
    const lookup = () => assert.fail('an address was looked up')
    const { status } = await ask(server.url, { agent, lookup })
    return [status, await ask(server.url, { agent, family: 6 }).then((response) => response.status)]
  },
  'a lookup that refuses': (agent) => ask('http://somewhere.example/', { agent, lookup: (_, __, callback) => callback(Object.assign(new Error('not there'), { code: 'MINE' })) }),
  async 'upgrade'(agent) {
    const request = http.request(server.url, { agent, headers: { Connection: 'upgrade', Upgrade: 'echo' } }).end()
    const [response, socket, head] = await once(request, 'upgrade')
    const first = head.length === 0 ? (await once(socket, 'data'))[0] : head
    socket.write('and back')
    const [back] = await once(socket, 'data')
    socket.destroy()
    return [response.statusCode, first.toString(), back.toString()]
  },
  async 'an upgrade that is written to, and ended, at once'(agent) {
    const request = http.request(server.url, { agent, headers: { Connection: 'upgrade', Upgrade: 'echo' } }).end()
    const seen = await new Promise((resolve) => {
      request.on('upgrade', (_, socket, head) => {
        socket.end('at once')
        resolve(textOf(socket).then((text) => head + text))
      })
    })
    return seen
  },
  async 'who writes when it is connected'(agent) {
    const request = http.request(server.url, { agent, method: 'POST' })
    const events = []
    request.on('socket', (socket) => {
      socket.on('ready', () => events.push('ready'))
      socket.on('connect', () => {
        events.push('connect')
        request.end('then')
      })
    })
    const [response] = await once(request, 'response')
    return [events, sent(await textOf(response)).body]
  },
  async 'a lookup that finds several, of which one is there'(agent) {
    const { port } = new URL(server.url)
    const lookup = (_, { all }, callback) => {
      const found = ['127.0.0.2', '127.0.0.1'].map((address) => ({ address, family: 4 }))
      if (all) callback(null, found)
      else callback(null, '127.0.0.1', 4)
    }
    const { seen } = await ask(`http://somewhere.example:${port}/"raw"`, { agent, lookup })
    return seen
  },
  async 'a lookup that finds none that is there'(agent) {
    const lookup = (_, { all }, callback) => {
      const found = ['127.0.0.2', '127.0.0.3'].map((address) => ({ address, family: 4 }))
      if (all) callback(null, found)
      else callback(null, '127.0.0.2', 4)
    }
    const { error } = await ask('http://somewhere.example:1/', { agent, lookup })
    return error[0]
  },
  async 'a body that fails is told of before its request'(agent) {
    const request = http.request(`${server.url}/never`, { agent, method: 'POST' })
    const body = Readable.from((async function* pieces() {
      yield 'a'
      await new Promise(setImmediate)
      throw new Error('mine')
    })())
    const told = []
    const failed = new Promise((resolve) => request.on('close', resolve))
    request.on('error', ({ message }) => told.push(message))
    pipeline(body, request, ({ message }) => told.push(message))
    await failed
    return told
  },
  async 'a lookup that never answers'(agent) {
    return ask('http://somewhere.example/', { agent, timeout: 20, lookup: () => {} })
  },
  async 'CONNECT'(agent) {
    const request = http.request(server.url, { agent, method: 'CONNECT', path: 'other.example:443' }).end()
    const [response, socket, head] = await once(request, 'connect')
    const first = head.length === 0 ? (await once(socket, 'data'))[0] : head
    socket.destroy()
    return [response.statusCode, first.toString()]
  },
}

for (const [title, act] of Object.entries(cases)) {
  test(`as Node's own agent: ${title}`, async () => {
    const [node, ours] = [new http.Agent({ keepAlive: true }), new HttpAgent()]
    try {
      assert.deepEqual(await act(ours), await act(node))
    } finally {
      node.destroy()
      ours.destroy()
    }
  })
}

for (const options of [{ maxSockets: 1 }, { maxSockets: 2, maxTotalSockets: 2 }, { maxFreeSockets: 1 }, { scheduling: 'fifo' }, {}]) {
  test(`one request after another on the same: ${JSON.stringify(options)}`, async () => {
    const agent = new HttpAgent(options)
    const body = Buffer.alloc(100_000, 'x')
    const many = ['/', '/large', '/chunked', '/pieces', '/empty', '/', '/closes'].flatMap((path_) => {
      const url = `${server.url}${path_}`
      return [
        ask(url, { agent }),
        // Node's server has no trailers for HEAD.
        ask(url, { agent, method: path_ === '/chunked' ? 'GET' : 'HEAD' }),
        ask(url, { agent, method: 'POST' }, (request) => request.end('whole')),
        ask(url, { agent, method: 'POST' }, (request) => {
          for (let at = 0; at < body.length; at += 10_000) request.write(body.subarray(at, at + 10_000))
          request.end()
        }),
      ]
    })
    const seen = await Promise.all(many)
    seen.forEach(({ error }) => assert.equal(error, undefined))
    assert.equal(seen[1].seen.length, 0)
    assert.equal(seen[3].seen.body, body.toString())
    assert.equal(seen[4].seen, 3_000_000)
    assert.deepEqual(Object.keys(agent.requests), [])
    // What is kept keeps nothing of what was on it.
    await ask(server.url, { agent })
    await new Promise(setImmediate)
    const free = Object.values(agent.freeSockets).flat()
    assert.ok(free.length > 0)
    for (const socket of free) assert.equal(socket.remoteAddress, undefined)
    agent.destroy()
  })
}

test('a kept connection is told from a new one', async () => {
  const agent = new HttpAgent({ maxSockets: 1 })
  const reused = []
  const one = (options) => ask(server.url, { agent, ...options }, (request) => {
    request.end()
    request.on('close', () => reused.push(request.reusedSocket))
  })
  for (const options of [{}, {}, { headers: { Connection: 'close' } }, {}]) assert.equal((await one(options)).status[1], 200)
  assert.deepEqual(reused, [false, true, true, false])
  const [socket] = Object.values(agent.freeSockets).flat()
  const closed = once(socket, 'close')
  // A program's fake timers do not hold up what is no timer of theirs.
  const { setImmediate } = globalThis
  globalThis.setImmediate = () => ({})
  try {
    agent.destroy()
    await closed
  } finally {
    globalThis.setImmediate = setImmediate
  }
})

test('connections are kept, and shared with other agents', async () => {
  const ports = []
  for (const agent of [new HttpAgent(), new HttpAgent(), new HttpAgent({ keepAlive: false })]) {
    const response = await new Promise((resolve) => http.get(server.url, { agent }, resolve))
    ports.push(JSON.parse(await textOf(response)).port)
  }
  assert.equal(new Set(ports).size, 1)
})

test('TLS: trusted, refused, not looked at; with a certificate of one\'s own', async () => {
  const asked = (agent, url, options = {}) => ask(`${url}/ok`, { ...options, agent, request: https.request })
  const strict = new HttpsAgent()
  assert.ok((await asked(strict, origin.https)).error[0].startsWith('KA_CERTIFICATE'))
  assert.equal((await asked(strict, origin.https, { ca: origin.ca })).seen, 'ok')
  assert.equal((await asked(strict, origin.https, { rejectUnauthorized: false })).seen, 'ok')
  assert.equal((await asked(new HttpsAgent({ ca: origin.ca }), origin.https)).seen, 'ok')
  const { readFileSync } = require('node:fs')
  const [cert, key] = [readFileSync(origin.client_cert_file), readFileSync(origin.client_key_file)]
  assert.equal((await asked(new HttpsAgent({ ca: origin.ca, cert, key }), origin.mtls)).seen, 'ok')
  assert.match((await asked(strict, origin.https, { checkServerIdentity: () => undefined })).error[2], /checkServerIdentity/)
})

test('what nobody has verified is not authorized, and a list of ciphers is followed or refused', async () => {
  const authorized = (options) => new Promise((resolve, reject) => {
    const request = https.get(`${origin.https}/ok`, { agent: new HttpsAgent(), ...options }, (response) => {
      response.resume()
      const { authorizationError, authorized: is } = response.socket
      resolve([is, authorizationError])
    })
    request.on('error', reject)
  })
  assert.deepEqual(await authorized({ ca: origin.ca }), [true, null])
  assert.deepEqual(await authorized({ rejectUnauthorized: false }), [false, 'CERT_NOT_VERIFIED'])
  assert.deepEqual(await authorized({ agent: new HttpsAgent({ client: { rejectUnauthorized: false } }) }), [false, 'CERT_NOT_VERIFIED'])
  for (const ciphers of [tls.DEFAULT_CIPHERS, 'DEFAULT:!aNULL:!eNULL:!LOW:!EXPORT:!SSLv2:!MD5', 'HIGH:!aNULL:@STRENGTH', 'DEFAULT:@SECLEVEL=1']) {
    assert.deepEqual(await authorized({ ca: origin.ca, ciphers }), [true, null])
  }
  for (const ciphers of ['AES128-SHA', 'ECDHE-RSA-AES128-GCM-SHA256', 'DEFAULT:!AES', 'HIGH:!ECDHE', 'HIGH:!ECDH', 'DEFAULT:@SECLEVEL=5', '', 7]) {
    await assert.rejects(authorized({ ca: origin.ca, ciphers }), /option ciphers/)
  }
})

test('a certificate that is looked at before the request is seen to be missing', async () => {
  const server_ = https.createServer(() => assert.fail('the request was sent'))
  server_.listen(0, '127.0.0.1')
  await once(server_, 'listening')
  const request = https.get(`https://127.0.0.1:${server_.address().port}/`, { agent: new HttpsAgent({ rejectUnauthorized: false }) })
  request.on('socket', (socket) => {
    socket.on('secureConnect', () => {
      if (socket.getPeerCertificate().raw === undefined) request.destroy(new Error('not the one'))
    })
  })
  const [error] = await once(request, 'error')
  assert.equal(error.message, 'not the one')
  server_.close()
})

test("an agent's own timeout holds", async () => {
  for (const Agent of [http.Agent, HttpAgent]) {
    const agent = new Agent({ timeout: 20 })
    assert.deepEqual((await ask(`${server.url}/never`, { agent })).told, ['timeout'])
    assert.deepEqual((await ask(`${server.url}/never`, { agent, timeout: 20 })).told, ['timeout'])
    agent.destroy()
  }
})

test('what a listener throws is for the process, and ends the request', async () => {
  const program = `
    const { HttpAgent } = require(${JSON.stringify(path.join(packageRoot, 'adapters', 'agent.js'))})
    process.on('uncaughtException', ({ message }) => console.log(message))
    const agent = new HttpAgent()
    require('node:http').get(${JSON.stringify(server.url)}, { agent }, () => { throw new Error('thrown') })
      .on('error', () => {}).on('close', () => { console.log('closed'); agent.destroy() })`
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program])
  assert.equal(stdout, 'thrown\nclosed\n')
})

test('a dead connection is replaced, and the request sent again', async () => {
  let seen = 0
  const closing = await serveBytes((socket) => {
    seen += 1
    if (seen === 2) socket.destroy()
    else socket.write(`${OK}Content-Length: 2\r\n\r\nok`)
  })
  const agent = new HttpAgent({ client: {} })
  assert.equal((await ask(closing.url, { agent })).seen, 'ok')
  assert.equal((await ask(closing.url, { agent, method: 'PUT' }, (request) => request.end('body'))).seen, 'ok')
  assert.equal(seen, 3)
  const plain = await ask(closing.url, { agent: new http.Agent({ keepAlive: true }) })
  assert.equal(plain.seen, 'ok')
})

test('a slow reader slows the server down', async () => {
  const response = await new Promise((resolve) => http.get(`${origin.http}/endless/plain`, { agent: new HttpAgent() }, resolve))
  const socket = response.socket
  response.read(0)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const before = socket.bytesRead
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(socket.bytesRead, before)
  assert.ok(before < 1024 * 1024)
  response.destroy()
})

test('a Client lends its pool', async () => {
  const client = new keepalive.Client()
  const agent = new HttpAgent({ client })
  assert.equal((await ask(server.url, { agent })).status[1], 200)
  assert.equal(client.stats().opened, 1)
  assert.equal(agent.client, client)
  client.close()
})

test('options that make no sense are refused', () => {
  assert.throws(() => new HttpAgent({ client: 7 }), { code: 'KA_INVALID_ARGUMENT' })
  assert.throws(() => new HttpAgent({ client: { nonsense: 1 } }), { code: 'KA_INVALID_ARGUMENT' })
})

test('calls that make no sense: no crash, no hang', async () => {
  const agent = new HttpAgent()
  const junk = [undefined, null, 0, '', 'x', true, [], {}, () => {}, new Date(0), -1, NaN]
  for (const value of junk) {
    for (const name of ['host', 'port', 'localAddress', 'family', 'lookup', 'servername', 'ca', 'timeout']) {
      try {
        const request = http.get({ host: '127.0.0.1', port: new URL(server.url).port, path: '/', [name]: value, agent })
        request.on('error', () => {}).on('response', (response) => response.resume())
        setImmediate(() => request.destroy())
      } catch (error) {
        assert.ok(error instanceof Error)
      }
    }
  }
  for (const text of ['nonsense', 'GET / HTTP/1.1\r\nbad\r\n\r\n', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n']) {
    const connection = agent.createConnection({ host: '127.0.0.1', port: new URL(server.url).port }, () => {})
    connection.on('error', () => {})
    connection.end(text)
    setImmediate(() => connection.destroy())
  }
  assert.equal((await ask(server.url, { agent })).status[1], 200)
})
