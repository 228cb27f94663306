'use strict'
// node demo_workers.js URL N [WORKERS]: worker threads and the main thread use one pool.

const { Worker, isMainThread, workerData } = require('node:worker_threads')
const { once } = require('node:events')
const { request, stats } = require('..')

async function send({ url, requests }) {
  for (let i = 0; i < requests; i += 1) {
    const response = await request(url)
    await response.body.bytes()
  }
}

async function main() {
  const [url, count, threads = '4'] = process.argv.slice(2)
  const requests = Number(count)
  const workers = Number(threads)
  if (url === undefined || !Number.isInteger(requests) || !Number.isInteger(workers)) {
    console.error('usage: node demo_workers.js URL N [WORKERS]')
    process.exit(2)
  }
  const started = Array.from({ length: workers }, () => new Worker(__filename, { workerData: { url, requests } }))
  const ends = started.map((worker) => once(worker, 'exit'))
  await Promise.all([send({ url, requests }), ...ends])
  const { opened, reused } = stats()
  console.log(JSON.stringify({
    language: 'Node worker_threads',
    workers,
    requests: requests * (workers + 1),
    opened,
    reused,
  }))
}

if (isMainThread) main()
else send(workerData)
