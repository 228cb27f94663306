'use strict'
// 200 junk calls of everything that stands between other people's code and the pool: each ends, none crashes, and none costs
// another its answer. What other libraries make of junk is theirs; a mistake of ours would show in our frames.

const assert = require('node:assert/strict')
const http = require('node:http')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { junk, options, random } = require('../../../bindings/node/test/junk_values')
const { echo, keepalive, packageRoot, serve, undicis } = require('./support')

const adapter = (name) => require(path.join(packageRoot, 'adapters', name))
const { Client, KeepaliveDispatcher } = keepalive
const { HttpAgent, HttpsAgent } = adapter('agent')
const { MockAgent, MockPool } = adapter('mock')
const axios = adapter('axios')
const got = adapter('got')
const aws = adapter('aws')
const azure = adapter('azure')
const elastic = adapter('elastic')
const { register, unregister } = adapter('register')

const COUNT = 200
const LIMIT = { timeout: 120_000 }
const dispatcher = new KeepaliveDispatcher()
const agent = new HttpAgent()
const client = new Client()
let url

before(async () => {
  const server = await serve(echo)
  url = server.url
})
after(async () => {
  agent.destroy()
  client.close()
  await dispatcher.destroy()
})

const DISPATCHER_NAMES = [
  'connections', 'headersTimeout', 'bodyTimeout', 'keepAliveTimeout', 'maxHeaderSize', 'maxResponseSize', 'connect', 'pipelining', 'factory',
  'interceptors', 'maxRedirections', 'allowH2', 'autoSelectFamily', 'proxy', 'lookup', 'cookies', 'maxPerHost', 'caPem', 'tlsPins', 'zz',
]
const DISPATCH_NAMES = [
  'method', 'headers', 'body', 'query', 'idempotent', 'blocking', 'upgrade', 'headersTimeout', 'bodyTimeout', 'reset', 'throwOnError',
  'expectContinue', 'maxRedirections', 'signal', 'opaque', 'responseHeaders', 'onInfo', '__proto__', 'zz',
]
const REQUEST_NAMES = [
  'method', 'headers', 'timeout', 'signal', 'auth', 'family', 'lookup', 'localAddress', 'setHost', 'joinDuplicateHeaders', 'maxHeaderSize',
  'insecureHTTPParser', 'uniqueHeaders', 'servername', 'ca', 'cert', 'key', 'ciphers', 'rejectUnauthorized', '__proto__', 'zz',
]
const AGENT_NAMES = ['client', 'keepAlive', 'maxSockets', 'maxFreeSockets', 'scheduling', 'timeout', 'ca', 'cert', 'key', 'pfx', 'localAddress', 'noDelay', 'zz']
const MOCK_NAMES = ['client', 'connections', 'enableCallHistory', 'ignoreTrailingSlash', 'agent', '__proto__', 'zz']
const CONDITION_NAMES = ['path', 'method', 'headers', 'body', 'query', 'ignoreTrailingSlash', 'zz']

/** One of the functions, with the same numbers. */
const oneOf = (pick, calls) => calls[pick(calls.length)](pick)

/** `dispatch` of that, until its handler is told of the end. */
function dispatched(given, handler) {
  return new Promise((resolve, reject) => {
    const whole = handler ?? {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd: () => resolve(),
      onRequestUpgrade: (_controller, _status, _headers, socket) => resolve(socket.destroy()),
      onResponseError: (_controller, error) => reject(error),
    }
    dispatcher.dispatch(given, whole)
    // One that was made of junk and is taken all the same tells nobody.
    if (handler !== undefined) resolve()
  })
}

/** A callback that throws is an uncaught exception, which is as it should be. */
const noFunction = (value) => (typeof value === 'function' ? undefined : value)

/** A request of Node's, until it is over. */
function sent(make) {
  return new Promise((resolve, reject) => {
    const request = make()
    request.on('error', reject).on('close', resolve)
    request.on('response', (response) => response.on('error', reject).resume())
    request.end()
  })
}

/** A request in the SDK's form. */
const awsRequest = (pick) => ({ method: 'GET', protocol: 'http:', hostname: '127.0.0.1', port: Number(new URL(url).port), path: '/', headers: {}, query: {}, ...options(pick, ['headers', 'body', 'query', 'path', 'method', 'zz']) })

