'use strict'
// WPT's tests of fetch by ours beside Node's own:
//   node tests/wpt/run.js [--node NODE ...] [--ours NODE] [--root FOLDER] [--origin URL] [--list FILE] [--json FILE] [NAME ...]
// Serves FOLDER (target/wpt, which tests/wpt/setup.sh fetches) with WPT's own server unless it is served at URL. Prints what
// passes with ours, in the Node of --ours (this one), and with the fetch of each NODE (this one), and where they differ; fails
// when fewer pass with ours than with any of them. NAME and lines of FILE are files, or folders of files.

const { execFileSync, spawn } = require('node:child_process')
const { existsSync, readFileSync, readdirSync, statSync, writeFileSync } = require('node:fs')
const { createInterface } = require('node:readline')
const http = require('node:http')
const path = require('node:path')
const { parseArgs } = require('node:util')

/** Longest time of one file, milliseconds; page.js ends those that take theirs. */
const LIMIT = 90_000

/** How long WPT's server may take to be there. */
const START = 120_000

const ORIGIN = 'http://web-platform.test:8000'
const PORTS = [8000, 8001, 8443, 8444]
const SECURE = 'https://web-platform.test:8443'

/** WPT's own, or that of a package, which is the same. */
function harnessOf(root) {
  const own = path.join(root, 'resources', 'testharness.js')
  return existsSync(own) ? own : require.resolve('wpt-runner/testharness/testharness.js')
}

/** Where a file is served: those of HTTPS say so in their names. */
function urlOf(origin, file) {
  const from = /\.https\./.test(file) && origin === ORIGIN ? SECURE : origin
  return new URL(file, from).href
}

/** The verdicts of one file: those of its tests by their names, and of the file when it does not come to its end. */
async function runFile(harness, url, { implementation, node }, authority) {
  const env = authority === undefined ? process.env : { ...process.env, NODE_EXTRA_CA_CERTS: authority }
  const child = spawn(node, [path.join(__dirname, 'page.js'), harness, url, implementation], { stdio: ['ignore', 'pipe', 'pipe'], env })
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT)
  let printed = ''
  child.stderr.setEncoding('utf8').on('data', (piece) => (printed = (printed + piece).slice(-2000)))
  const verdicts = new Map()
  let ended = false
  for await (const line of createInterface({ input: child.stdout })) {
    let word
    try {
      word = JSON.parse(line)
    } catch {
      continue // what a file prints
    }
    if (word?.done) {
      ended = true
      if (!word.passed) verdicts.set('(the file)', { passed: false, message: word.message })
    } else if (typeof word?.name === 'string') {
      verdicts.set(word.name, { passed: word.passed, message: word.message })
    }
  }
  clearTimeout(timer)
  if (!ended) verdicts.set('(the file)', { passed: false, message: `it ended before its end: ${printed}` })
  return verdicts
}

/** How many pass of each list of verdicts, and the tests on which they differ. */
function compare(lists) {
  const names = new Set(lists.flatMap((verdicts) => [...verdicts.keys()]))
  const differences = []
  for (const name of names) {
    const passed = lists.map((verdicts) => verdicts.get(name)?.passed ?? false)
    if (new Set(passed).size === 1) continue
    const { message } = lists.find((verdicts, i) => !passed[i] && verdicts.has(name))?.get(name) ?? {}
    differences.push({ name, passed, message })
  }
  names.delete('(the file)')
  return { passed: lists.map((verdicts) => [...verdicts.values()].filter(({ passed }) => passed).length), all: names.size, differences }
}

async function compareFiles(root, origin, files, columns, { authority, tell = () => {} } = {}) {
  const harness = harnessOf(root)
  const rows = []
  for (const file of files) {
    const lists = await Promise.all(columns.map((column) => runFile(harness, urlOf(origin, file), column, authority)))
    const row = { file, ...compare(lists), verdicts: lists.map((list) => Object.fromEntries(list)) }
    rows.push(row)
    tell(row)
  }
  return rows
}

function isThere(port) {
  return new Promise((resolve) => {
    const asked = http.get({ host: '127.0.0.1', port, agent: false }, (answer) => resolve(answer.resume() !== undefined))
    asked.on('error', (error) => resolve(error.code !== 'ECONNREFUSED'))
  })
}

