// Compiled, never run: uses every declaration as a program would.

import { Readable } from 'node:stream'
import keepalive, {
  Client,
  KeepaliveDispatcher,
  KeepaliveError,
  Response,
  connect,
  download,
  fetch,
  request,
  stats,
  upgrade,
  type BodyReadable,
  type ClientOptions,
  type ConnectOptions,
  type DownloadResult,
  type Progress,
  type ErrorCode,
  type IncomingHeaders,
  type Info,
  type OriginStats,
  type RequestInit,
  type RequestOptions,
  type RequestResult,
  type Stats,
  type UpgradeOptions,
  type UpgradeResult,
} from 'libkeepalive'
import * as undici from 'undici'
import { HttpAgent, HttpsAgent, httpAgent } from 'libkeepalive/agent'
import { requestHandler } from 'libkeepalive/aws'
import { adapter, createAdapter, transport } from 'libkeepalive/axios'
import { httpClient } from 'libkeepalive/azure'
import { connection } from 'libkeepalive/elastic'
import { agent as gotAgent, request as gotRequest } from 'libkeepalive/got'
import { MockAgent, type MockCallHistoryLog, MockClient, MockNotMatchedError, type MockPool } from 'libkeepalive/mock'
import { register, unregister } from 'libkeepalive/register'

const options: ClientOptions = {
  profile: 'service',
  maxPerHost: 1,
  maxTotal: 1,
  maxDialsPerHost: 1,
  queueTimeout: null,
  queueLimit: 1,
  idleTimeout: 1,
  maxAge: null,
  connectTimeout: 1,
  headerTimeout: 1,
  stallTimeout: 1,
  totalTimeout: 1,
  maxHeadSize: 1,
  maxFields: 1,
  drainLimit: 1,
  drainTimeout: 1,
  maxRedirects: 1,
  retries: 1,
  retryBudget: 1,
  circuitBreaker: true,
  userAgent: null,
  rejectUnauthorized: false,
  servername: 'other.example',
  caFile: 'ca.pem',
  caPem: Buffer.from(''),
  clientCertFile: null,
  clientKeyFile: null,
  clientCertPem: '',
  clientKeyPem: new Uint8Array(),
  auth: async ({ method, url, headers, body }) => ({ Authorization: `${method} ${url} ${headers['a']} ${body}` }),
  redirect: 'follow',
  redirectDowngrade: false,
  sensitiveHeaders: ['X-Api-Key'],
  onRedirect: (url, { statusCode, headers }) => url !== '' && statusCode > 300 && headers['location'] !== undefined,
}
const who: RequestOptions['auth'][] = ['bearer x', { bearer: 'x' }, { username: 'u', password: 'p', scheme: 'digest' }, null, () => undefined]
// @ts-expect-error: no such scheme
const nobody: RequestOptions['auth'] = { username: 'u', password: 'p', scheme: 'ntlm' }
function led({ history }: Info): (string | number)[] {
  return history.flatMap(({ statusCode, url, info }) => [statusCode, url, info.timings.total])
}
// @ts-expect-error: unknown options are refused
const wrong: ClientOptions = { maxPerhost: 1 }