const ENTRIES = {
  dispatcher: (pick) => new KeepaliveDispatcher(options(pick, DISPATCHER_NAMES)).destroy(),
  withUndici: (pick) => KeepaliveDispatcher.withUndici(junk(pick)),
  dispatch: (pick) => dispatched({ origin: url, path: '/', method: 'GET', ...Object(options(pick, DISPATCH_NAMES)) }),
  dispatchOfJunk: (pick) => oneOf(pick, [() => dispatched(junk(pick)), () => dispatched({ origin: junk(pick), path: junk(pick), method: 'GET' }), () => dispatched({ origin: url, path: '/', method: 'GET' }, junk(pick) ?? null)]),
  dispatcherMethods: (pick) => oneOf(pick, [
    () => dispatcher.compose(junk(pick)), () => new KeepaliveDispatcher().close(noFunction(junk(pick))),
    () => new KeepaliveDispatcher().destroy(noFunction(junk(pick)), noFunction(junk(pick))),
    () => new KeepaliveDispatcher().on(junk(pick), junk(pick)),
  ]),
  builtInFetch: (pick) => fetch(url, { ...Object(options(pick, ['method', 'headers', 'body', 'signal', 'redirect', 'duplex', 'mode', 'zz'])), dispatcher }).then((response) => response.arrayBuffer()),
  register(pick) {
    try {
      register(options(pick, DISPATCHER_NAMES))
    } finally {
      unregister()
    }
  },
  agent: (pick) => oneOf(pick, [() => new HttpAgent(options(pick, AGENT_NAMES)), () => new HttpsAgent(options(pick, AGENT_NAMES))]).destroy(),
  request: (pick) => sent(() => http.request(url, { ...Object(options(pick, REQUEST_NAMES)), agent })),
  createConnection: (pick) => new Promise((resolve, reject) => {
    const told = (error, socket) => (error ? reject(error) : resolve(socket?.destroy()))
    const socket = agent.createConnection({ host: '127.0.0.1', port: 1, ...Object(options(pick, REQUEST_NAMES)) }, told)
    if (socket !== undefined) resolve(socket.on('error', () => {}).destroy())
  }),
  written: (pick) => new Promise((resolve, reject) => {
    // What is written to a connection need not be a request.
    const socket = agent.createConnection({ host: '127.0.0.1', port: Number(new URL(url).port) })
    socket.on('error', reject).on('close', resolve).resume()
    const value = junk(pick)
    socket.write(typeof value === 'string' || ArrayBuffer.isView(value) ? value : 'GET / HTTP/9.9\r\nbad name: x\r\n\r\n')
    socket.end('\r\n\r\n', () => socket.destroy())
  }),
  axios: (pick) => oneOf(pick, [
    () => axios.adapter(options(pick, ['url', 'method', 'headers', 'data', 'timeout', 'signal', 'zz'])),
    () => require('axios').request({ url, ...Object(options(pick, ['method', 'headers', 'data', 'params', 'timeout', 'signal', 'maxRedirects', 'zz'])), adapter: axios.adapter }),
    () => axios.createAdapter(junk(pick)),
    () => sent(() => axios.transport.request({ ...Object(options(pick, REQUEST_NAMES)), hostname: '127.0.0.1', port: new URL(url).port }, () => {})),
  ]),
  got: (pick) => sent(() => {
    const [place, given] = [pick(2) === 0 ? junk(pick) : url, options(pick, REQUEST_NAMES)]
    // Node takes a function for who hears the response, and what that throws ends the process.
    return got.request(place, typeof given === 'function' ? {} : given, undefined)
  }),
  aws: (pick) => oneOf(pick, [
    async () => {
      const handler = aws.requestHandler(options(pick, ['httpAgent', 'httpsAgent', 'connectionTimeout', 'requestTimeout', 'socketTimeout', 'zz']))
      // The SDK reads them later, and leaves what that throws to the first request.
      await handler.configProvider
      handler.destroy()
    },
    () => aws.requestHandler().handle(awsRequest(pick), {}).then(({ response }) => new Promise((resolve) => response.body.on('close', resolve).resume())),
  ]),
  azure: (pick) => oneOf(pick, [
    () => azure.httpClient(options(pick, ['httpAgent', 'httpsAgent', 'zz'])),
    () => azure.httpClient().sendRequest(options(pick, ['url', 'method', 'headers', 'body', 'zz'])),
    () => {
      const { createHttpHeaders, createPipelineRequest } = require('@azure/core-rest-pipeline')
      const request = createPipelineRequest({ url, headers: createHttpHeaders(), allowInsecureConnection: true })
      return azure.httpClient().sendRequest(Object.assign(request, options(pick, ['body', 'timeout', 'abortSignal', 'method', 'zz'])))
    },
  ]),
  elastic: (pick) => oneOf(pick, [
    () => elastic.connection(options(pick, DISPATCHER_NAMES)),
    () => new (elastic.connection())({ url: new URL(url), ...Object(options(pick, ['caFingerprint', 'timeout', 'tls', 'headers', 'auth', 'zz'])) }).close(),
    () => new (elastic.connection())(options(pick, ['url', 'tls', 'timeout', 'zz'])).close(),
  ]),
  async mock(pick) {
    const mock = oneOf(pick, [() => new MockAgent({ client }), () => new MockAgent({ client, ...Object(options(pick, MOCK_NAMES)) })])
    try {
      mock.disableNetConnect()
      if (pick(3) === 0) mock.enableNetConnect(junk(pick))
      const pool = oneOf(pick, [() => mock.get(junk(pick)), () => mock.get(url), () => new MockPool(url, { agent: mock }), () => new MockPool(junk(pick), junk(pick))])
      const interceptor = pool.intercept({ path: '/', ...Object(options(pick, CONDITION_NAMES)) })
      const scope = oneOf(pick, [() => interceptor.reply(junk(pick), junk(pick), junk(pick)), () => interceptor.reply(200, junk(pick)), () => interceptor.replyWithError(junk(pick))])
      if (pick(3) === 0) scope.times(junk(pick))
      const { body } = await client.request(url, { method: pick(2) === 0 ? 'GET' : 'POST' })
      await body.text()
    } finally {
      await mock.close()
    }
  },
  mockHistory(pick) {
    const mock = new MockAgent({ client, enableCallHistory: true })
    const history = mock.getCallHistory()
    try {
      oneOf(pick, [() => history.nthCall(junk(pick)), () => history.filterCalls(junk(pick), Object(junk(pick))), () => history.filterCallsByHost(junk(pick)), () => mock.assertNoPendingInterceptors(Object(junk(pick)))])
    } finally {
      mock.deactivate()
    }
  },
}
for (const { name, undici } of undicis) {
  ENTRIES[`request of ${name}`] = (pick) => undici.request(url, { ...Object(options(pick, DISPATCH_NAMES)), dispatcher }).then(({ body }) => body.dump())
}