/** WPT's own server, until it answers; what ends it, and its authority. */
async function serve(root) {
  const taken = await Promise.all(PORTS.map(isThere))
  if (taken.some(Boolean)) throw new Error(`something else answers on ports ${PORTS.filter((_, i) => taken[i]).join(', ')}: serve WPT by it with --origin, or end it`)
  const folder = path.join(root, '..', 'wpt-server')
  const child = spawn('python3', [path.join(__dirname, 'serve.py'), root, folder], { stdio: ['pipe', 'ignore', 'pipe'], detached: true })
  let printed = ''
  child.stderr.setEncoding('utf8').on('data', (piece) => (printed = (printed + piece).slice(-2000)))
  const stop = () => {
    if (child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
  }
  const failed = new Promise((_, reject) => {
    child.on('error', (error) => reject(new Error(`WPT's server needs Python 3.9 or later as python3: ${error.message}`)))
    child.on('exit', (code) => reject(new Error(`WPT's server ended with ${code}: ${printed}`)))
  })
  const ready = async () => {
    for (const until = Date.now() + START; Date.now() < until; ) {
      if ((await Promise.all(PORTS.map(isThere))).every(Boolean)) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`WPT's server does not answer on ports ${PORTS.join(', ')}: ${printed}`)
  }
  try {
    await Promise.race([ready(), failed])
  } catch (error) {
    stop()
    throw error
  }
  failed.catch(() => {})
  return { stop, authority: path.join(folder, 'cacert.pem') }
}

function linesOf(list) {
  return readFileSync(list, 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

/** Files and folders as pages: a file with variants is one for each. */
function pagesOf(root, names) {
  return names.flatMap((name) => {
    const [file] = name.split('?')
    const place = path.join(root, file)
    if (!existsSync(place)) throw new Error(`${place} is not there`)
    if (statSync(place).isDirectory()) {
      const below = readdirSync(place, { recursive: true }).filter((one) => /\.any\.js$/.test(one) && !/\.h2\./.test(one)).sort()
      return pagesOf(root, below.map((one) => path.join(file, one)))
    }
    if (file !== name) return [name]
    const variants = [...readFileSync(place, 'utf8').matchAll(/^\/\/\s*META:\s*variant=(\S*)\s*$/gm)].map(([, variant]) => file + variant)
    return variants.length === 0 ? [file] : variants
  })
}

function print({ passed, all, file, differences }, titles) {
  console.log(`${passed.join(' | ')} | ${all} | ${file}`)
  for (const one of differences) {
    const pass = titles.filter((_, i) => one.passed[i]).join(', ')
    console.log(`    only ${pass}: ${one.name}: ${one.message ?? ''}`)
  }
}

async function main() {
  const text = { type: 'string' }
  const options = { root: text, origin: text, list: text, json: text, ours: text, node: { ...text, multiple: true } }
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const root = path.resolve(values.root ?? path.join(__dirname, '..', '..', 'target', 'wpt'))
  if (!existsSync(root)) throw new Error(`${root} is not there: tests/wpt/setup.sh fetches it`)
  const files = pagesOf(root, positionals.length !== 0 ? positionals : linesOf(values.list ?? path.join(__dirname, 'list.txt')))
  const columns = [{ implementation: 'ours', node: values.ours ?? process.execPath }]
  for (const node of values.node ?? [process.execPath]) columns.push({ implementation: 'node', node })
  const titles = columns.map(({ implementation, node }) => {
    const version = `Node ${execFileSync(node, ['--version']).toString().trim()}`
    return implementation === 'ours' ? `ours in ${version}` : version
  })
  const { stop, authority } = values.origin === undefined ? await serve(root) : { stop() {} }
  try {
    console.log(`${titles.join(' | ')} | of | file`)
    const rows = await compareFiles(root, values.origin ?? ORIGIN, files, columns, { authority, tell: (row) => print(row, titles) })
    const sums = columns.map((_, i) => rows.reduce((total, { passed }) => total + passed[i], 0))
    print({ passed: sums, all: rows.reduce((total, { all }) => total + all, 0), file: 'all', differences: [] }, titles)
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ titles, rows }))
    if (sums.some((sum) => sum > sums[0])) process.exitCode = 1
  } finally {
    stop()
  }
}

module.exports = { compare, compareFiles, linesOf, pagesOf }

if (require.main === module) {
  main().catch((error) => {
    console.error(error.message)
    process.exitCode = 2
  })
}
