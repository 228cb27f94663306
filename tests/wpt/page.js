'use strict'
// One file of WPT in a process of its own, by one implementation of fetch: `page.js HARNESS URL ours|node`. Prints its
// verdicts, a line of JSON for each.

const { readFileSync } = require('node:fs')
const dns = require('node:dns')
const http = require('node:http')
const https = require('node:https')
const path = require('node:path')
const vm = require('node:vm')

const [harness, url, implementation] = process.argv.slice(2)
const location = new URL(url)

/** How long a file has, milliseconds: what WPT gives it, and the start of a process. */
const TIMES = { normal: 15_000, long: 60_000 }

/** WPT's hosts are this machine, except those that are to be none; a plain machine need not know of them. */
function findHosts() {
  const outer = dns.lookup
  dns.lookup = function lookup(host, options, callback) {
    if (typeof options === 'function') [options, callback] = [{}, options]
    if (!/(^|\.)(not-)?web-platform\.test\.?$/.test(host)) return outer.call(dns, host, options, callback)
    if (/(^|\.)nonexistent\./.test(host)) {
      return process.nextTick(callback, Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }))
    }
    const [address, family] = ['127.0.0.1', 4]
    return options?.all === true ? process.nextTick(callback, null, [{ address, family }]) : process.nextTick(callback, null, address, family)
  }
}

/** What files look at of the scope that they run in: that of a worker without a browser. */
function furnish() {
  globalThis.self = globalThis
  globalThis.location = location
  globalThis.GLOBAL = { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false }
  // As undici's setGlobalOrigin: relative URLs of Request and fetch.
  Object.defineProperty(globalThis, Symbol.for('undici.globalOrigin.1'), { value: location, configurable: true, writable: true })
  if (implementation !== 'ours') return
  const keepalive = require('../../bindings/node')
  const client = new keepalive.Client({ lookup: (...given) => dns.lookup(...given) })
  globalThis.fetch = client.fetch
  for (const name of ['FormData', 'Headers', 'Request', 'Response']) globalThis[name] = keepalive[name]
}

function text(of) {
  return new Promise((resolve, reject) => {
    const client = of.protocol === 'https:' ? https : http
    const asked = client.get(of, { agent: false }, (response) => {
      let whole = ''
      response.setEncoding('utf8').on('data', (data) => (whole += data)).on('error', reject).on('end', () => {
        if (response.statusCode === 200) resolve(whole)
        else reject(new Error(`${of}: ${response.statusCode}`))
      })
    })
    asked.on('error', reject)
  })
}

function say(word) {
  process.stdout.write(`${JSON.stringify(word)}\n`)
}

async function main() {
  findHosts()
  const source = await text(location)
  const meta = (name) => [...source.matchAll(new RegExp(`^//\\s*META:\\s*${name}=(.+?)\\s*$`, 'gm'))].map(([, value]) => value)
  furnish()
  vm.runInThisContext(readFileSync(harness, 'utf8'), { filename: path.basename(harness) })
  globalThis.setup({ explicit_done: true, explicit_timeout: true })
  globalThis.add_result_callback(({ name, status, message }) => say({ name, passed: status === 0, message }))
  globalThis.add_completion_callback((_, { status, message }) => {
    say({ done: true, passed: status === 0, message })
    process.exitCode = 0
    setImmediate(() => process.exit())
  })
  setTimeout(() => globalThis.timeout(), TIMES[meta('timeout')[0] ?? 'normal'])
  for (const script of meta('script')) {
    const from = new URL(script, location)
    vm.runInThisContext(await text(from), { filename: from.href })
  }
  vm.runInThisContext(source, { filename: location.href })
  globalThis.done()
}

// What a file leaves to fail on its own is a verdict of nobody.
process.on('unhandledRejection', () => {})
main().catch((error) => {
  say({ done: true, passed: false, message: String(error.stack) })
  process.exit()
})