/** Whether the mistake is ours: a TypeError of the language's that was thrown in our code. */
function isOurs(error) {
  if (!/^(Cannot (read|set|destructure)|undefined|null|.* is not (a function|iterable|a constructor))/.test(String(error?.message))) return false
  const frame = String(error.stack).split('\n').find((line) => /^\s+at /.test(line)) ?? ''
  return frame.includes(path.join(packageRoot, 'lib')) || frame.includes(path.join(packageRoot, 'adapters'))
}

const answered = async (path_) => JSON.parse(await (await fetch(`${url}${path_}`, { dispatcher })).text()).url

for (const [name, call] of Object.entries(ENTRIES)) {
  test(`${name}: ${COUNT} junk calls`, LIMIT, async () => {
    const pick = random(0x51ed270b + name.length * 7919)
    const good = []
    let failed = 0
    for (let i = 0; i < COUNT; i += 1) {
      if (i % 10 === 0) good.push(answered(`/${i}`))
      try {
        await call(pick)
      } catch (error) {
        failed += 1
        assert.ok(!isOurs(error), `${name} ${i}: ${error?.stack}`)
        assert.doesNotMatch(String(error?.message), /panick|KA_PANIC|KA_INTERNAL/, `${name} ${i}: ${error?.stack}`)
      }
    }
    assert.ok(failed > 0, 'junk is refused')
    assert.deepEqual(await Promise.all(good), good.map((_, i) => `/${i * 10}`))
    assert.equal(await answered('/over'), '/over')
    await sent(() => http.request(url, { agent }))
  })
}
