'use strict'
// What the tests share: the scripted origin, and a few servers' worth of plumbing.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { readFileSync } = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const readline = require('node:readline')
const { after, before } = require('node:test')

const root = path.join(__dirname, '..', '..', '..')
const binary = process.env.KEEPALIVE_ORIGIN ?? path.join(root, 'target', 'debug', 'keepalive-origin')

/** Starts the origin; it ends with this process at the latest. */
async function startOrigin() {
  const child = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.on('error', (error) => {
    throw new Error(`the origin did not start (cargo build -p keepalive-origin): ${error.message}`)
  })
  const [line] = await once(readline.createInterface({ input: child.stdout }), 'line')
  const endpoints = JSON.parse(line)
  return {
    ...endpoints,
    ca: readFileSync(endpoints.ca_file),
    /** A control path, by Node's own client so that the library's counters stay untouched. */
    control: (target, method = 'GET') => get(endpoints.http + target, method),
    async stop() {
      child.stdin.end()
      await once(child, 'exit')
    },
  }
}

/**
 * An origin for the tests of the file that calls this; its fields are there once they run. Hooks of the
 * same file do not wait for each other: one that needs them awaits `ready`.
 */
function useOrigin() {
  const origin = {}
  origin.ready = startOrigin().then((started) => Object.assign(origin, started))
  before(() => origin.ready)
  after(() => origin.stop())
  return origin
}

/** What /echo saw of a request: its body as text, and its fields by their lower-case names. */
function seenBy(echoed) {
  const field = (name) => echoed.headers.find(([one]) => one.toLowerCase() === name)?.[1]
  return { text: Buffer.from(echoed.body_b64, 'base64').toString(), field }
}

/** Whether these are the origin's bytes from `from` on: byte i is i % 251. */
function right(bytes, from = 0) {
  for (let i = 0; i < bytes.length; i += 1) if (bytes[i] !== (from + i) % 251) return false
  return true
}

function get(url, method = 'GET') {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent: false }, async (response) => {
      let text = ''
      for await (const piece of response) text += piece
      if (response.statusCode !== 200) {
        reject(new Error(`${method} ${url}: ${response.statusCode} ${text}`))
        return
      }
      try {
        resolve(JSON.parse(text))
      } catch {
        resolve(text)
      }
    })
    request.on('error', reject)
    request.end()
  })
}

/** Runs a script in a Node of its own; resolves to its exit and what it printed. */
async function runNode(source, args = [], options = {}) {
  const child = spawn(process.execPath, ['-e', source, '--', ...args], {
    cwd: path.join(__dirname, '..'),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...options,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data) => (stdout += data))
  child.stderr.on('data', (data) => (stderr += data))
  const [code, signal] = await once(child, 'close')
  return { code, signal, stdout, stderr }
}

/** A server on a free port; closed by the caller. */
async function listen(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${server.address().port}`
}

module.exports = { listen, right, runNode, seenBy, startOrigin, useOrigin }