async function requests(client: Client): Promise<void> {
  const bodies: RequestOptions['body'][] = [
    'text',
    Buffer.from('bytes'),
    new Uint8Array(1),
    new DataView(new ArrayBuffer(1)),
    new ArrayBuffer(1),
    new URLSearchParams({ a: 'b' }),
    new Blob(['x']),
    new FormData(),
    new ReadableStream<Uint8Array>(),
    Readable.from(['x']),
    (async function* () { yield 'x' })(),
    ['x', Buffer.from('y')],
    null,
  ]
  const headers: RequestOptions['headers'][] = [
    { a: 'b', c: ['d', 1], e: undefined },
    [['a', 'b']],
    ['a', 'b'],
    new Headers({ a: 'b' }),
    new Map([['a', 'b']]),
  ]
  const full: RequestOptions = {
    method: 'POST',
    headers: headers[0],
    body: bodies[0],
    query: { a: 1, b: ['x', true], c: undefined },
    signal: AbortSignal.timeout(1000),
    redirect: 'follow',
    decompress: true,
    queueTimeout: 1,
    connectTimeout: 1,
    headersTimeout: null,
    sendTimeout: 1,
    bodyTimeout: 0,
    totalTimeout: 1,
  }
  const result: RequestResult = await client.request(new URL('http://localhost/'), full)
  const { statusCode, statusText, url, trailers } = result
  const fields: IncomingHeaders = result.headers
  const one: string | string[] | undefined = fields['content-type']
  const info: Info = result.info
  const total: number = info.timings.total + info.retries
  const reason: string | null = info.replayReason
  const body: BodyReadable = result.body
  body.pipe(process.stdout)
  const text: string = await body.text()
  const json: unknown = await body.json()
  const bytes: Uint8Array = await body.bytes()
  const buffer: ArrayBuffer = await body.arrayBuffer()
  const size: number = (await body.blob()).size
  const form: FormData = await body.formData()
  const nothing: null = await body.dump()
  const stream: ReadableStream<Uint8Array> = body.body
  for await (const piece of body) piece.toString()
  void [reason, statusCode, statusText, url, trailers, one, total, text, json, bytes, buffer, size, form, nothing, stream]
  void body.bodyUsed
}

async function fetches(client: Client): Promise<void> {
  const init: RequestInit = {
    method: 'POST',
    headers: [['a', 'b']],
    body: new ReadableStream<Uint8Array>(),
    duplex: 'half',
    redirect: 'error',
    signal: null,
    totalTimeout: 1000,
  }
  const response: Response = await client.fetch(new Request('http://localhost/'), init)
  const copy: Response = response.clone()
  const type: string | null = copy.headers.get('content-type')
  const ok: boolean = response.ok && response.redirected && response.bodyUsed
  const line = `${response.status} ${response.statusText} ${response.url} ${response.type}`
  if (response.body !== null) for await (const piece of response.body) piece.byteLength.toFixed()
  const read: [string, unknown, Uint8Array, ArrayBuffer] = [
    await response.text(),
    await response.json(),
    await response.bytes(),
    await response.arrayBuffer(),
  ]
  const size: number = (await response.blob()).size
  const form: FormData = await response.formData()
  void [type, ok, line, read, size, form, response.info.reused]
}

async function errors(): Promise<void> {
  try {
    await request('http://localhost/')
    await fetch('http://localhost/')
  } catch (error) {
    if (error instanceof KeepaliveError) {
      const code: ErrorCode = error.code
      if (code === 'KA_CONNECT_TIMEOUT' && error.retrySafe && error.sent === 'nothing') return
      void [error.kind, error.phase, error.reused, error.errno, error.cause]
    }
  }
}

const counters: Stats = stats()
const reasons: number | undefined = counters.closed.idle_timeout
const origins: OriginStats[] = counters.origins
const limits: (number | null)[] = origins.map((origin) => origin.idleLimit)
const open: boolean = origins.some(({ breaker, idleLimitSource }) => breaker === 'open' && idleLimitSource === 'learnt')
const client = new Client(options)
client.closeIdle()
client.networkChanged()
client.resetBreaker(new URL('http://localhost/'))
const opened: Promise<number> = client.warm('http://localhost/', 2)
client.close()
void [limits, open, opened, requests(Client.shared()), fetches(client), errors(), reasons, wrong, keepalive.request, client.stats()]

const asking: UpgradeOptions = { protocol: 'echo', method: 'GET', headers: { a: 'b' }, headersTimeout: 1 }
const way: ConnectOptions = { path: 'example.com:443', headers: { a: 'b' } }
async function streams(client: Client): Promise<number> {
  const one: UpgradeResult = await client.upgrade('http://h/', asking)
  const { socket, headers, statusCode } = await client.connect(new URL('http://h/'), way)
  await upgrade('http://h/')
  await connect('http://h/a:1')
  one.socket.pipe(socket).end(String(headers['a']))
  return socket.encrypted ? statusCode : one.info.connectionId
}
void streams

