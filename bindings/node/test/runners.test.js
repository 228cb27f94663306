'use strict'
// Test runners and fake timers as programs use them: the package is put beside them as npm puts it,
// and every check runs with all that can be faked faked, before loading and after.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const fs = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { promisify } = require('node:util')
const { after, before, test } = require('node:test')
const { useOrigin } = require('./support')

const package_ = path.join(__dirname, '..')
const modules = path.join(package_, 'node_modules')
const LIMIT = { timeout: 120_000 }
const run = promisify(execFile)
const origin = useOrigin()
let place

before(() => {
  place = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), 'keepalive-')))
  const own = path.join(place, 'node_modules', 'libkeepalive')
  fs.mkdirSync(own, { recursive: true })
  for (const name of ['index.js', 'index.mjs', 'package.json', 'lib']) {
    fs.cpSync(path.join(package_, name), path.join(own, name), { recursive: true })
  }
  fs.symlinkSync(path.join(package_, 'keepalive.node'), path.join(own, 'keepalive.node'))
  for (const name of ['sinon', 'vitest', 'jest']) {
    fs.symlinkSync(path.join(modules, name), path.join(place, 'node_modules', name))
  }
  fs.copyFileSync(path.join(__dirname, 'runners', 'checks.js'), path.join(place, 'checks.js'))
})
after(() => fs.rmSync(place, { recursive: true }))

/** Runs a program of Node's in the place; what it printed. */
async function node(args) {
  const env = { ...process.env, KEEPALIVE_URL: origin.http, CI: '1', NODE_TEST_CONTEXT: undefined }
  try {
    const { stdout, stderr } = await run(process.execPath, args, { cwd: place, env, timeout: 100_000 })
    return stdout + stderr
  } catch (error) {
    throw new Error(`${args[0]}: ${error.stdout}\n${error.stderr}`)
  }
}

const write = (name, text) => fs.writeFileSync(path.join(place, name), text)

/** A program that fakes, loads and checks in the order given. */
const program = (steps) => `
  const { checks } = require('./checks.js')
  const url = process.env.KEEPALIVE_URL
  let keepalive
  const load = () => { keepalive = require('libkeepalive') }
  ${steps}
  checks(keepalive, url).then((count) => {
    process._rawDebug(count + ' checked')
    process.exit(0)
  }, (error) => { process._rawDebug(error.stack); process.exit(1) })
`
const { TOTAL } = require('./runners/checks')

const fakes = {
  sinon: "require('sinon').useFakeTimers()",
  'sinon, every name': `
    const names = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate',
      'nextTick', 'queueMicrotask', 'hrtime', 'performance', 'Date']
    require('sinon').useFakeTimers({ toFake: names })
  `,
  'node:test': `
    const { mock } = require('node:test')
    mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'setImmediate', 'Date'] })
  `,
  'by hand': `
    for (const timers of [globalThis, require('node:timers'), require('node:timers/promises')]) {
      for (const name of ['setImmediate', 'setTimeout', 'setInterval']) timers[name] = () => ({})
    }
    globalThis.queueMicrotask = () => {}
    process.nextTick = () => {}
  `,
}

for (const [what, fake] of Object.entries(fakes)) {
  for (const order of ['load(); fake()', 'fake(); load()']) {
    test(`${what}: ${order}`, LIMIT, async () => {
      write('program.js', program(`const fake = () => { ${fake} }; ${order}`))
      assert.match(await node(['program.js']), new RegExp(`(^|\\n)${TOTAL} checked`))
    })
  }
}

for (const environment of ['node', 'jsdom']) {
  test(`jest, environment ${environment}`, LIMIT, async () => {
    const suite = (steps) => `
      const { checks } = require('./checks.js')
      test('checks', async () => {
        ${steps}
        expect(await checks(keepalive, process.env.KEEPALIVE_URL)).toBe(${TOTAL})
      }, 60_000)
    `
    const load = "const keepalive = require('libkeepalive')"
    write('plain.test.js', suite(load))
    write('after.test.js', suite(`${load}; jest.useFakeTimers()`))
    write('before.test.js', suite(`jest.useFakeTimers(); ${load}`))
    write('jest.config.json', JSON.stringify({
      testEnvironment: require.resolve(`jest-environment-${environment}`),
      testMatch: ['**/{plain,after,before}.test.js'],
      transform: {},
      cache: false,
    }))
    const told = await node([path.join(modules, 'jest', 'bin', 'jest.js'), '--config', 'jest.config.json', '-i'])
    assert.match(told, /Tests: +3 passed, 3 total/)
  })
}

for (const pool of ['forks', 'threads', 'vmThreads']) {
  test(`vitest, pool ${pool}`, LIMIT, async () => {
    const names = ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'setInterval', 'clearInterval', 'Date', 'queueMicrotask', 'performance']
    const suite = (steps) => `
      import { expect, test, vi } from 'vitest'
      import { createRequire } from 'node:module'
      const { checks } = createRequire(import.meta.url)('./checks.js')
      test('checks', async () => {
        ${steps}
        expect(await checks(keepalive, process.env.KEEPALIVE_URL)).toBe(${TOTAL})
      }, 60_000)
    `
    const load = "const keepalive = await import('libkeepalive')"
    const fake = `vi.useFakeTimers({ toFake: ${JSON.stringify(names)} })`
    write('plain.spec.mjs', suite(load))
    write('after.spec.mjs', suite(`${load}; ${fake}`))
    write('before.spec.mjs', suite(`${fake}; ${load}`))
    const told = await node([path.join(modules, 'vitest', 'vitest.mjs'), 'run', 'spec', '--root', place, '--pool', pool, '--reporter', 'verbose'])
    assert.match(told.replace(/\x1b\[[0-9;]*m/g, ''), /Tests +3 passed \(3\)/)
  })
}
