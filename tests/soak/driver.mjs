// The Node callers of the soak: promises over one pool, half of them by request and half by fetch; see
// driver.c.

import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../../bindings/node/index.mjs'

const CALLERS = 64
const [DEADLINE, SLACK, TOLD] = [30_000, 10_000, 20]
const STEADY = 25 // looks, 20 ms apart, that show the same
const MASK = (1n << 64n) - 1n
const KINDS = [
  ['chaos', 'GET', false, ''], ['chaos', 'PUT', false, ''],
  ['chaos', 'POST', false, ''], ['chaos', 'POST', true, ''],
  ['nginx', 'GET', false, 'echo'], ['nginx', 'GET', false, 'file'],
  ['nginx', 'POST', false, 'echo'], ['nginx', 'POST', true, 'echo'],
]
const FILE = Buffer.from(Uint8Array.from({ length: 20_000 }, (_, i) => i % 251))

const given = process.argv.slice(2)
const [chaos, nginx, caFile] = [given.slice(0, 2), given.slice(2, 4), given[4]]
const [seed, firstCaller] = [BigInt(given[5]), Number(given[6])]
const client = new Client({ caFile, totalTimeout: DEADLINE })
const outcomes = {}
const wrong = []
const numbers = new Map()
let [slowest, requests, phaseEnd] = [0, 0, 0]

function dice(caller, number) {
  let z = (seed + BigInt(caller) * 0x9e3779b97f4a7c15n + BigInt(number) * 0xd1b54a32d192ed03n) & MASK
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK
  return z ^ (z >> 31n)
}

function prepare(caller) {
  const number = numbers.get(caller) ?? 0
  numbers.set(caller, number + 1)
  const roll = dice(caller, number)
  const [target, method, key, path] = KINDS[Number(roll % 8n)]
  const tls = (roll >> 8n) % 4n === 0n ? 1 : 0
  const id = `${caller}.${number}`
  const url = target === 'chaos' ? `${chaos[tls]}/chaos/${seed}/${caller}/${number}` : `${nginx[tls]}/${path}`
  const headers = key ? { 'X-Id': id, 'Idempotency-Key': id } : { 'X-Id': id }
  const options = { method, headers, body: method === 'GET' ? undefined : `${id}\n` }
  return { id, target, path, url, options, what: `${target} ${method}${key ? '+key' : ''}`, start: performance.now() }
}

function end(job, outcome) {
  const took = performance.now() - job.start
  slowest = Math.max(slowest, took)
  requests += 1
  const name = `${job.what} ${outcome}`
  outcomes[name] = (outcomes[name] ?? 0) + 1
  if (took > DEADLINE + SLACK) wrong.push(`${job.what} ${job.id} took ${took} ms`)
}

function verify(job, field, body, info) {
  const line = Buffer.from(`${job.id}\n`)
  const say = (what) => wrong.push(`${job.what} ${job.id}${what}`)
  if (field('x-id') !== job.id) return say(` got the answer to ${field('x-id')}`)
  if (job.path === 'file') return FILE.equals(body) || say(': a garbled file')
  if (job.target === 'nginx') return line.equals(body) || say(`: ${Buffer.from(body)}`)
  if (!Buffer.alloc(body.length, line).equals(body)) say(": another's body")
  if (body.length !== Number(field('x-length'))) say(`: ${body.length} bytes of ${field('x-length')}`)
  if (Number(field('x-attempt')) > 1 + info.replays) say(`: try ${field('x-attempt')}, ${info.replays} replays`)
}

async function once(caller) {
  const job = prepare(caller)
  try {
    if (caller % 2 === 0) {
      const response = await client.request(job.url, job.options)
      const body = await response.body.bytes()
      end(job, response.statusCode === 200 ? 'ok' : String(response.statusCode))
      if (response.statusCode === 200) verify(job, (name) => response.headers[name], body, response.info)
    } else {
      const response = await client.fetch(job.url, job.options)
      const body = await response.bytes()
      end(job, response.status === 200 ? 'ok' : String(response.status))
      if (response.status === 200) verify(job, (name) => response.headers.get(name), body, response.info)
    }
  } catch (error) {
    const kind = error.kind ?? error.cause?.kind
    if (!kind) wrong.push(`${job.what} ${job.id}: ${error.stack}`)
    end(job, String(kind))
  }
}

const descriptors = () => readdirSync('/proc/self/fd').length - 1

/** Runs every caller for a time; then, with nothing under way and nothing kept, what is held. */
async function phase(seconds, before) {
  phaseEnd = performance.now() + seconds * 1000
  await Promise.all(Array.from({ length: CALLERS }, async (_, index) => {
    while (performance.now() < phaseEnd) await once(firstCaller + index)
  }))
  const limit = performance.now() + 15_000
  let [last, steady] = [-1, 0]
  while (performance.now() < limit) {
    await sleep(20)
    client.networkChanged()
    const stats = client.stats()
    const busy = stats.active + stats.dialing + stats.waiting + stats.idle
    const count = descriptors()
    steady = count === last ? steady + 1 : 0
    last = count
    if (busy === 0 && (before === undefined ? steady >= STEADY : count <= before)) break
  }
  globalThis.gc()
  globalThis.gc()
  const status = readFileSync('/proc/self/status', 'utf8')
  const number = (name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)[1])
  return [descriptors(), number('Threads'), number('VmRSS')]
}

const warm = await phase(Number(given[7]))
const last = await phase(Number(given[8]), warm[0])
const { opened, closed, idle, active, dialing, waiting, reused, replayed } = client.stats()
const sum = Object.values(closed).reduce((sum, count) => sum + count, 0)
console.log(JSON.stringify({
  requests,
  slowest: Number((slowest / 1000).toFixed(3)),
  outcomes,
  wrong_count: wrong.length,
  wrong: wrong.slice(0, TOLD),
  held: [warm, last],
  stats: { opened, closed: sum, idle, active, dialing, waiting, reused, replayed },
}))
