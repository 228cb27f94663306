'use strict'
// One file of WPT in a process of its own, by one implementation of fetch: `page.js HARNESS ORIGIN FILE ours|node`. Prints
// its verdicts, a line of JSON for each.

const { readFileSync } = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')

const [harness, origin, file, implementation] = process.argv.slice(2)
const location = new URL(file, origin)

/** What files look at of the scope that they run in: that of a worker without a browser. */
function furnish() {
  globalThis.self = globalThis
  globalThis.location = location
  globalThis.GLOBAL = { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false }
  // As undici's setGlobalOrigin: relative URLs of Node's own Request and fetch.
  Object.defineProperty(globalThis, Symbol.for('undici.globalOrigin.1'), { value: location, configurable: true, writable: true })
  if (implementation !== 'ours') return
  const { Client } = require('../../bindings/node')
  const client = new Client()
  globalThis.fetch = async (input, init) => {
    const isUrl = typeof input === 'string' || input instanceof URL
    return client.fetch(isUrl ? new URL(input, location).href : input, init)
  }
}

async function text(url) {
  const answer = await (await import('node:http')).default
  return new Promise((resolve, reject) => {
    const asked = answer.get(url, { agent: false }, (response) => {
      let whole = ''
      response.setEncoding('utf8').on('data', (data) => (whole += data)).on('error', reject).on('end', () => {
        if (response.statusCode === 200) resolve(whole)
        else reject(new Error(`${url}: ${response.statusCode}`))
      })
    })
    asked.on('error', reject)
  })
}

function say(word) {
  process.stdout.write(`${JSON.stringify(word)}\n`)
}

async function main() {
  const source = await text(location)
  const scripts = [...source.matchAll(/^\/\/ META: *script=(\S+)/gm)].map(([, name]) => new URL(name, location))
  furnish()
  vm.runInThisContext(readFileSync(harness, 'utf8'), { filename: path.basename(harness) })
  globalThis.setup({ explicit_done: true, explicit_timeout: true })
  globalThis.add_result_callback(({ name, status, message }) => say({ name, passed: status === 0, message }))
  globalThis.add_completion_callback((_, { status, message }) => {
    say({ done: true, passed: status === 0, message })
    process.exitCode = 0
    setImmediate(() => process.exit())
  })
  for (const url of scripts) vm.runInThisContext(await text(url), { filename: url.href })
  vm.runInThisContext(source, { filename: location.href })
  globalThis.done()
}

// What a file leaves to fail on its own is a verdict of nobody.
process.on('unhandledRejection', () => {})
main().catch((error) => {
  say({ done: true, passed: false, message: String(error.stack) })
  process.exit()
})
