// Makes requests by Node for callers.py: a job a line on standard input, its results a line on standard
// output. A job is `{way, options, requests, together}`, `way` being request or fetch.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const { Client } = createRequire(import.meta.url)('../../bindings/node')

const camelCase = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
// Python's times are in seconds, Node's in milliseconds.
const translated = (options = {}) =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      camelCase(name),
      name.endsWith('timeout') ? value * 1000 : value,
    ]),
  )

async function one(client, way, { method, url, headers = [], body, follow, options }) {
  const redirect = follow ? 'follow' : 'manual'
  const init = { method, headers, body, redirect, ...translated(options) }
  if (way === 'fetch') {
    const response = await client.fetch(url, init)
    return { status: response.status, body: await response.text(), reused: null }
  }
  const response = await client.request(url, { ...init, headers: headers.flat() })
  return {
    status: response.statusCode,
    body: await response.body.text(),
    reused: response.info.reused,
  }
}

function failed(error) {
  // fetch fails with a TypeError whose cause says why.
  const why = error.code ? error : (error.cause ?? error)
  return { error: why.code ?? why.name, message: why.message, class: error.name }
}

async function run({ way, options, requests, together }) {
  const client = new Client(translated(options))
  const made = (request) => one(client, way, request).catch(failed)
  const found = together ? await Promise.all(requests.map(made)) : []
  if (!together) for (const request of requests) found.push(await made(request))
  await client.close()
  return found
}

for await (const line of createInterface({ input: process.stdin })) {
  const found = await run(JSON.parse(line)).catch((error) => [failed(error)])
  process.stdout.write(JSON.stringify(found) + '\n')
}