const dispatcher: KeepaliveDispatcher = register({ headersTimeout: 1, maxResponseSize: -1, connect: { ca: ['pem'] } })
const gaveBack: boolean = unregister()
dispatcher.dispatch({ origin: 'http://a', path: '/', method: 'GET' }, {})
const composed: KeepaliveDispatcher = dispatcher.compose((dispatch: unknown) => dispatch)
const connected: number = composed.stats['http://a'].connected
new KeepaliveDispatcher(new Client()).close((error: Error | null) => error)
const ended: Promise<null> = dispatcher.destroy(new Error('over'))
// @ts-expect-error: unknown options are refused
new KeepaliveDispatcher({ conections: 1 })
export { connected, ended, gaveBack }

const agentClient: Client = new HttpAgent({ maxSockets: 1, client: { maxPerHost: 1 } }).client
const asked = [gotRequest('http://a', { agent: httpAgent }), transport.request({ host: 'a' }), adapter({}), createAdapter({})]
const made = [requestHandler({ requestTimeout: 1 }), httpClient(), connection({ connections: 1 }), gotAgent.https]
export { HttpsAgent, agentClient, asked, made }

const Typed = KeepaliveDispatcher.withUndici(undici)
undici.setGlobalDispatcher(new Typed({ connections: 1 }))
undici.request('http://a', { dispatcher: new Typed().compose(undici.interceptors.retry()) })

export async function downloads(client: Client): Promise<number> {
  const onProgress = (progress: Progress): void => console.log(progress.bytes, progress.total ?? 0, progress.rate)
  const result: DownloadResult = await client.download('http://a/', 'file', { fsync: true, resume: true, onProgress, maxSpeed: 1e6 })
  await download('http://a/', 1, { rawTarget: '/x', decode: false, headers: { accept: null } })
  return result.saved?.bytes ?? result.statusCode
}

async function mocks(): Promise<void> {
  const mock = new MockAgent({ client: new Client() })
  mock.disableNetConnect()
  const pool: MockPool = mock.get('https://example.com')
  pool.intercept({ path: /^\/a/, method: 'POST', headers: { 'x-a': 'b' }, body: (text) => text !== '' }).reply(200, { a: 1 }, { headers: { a: ['1', '2'] } }).times(2)
  pool.intercept({ path: '/', query: { a: [1, 2] } }).defaultReplyHeaders({ a: 1 }).reply(async ({ body, headers }) => ({ statusCode: 200, data: `${body}${headers['x-a']}` })).delay(5)
  pool.intercept({ path: '/' }).replyWithError('KA_CONNECT_TIMEOUT').persist()
  const one: MockClient = new MockClient('https://a.example', { agent: new MockAgent({ connections: 1, ignoreTrailingSlash: true }) })
  one.intercept({ path: '/', ignoreTrailingSlash: false })
  const log: MockCallHistoryLog | undefined = mock.enableCallHistory().getCallHistory()?.filterCalls({ method: 'GET', host: /a/ }, { operator: 'AND' })[0]
  const parameter: string | undefined = log?.searchParams.a
  for (const { fullUrl } of mock.getCallHistory() ?? []) console.log(fullUrl, parameter)
  mock.assertNoPendingInterceptors({ pendingInterceptorsFormatter: { format: (pending) => `${pending[0]?.data.statusCode}` } })
  const left: number | null | undefined = mock.pendingInterceptors()[0]?.times
  console.log(left, new MockNotMatchedError('x').code === 'UND_MOCK_ERR_MOCK_NOT_MATCHED')
  mock.assertNoPendingInterceptors()
  await mock.close()
}
void mocks
