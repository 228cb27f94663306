'use strict'
// What every Node program of the benchmark shares: options, loops, worker threads, clocks, the
// result line. A program calls `run(module, open)`; `open(options)` returns its client:
//
//   get(url)          -> promise of the length of a body read whole
//   stream(url)       -> the same, read in pieces
//   upload(url, data) -> sends data, reads the response whole
//   hold(url), release(held) -> for idle connections: head only; then the body's length
//   close()           -> optional

const fs = require('node:fs')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const { parseArgs } = require('node:util')

const SETTLE_SECONDS = 1
const IDLE_SECONDS = 3

function parse() {
  const text = { type: 'string' }
  const { values } = parseArgs({
    options: {
      url: text,
      mode: { ...text, default: 'get' },
      ca: text,
      requests: { ...text, default: '1000' },
      warmup: { ...text, default: '0' },
      length: { ...text, default: '0' },
      'in-flight': { ...text, default: '1' },
      workers: { ...text, default: '0' },
      upload: { ...text, default: '0' },
      connections: { ...text, default: '0' },
      pipelining: { ...text, default: '1' },
    },
  })
  const number = (name) => Number(values[name])
  const options = {
    url: values.url,
    origin: new URL(values.url).origin,
    mode: values.mode,
    ca: values.ca && fs.readFileSync(values.ca),
    requests: number('requests'),
    warmup: number('warmup'),
    length: number('length'),
    inFlight: number('in-flight'),
    pipelining: number('pipelining'),
    workers: number('workers'),
    data: Buffer.alloc(number('upload'), 'x'),
  }
  // Room in the pool for everything that can be in flight at once.
  options.connections = options.mode === 'idle' ? options.requests + 1 : options.inFlight
  options.limited = number('connections') > 0
  if (options.limited) options.connections = number('connections')
  return options
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Anonymous memory in use after a full collection. */
function memoryBytes() {
  for (let i = 0; i < 4; i++) global.gc()
  return Number(/RssAnon:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
}

function openSockets() {
  let count = 0
  for (const name of fs.readdirSync('/proc/self/fd')) {
    try {
      if (fs.readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:')) count++
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return count
}

function check(options, length) {
  if (length !== options.length) throw new Error(`body of ${length}, expected ${options.length}`)
}

/** `wanted` exchanges, options.inFlight of them at any time. */
async function exchanges(client, options, wanted) {
  const { url, data, mode } = options
  let taken = 0
  const work = async () => {
    while (taken++ < wanted) {
      if (mode === 'upload') check(options, await client.upload(url, data))
      else if (mode === 'stream') check(options, await client.stream(url))
      else check(options, await client.get(url))
    }
  }
  await Promise.all(Array.from({ length: options.inFlight }, work))
}

function report(values) {
  fs.writeSync(1, `${JSON.stringify(values)}\n`)
}

async function measure(client, options) {
  await exchanges(client, options, options.warmup)
  const cpu = cpuSeconds()
  const started = performance.now()
  await exchanges(client, options, options.requests)
  const seconds = (performance.now() - started) / 1000
  report({ requests: options.requests, seconds, cpu_seconds: cpuSeconds() - cpu })
}

async function measureIdle(client, options) {
  const { url, requests } = options
  check(options, await client.release(await client.hold(`${url}1`)))
  const before = memoryBytes()
  const held = []
  for (let i = 0; i < requests; i++) held.push(await client.hold(`${url}${requests}`))
  while (held.length > 0) check(options, await client.release(held.pop()))
  await new Promise((resolve) => setTimeout(resolve, SETTLE_SECONDS * 1000))
  const after = memoryBytes()
  const connections = openSockets()
  const cpu = cpuSeconds()
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000))
  report({
    connections,
    bytes: after - before,
    idle_seconds: IDLE_SECONDS,
    idle_cpu_seconds: cpuSeconds() - cpu,
  })
}

/** One thread's part: warms up, says so, waits for the word, works, says so. */
async function runWorker(open) {
  const client = await open(workerData)
  await exchanges(client, workerData, workerData.warmup)
  parentPort.postMessage('ready')
  await new Promise((resolve) => parentPort.once('message', resolve))
  await exchanges(client, workerData, workerData.requests)
  parentPort.postMessage('done')
  client.close?.()
}

async function measureWorkers(program, options) {
  const share = { ...options, requests: Math.ceil(options.requests / options.workers) }
  const workers = Array.from({ length: options.workers }, () => {
    const worker = new Worker(program, { workerData: share, argv: process.argv.slice(2) })
    worker.on('error', (error) => { throw error })
    return worker
  })
  const heard = () => Promise.all(workers.map((worker) => new Promise((resolve) => {
    worker.once('message', resolve)
  })))
  await heard()
  const cpu = cpuSeconds()
  const started = performance.now()
  const done = heard()
  for (const worker of workers) worker.postMessage('go')
  await done
  const seconds = (performance.now() - started) / 1000
  report({
    requests: share.requests * options.workers,
    seconds,
    cpu_seconds: cpuSeconds() - cpu,
  })
}

/** Measures the client that `open(options)` makes; `program` is the file, for worker threads. */
async function run(program, open) {
  if (!isMainThread) return runWorker(open)
  const options = parse()
  if (options.workers > 0) return measureWorkers(program, options)
  const client = await open(options)
  if (options.mode === 'idle') await measureIdle(client, options)
  else await measure(client, options)
  client.close?.()
  // Pools of idle connections would keep some peers' processes alive.
  process.exit(0)
}

module.exports = { run }
