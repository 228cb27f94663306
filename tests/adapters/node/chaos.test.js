'use strict'
// All ways at once against a server that breaks off, resets, dawdles and answers early: every request ends, none is
// answered with another's answer, and no server sees one twice that must not be.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const http = require('node:http')
const path = require('node:path')
const { test } = require('node:test')
const { promisify } = require('node:util')
const { keepalive, packageRoot, textOf, undicis } = require('./support')
const { startOrigin } = require(path.join(packageRoot, 'test', 'support.js'))
const { HttpAgent } = require(path.join(packageRoot, 'adapters', 'agent.js'))

const CALLERS = 24
const REQUESTS = 60

test('thousands of requests to a server that misbehaves', async () => {
  const origin = await startOrigin()
  const dispatcher = new keepalive.KeepaliveDispatcher()
  const agent = new HttpAgent()
  const answered = new Set()
  const ways = [
    ...undicis.map(({ undici }) => async (url, options) => (await undici.request(url, { ...options, dispatcher })).body.text()),
    ...undicis.map(({ undici }) => async (url, options) => (await undici.fetch(url, { ...options, dispatcher })).text()),
    (url, { body, ...options }) => new Promise((resolve, reject) => {
      const request = http.request(url, { ...options, agent }, (response) => textOf(response).then(resolve, reject))
      request.on('error', reject).end(body)
    }),
  ]
  const one = async (caller, number) => {
    const name = `${caller}.${number}`
    const method = number % 3 === 0 ? 'PUT' : 'GET'
    const body = method === 'PUT' ? `${name}\n` : undefined
    const signal = number % 11 === 0 ? AbortSignal.timeout(number % 7) : undefined
    const way = ways[(caller + number) % ways.length]
    try {
      const text = await way(`${origin.http}/chaos/5/${caller}/${number}`, { method, body, signal, headers: { 'X-Id': name, 'X-Attempt': '1' } })
      for (const line of text.split('\n')) assert.ok(line === '' || name.startsWith(line) || line === name, `${name} got ${line}`)
      answered.add(name)
    } catch (error) {
      if (error.code === 'ERR_ASSERTION') throw error
      assert.ok(error instanceof Error || error instanceof DOMException)
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, async (_, caller) => {
    for (let number = 0; number < REQUESTS; number += 1) await one(caller, number)
  }))
  assert.ok(answered.size > (CALLERS * REQUESTS) / 2, `${answered.size} were answered`)
  assert.equal(dispatcher.calls.size, 0)
  await dispatcher.close()
  const { wrong } = await origin.control('/_chaos')
  assert.deepEqual(wrong, [])
  await origin.stop()
})

test('connections that end at random while they are idle fail no GET of fetch, and double no POST', async () => {
  const script = path.join(__dirname, 'idle_closes.js')
  const count = async (which) => JSON.parse((await promisify(execFile)(process.execPath, [script, which, '2000'])).stdout)
  const [ours, theirs] = [await count('ours'), await count('built-in')]
  assert.deepEqual([ours.gets, ours.failed.GET, ours.doubled], [2000, {}, 0])
  // The server does what it is here for.
  assert.notDeepEqual(theirs.failed.GET, {})
})
