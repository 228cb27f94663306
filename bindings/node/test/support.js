'use strict'
// What the tests share: the scripted origin, and a few servers' worth of plumbing.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { readFileSync } = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const readline = require('node:readline')

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

module.exports = { get, listen, root, runNode, startOrigin }
