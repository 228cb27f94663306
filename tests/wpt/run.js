'use strict'
// WPT's tests of fetch by ours beside Node's own:
//   node tests/wpt/run.js [--root FOLDER] [--origin URL] [--list FILE] [NAME ...]
// Serves FOLDER (target/wpt, which tests/wpt/setup.sh fetches) with WPT's own server unless it is served at URL. Prints what
// passes with each, and where they differ; fails when fewer pass with ours.

const { execFileSync, spawn } = require('node:child_process')
const { existsSync, readFileSync } = require('node:fs')
const { createInterface } = require('node:readline')
const http = require('node:http')
const path = require('node:path')
const { parseArgs } = require('node:util')

/** Longest time of one file, milliseconds. */
const LIMIT = 60_000

const ORIGIN = 'http://127.0.0.1:8000'

/** WPT's own, or that of a package, which is the same. */
function harnessOf(root) {
  const own = path.join(root, 'resources', 'testharness.js')
  return existsSync(own) ? own : require.resolve('wpt-runner/testharness/testharness.js')
}

/** The verdicts of one file: those of its tests by their names, and whether it came to its end. */
async function runFile(harness, origin, file, implementation, node = process.execPath) {
  const child = spawn(node, [path.join(__dirname, 'page.js'), harness, origin, file, implementation], { stdio: ['ignore', 'pipe', 'inherit'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT)
  const verdicts = new Map()
  let ended = false
  for await (const line of createInterface({ input: child.stdout })) {
    let word
    try {
      word = JSON.parse(line)
    } catch {
      continue // what a file prints
    }
    if (word.done) {
      ended = word.passed
      if (!word.passed) verdicts.set('(the file)', { passed: false, message: word.message })
    } else {
      verdicts.set(word.name, { passed: word.passed, message: word.message })
    }
  }
  clearTimeout(timer)
  return { verdicts, ended }
}

/** Where two lists of verdicts differ, and how many pass of each. */
function compare(ours, theirs) {
  const count = ({ verdicts }) => [...verdicts.values()].filter(({ passed }) => passed).length
  const differences = []
  for (const name of new Set([...ours.verdicts.keys(), ...theirs.verdicts.keys()])) {
    const [one, other] = [ours.verdicts.get(name), theirs.verdicts.get(name)]
    if ((one?.passed ?? false) !== (other?.passed ?? false)) differences.push({ name, ours: one?.passed ?? false, message: (one?.passed ? other : one)?.message })
  }
  return { ours: count(ours), node: count(theirs), all: Math.max(ours.verdicts.size, theirs.verdicts.size), differences }
}

async function compareFiles(root, origin, files, node) {
  const harness = harnessOf(root)
  const rows = []
  for (const file of files) {
    const ours = await runFile(harness, origin, file, 'ours', node)
    const theirs = await runFile(harness, origin, file, 'node', node)
    rows.push({ file, ...compare(ours, theirs) })
  }
  return rows
}

/** WPT's own server, until it answers. */
async function serve(root) {
  const child = spawn('python3', ['wpt', 'serve', '--no-h2'], { cwd: root, stdio: 'ignore', detached: true })
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null) throw new Error(`WPT's server ended with ${child.exitCode}`)
    const isThere = await new Promise((resolve) => {
      http.get(ORIGIN, { agent: false }, (answer) => resolve(answer.resume() !== undefined)).on('error', () => resolve(false))
    })
    if (isThere) return () => process.kill(-child.pid)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error("WPT's server does not answer")
}

function filesOf(list) {
  return readFileSync(list, 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

async function main() {
  const options = { root: { type: 'string' }, origin: { type: 'string' }, list: { type: 'string' }, node: { type: 'string' } }
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const root = values.root ?? path.join(__dirname, '..', '..', 'target', 'wpt')
  if (!existsSync(root)) throw new Error(`${root} is not there: tests/wpt/setup.sh fetches it`)
  const stop = values.origin === undefined ? await serve(root) : () => {}
  try {
    const files = positionals.length !== 0 ? positionals : filesOf(values.list ?? path.join(__dirname, 'list.txt'))
    const node = values.node ?? process.execPath
    const rows = await compareFiles(root, values.origin ?? ORIGIN, files, node)
    console.log(`passed with ours | with Node ${execFileSync(node, ['--version']).toString().trim()} | of | file`)
    for (const { file, ours, node: theirs, all, differences } of rows) {
      console.log(`${ours} | ${theirs} | ${all} | ${file}`)
      for (const one of differences) console.log(`    ${one.ours ? 'only ours' : 'only Node'}: ${one.name}: ${one.message ?? ''}`)
    }
    const sum = (name) => rows.reduce((total, row) => total + row[name], 0)
    console.log(`${sum('ours')} | ${sum('node')} | ${sum('all')} | all`)
    if (sum('ours') < sum('node')) process.exitCode = 1
  } finally {
    stop()
  }
}

module.exports = { compare, compareFiles, filesOf }

if (require.main === module) {
  main().catch((error) => {
    console.error(error.message)
    process.exitCode = 2
  })
}
