'use strict'
// Bundlers, loaders, runtimes and the permission model: one program of the package's features in each, beside what
// docs/node-tools.md says works there.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { executable, featuresBy, modules, outputOf, place, serve, tableAfter, versionOf } = require('./support')

const { node: nodeVersion } = process.versions
let server
let folder

before(async () => {
  server = await serve()
  folder = place(['undici'])
})
after(() => {
  server.close()
  fs.rmSync(folder, { recursive: true })
})

const program = () => path.join(folder, 'features.js')
const inFolder = (...names) => path.join(folder, ...names)

/** All of them work. */
function assertAll(told) {
  const failed = Object.entries(told).filter(([, worked]) => worked !== true)
  assert.deepEqual(failed, [])
  assert.equal(Object.keys(told).length, 13)
}

/** What the row of the runtimes' table says works there, and nothing else: the other features are named as what differs. */
function assertAsWritten(told, [works, differs]) {
  const names = works.replace(/`| with npm's undici/g, '').split(', ')
  for (const name of names) assert.equal(told[name], true, `${name}: ${told[name]}`)
  for (const [name, worked] of Object.entries(told)) {
    if (names.includes(name)) continue
    assert.notEqual(worked, true, `${name} works, and the table does not say so`)
    assert.ok(differs.includes(name), `${name} does not work, and the table does not say so`)
  }
}

function rowFor(name) {
  const rows = tableAfter('Runtimes and test runners')
  const row = rows.get([...rows.keys()].find((one) => one.startsWith(name)))
  assert.ok(row !== undefined, `docs/node-tools.md has no row for ${name}`)
  return row
}

test(`Node ${nodeVersion}`, async () => {
  assertAll(await featuresBy(process.execPath, [program(), server.url], folder))
})

test('node --permission', async () => {
  const [major, minor] = nodeVersion.split('.').map(Number)
  const flag = major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13) ? '--permission' : '--experimental-permission'
  const allowed = ['--allow-addons', `--allow-fs-read=${folder}/*`, '--allow-fs-read=/tmp/*', '--allow-fs-write=/tmp/*', '--allow-worker', ...(major >= 25 ? ['--allow-net'] : [])]
  const flags = [flag, '--no-warnings', ...allowed]
  assertAll(await featuresBy(process.execPath, [...flags, program(), server.url], folder, { TMPDIR: '/tmp' }))
  const without = flags.filter((one) => one !== '--allow-addons')
  await assert.rejects(outputOf(process.execPath, [...without, '-e', "require('libkeepalive')"], folder), /needs --allow-addons/)
})

test(`tsx ${versionOf('tsx')}, TypeScript`, async () => {
  fs.writeFileSync(inFolder('program.ts'), `
    import * as keepalive from 'libkeepalive'
    import { MockAgent, type MockPool } from 'libkeepalive/mock'
    const pool: MockPool = new MockAgent().get('https://example.com')
    if (typeof pool.intercept !== 'function' || typeof keepalive.fetch !== 'function') throw new Error('imports')
    await import('./features.js')
  `)
  fs.writeFileSync(inFolder('program.mts'), fs.readFileSync(inFolder('program.ts')))
  const tsx = path.join(modules, 'tsx', 'dist', 'cli.mjs')
  assert.match(tableAfter('Runtimes and test runners').get('tsx 4')[0], /^all$/)
  const env = { KEEPALIVE_WORKER: program() }
  assertAll(await featuresBy(process.execPath, [tsx, inFolder('program.mts'), server.url], folder, env))
})

/** A bundle beside the addon, in a folder without any packages. */
async function assertBundle(name, build) {
  const bundle = fs.mkdtempSync(path.join(path.dirname(folder), 'keepalive-bundle-'))
  try {
    const file = path.join(bundle, 'bundle.js')
    await build(file)
    fs.copyFileSync(inFolder('node_modules', 'libkeepalive', 'keepalive.node'), path.join(bundle, 'keepalive.node'))
    assertAll(await featuresBy(process.execPath, [file, server.url], bundle, { KEEPALIVE_WORKER: file }))
    fs.rmSync(path.join(bundle, 'keepalive.node'))
    await assert.rejects(outputOf(process.execPath, [file, server.url], bundle), /libkeepalive-linux-.*\n.*Install the package|Install the package/)
  } finally {
    fs.rmSync(bundle, { recursive: true })
  }
}

test(`esbuild ${versionOf('esbuild')}`, async () => {
  const esbuild = require('esbuild')
  await assertBundle('esbuild', (outfile) => esbuild.build({ entryPoints: [program()], bundle: true, platform: 'node', outfile, logLevel: 'error' }))
})

test(`webpack ${versionOf('webpack')}`, async () => {
  const webpack = require('webpack')
  await assertBundle('webpack', (file) => new Promise((resolve, reject) => {
    const output = { path: path.dirname(file), filename: path.basename(file) }
    webpack({ mode: 'production', target: 'node', context: folder, entry: program(), output, optimization: { minimize: false } }, (error, stats) => {
      if (error !== null) reject(error)
      else if (stats.hasErrors()) reject(new Error(stats.toString({ all: false, errors: true })))
      else resolve()
    })
  }))
})

test(`Bun ${versionOf('bun')}`, async () => {
  const [major, minor] = versionOf('bun').split('.')
  assertAsWritten(await featuresBy(executable('@oven', 'bin/bun'), [program(), server.url], folder), rowFor(`Bun ${major}.${minor}`))
})

test(`Deno ${versionOf('deno')}`, async () => {
  const [major, minor] = versionOf('deno').split('.')
  const flags = ['run', '--no-prompt', '--node-modules-dir=manual', '--allow-ffi', '--allow-read', '--allow-write', '--allow-env', '--allow-net', '--allow-sys']
  const told = await featuresBy(executable('@deno', 'deno'), [...flags, program(), server.url], folder, { DENO_NO_UPDATE_CHECK: '1', DENO_DIR: inFolder('deno') })
  assertAsWritten(told, rowFor(`Deno ${major}.${minor}`))
})
