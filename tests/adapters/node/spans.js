'use strict'
// Runs requests under one tracing product and prints the spans it makes: `node spans.js PRODUCT agent|ours URL`.

const net = require('node:net')
const { packageRoot } = require('./support_paths')

const [, , product, which, url] = process.argv

/** Each product: starts itself, and gives what collects its spans, comparable. */
const products = {
  opentelemetry() {
    const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')
    const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
    const { registerInstrumentations } = require('@opentelemetry/instrumentation')
    const { UndiciInstrumentation } = require('@opentelemetry/instrumentation-undici')
    const exporter = new InMemorySpanExporter()
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
    provider.register()
    const headersToSpanAttributes = { requestHeaders: ['x-one', 'traceparent'], responseHeaders: ['x-mixed-case'] }
    registerInstrumentations({ instrumentations: [new UndiciInstrumentation({ headersToSpanAttributes })] })
    return async () => exporter.getFinishedSpans().map(({ name, kind, attributes, status, events }) => ({
      name,
      kind,
      attributes,
      status,
      events: events.map((event) => [event.name, event.attributes['exception.type']]),
    }))
  },
  sentry() {
    const Sentry = require('@sentry/node')
    const spans = []
    const answer = { statusCode: 200 }
    Sentry.init({
      dsn: 'http://key@127.0.0.1:1/1',
      tracesSampleRate: 1,
      traceLifecycle: 'static',
      tracePropagationTargets: [/.*/],
      transport: () => ({ send: async () => answer, flush: async () => true }),
      beforeSendTransaction(event) {
        for (const { data, op, description, status, origin } of event.spans) spans.push({ data, op, description, status, origin })
        return null
      },
    })
    const within = (act) => Sentry.startSpan({ name: 'all', op: 'test' }, act)
    return Object.assign(async () => {
      await Sentry.flush()
      return spans
    }, { within })
  },
  datadog() {
    process.env.DD_TRACE_STARTUP_LOGS = 'false'
    const lines = []
    const write = process.stdout.write.bind(process.stdout)
    process.stdout.write = (text, ...others) => {
      if (!String(text).startsWith('{"traces"')) return write(text, ...others)
      lines.push(JSON.parse(String(text)))
      return true
    }
    require('dd-trace').init({ experimental: { exporter: 'log' }, telemetry: { enabled: false }, runtimeMetrics: false, flushInterval: 0 })
    return async () => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      return lines.flatMap(({ traces }) => traces.flat()).filter(({ meta }) => meta.component === 'undici').map(({ name, resource, error, meta, metrics }) => ({ name, resource, error, meta, metrics }))
    }
  },
}

/** Aborts when the server has the request; it says so to bytes, of which no product makes spans. */
function onceItArrived() {
  const controller = new AbortController()
  const { hostname, port } = new URL(url)
  const socket = net.connect(Number(port), hostname)
  socket.write('GET /arrived HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n')
  socket.once('data', () => controller.abort(new DOMException('enough', 'TimeoutError')))
  return controller.signal
}

async function main() {
  const collect = products[product]()
  const undici = require('undici')
  const { KeepaliveDispatcher } = require(packageRoot)
  const dispatcher = which === 'ours' ? new KeepaliveDispatcher() : new undici.Agent()
  const within = collect.within ?? ((act) => act())
  const echoes = []
  await within(async () => {
    const read = async (act) => {
      try {
        const { body } = await act()
        const text = typeof body?.text === 'function' ? await body.text() : ''
        echoes.push(text === '' || text[0] !== '{' ? text : Object.keys(JSON.parse(text).fields).filter((name) => name !== 'connection').sort())
      } catch (error) {
        echoes.push(error.code ?? error.name)
      }
    }
    const headers = { 'X-One': '1', 'User-Agent': 'tests' }
    await read(() => undici.request(`${url}/a?b=1`, { dispatcher, headers }))
    await read(() => undici.request(`${url}/post`, { dispatcher, method: 'POST', body: 'text' }))
    await read(() => undici.request(`${url}/404`, { dispatcher }))
    await read(() => undici.request('http://127.0.0.1:1/refused', { dispatcher }))
    await read(() => undici.request(`${url}/never`, { dispatcher, headersTimeout: 20 }))
    await read(() => undici.request(`${url}/given-up`, { dispatcher, signal: onceItArrived() }))
    await read(async () => ({ body: await undici.fetch(`${url}/fetch`, { dispatcher }) }))
    await read(async () => {
      const { socket } = await undici.upgrade(`${url}/upgrade`, { dispatcher })
      socket.destroy()
      return {}
    })
  })
  const spans = await collect()
  await dispatcher.destroy()
  console.log(JSON.stringify({ spans, echoes }))
  process.exit(0)
}

main()
