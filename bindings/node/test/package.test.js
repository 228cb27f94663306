'use strict'
// What is published, packed and installed as programs do it: an empty project, npm, no Rust on the path; the README's
// first example runs there.

const assert = require('node:assert/strict')
const { execFile, execFileSync } = require('node:child_process')
const fs = require('node:fs')
const http = require('node:http')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { promisify } = require('node:util')
const { listen } = require('./support')

const run = promisify(execFile)
const package_ = path.join(__dirname, '..')
const root = path.join(package_, '..', '..')
const { version } = require('../package.json')
const LIBC = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'
const PLATFORM = `libkeepalive-linux-${process.arch}-${LIBC}`
const npm = fs.realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim())
const server = http.createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  request.resume().on('end', () => response.end('{"answered":true}'))
})
let place
let url
let files // of the packages, by name

/** npm with nothing on its path but this Node. */
function runNpm(folder, ...args) {
  const env = { PATH: path.join(place, 'bin'), HOME: place, npm_config_cache: path.join(place, 'cache') }
  return run(process.execPath, [npm, ...args], { cwd: folder, env })
}

before(async () => {
  url = `${await listen(server)}/`
  place = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), 'keepalive-')))
  const stage = path.join(place, 'stage')
  for (const folder of ['bin', 'stage', 'packed', `stage/${PLATFORM}`]) fs.mkdirSync(path.join(place, folder))
  fs.symlinkSync(process.execPath, path.join(place, 'bin', 'node'))
  const isOwn = (file) => !['node_modules', 'target', 'keepalive.node'].includes(path.basename(file))
  fs.cpSync(package_, path.join(stage, 'libkeepalive'), { recursive: true, filter: isOwn })
  fs.copyFileSync(path.join(package_, 'keepalive.node'), path.join(stage, PLATFORM, 'keepalive.node'))
  for (const name of ['libkeepalive', PLATFORM]) {
    for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) fs.copyFileSync(path.join(root, licence), path.join(stage, name, licence))
  }
  await run(process.execPath, [path.join(root, 'scripts', 'npm_manifests.js'), stage, PLATFORM, version])
  files = {}
  for (const name of ['libkeepalive', PLATFORM]) {
    await runNpm(path.join(stage, name), 'pack', '--silent', '--ignore-scripts', '--pack-destination', path.join(place, 'packed'))
    files[name] = path.join(place, 'packed', `${name}-${version}.tgz`)
  }
})
after(() => {
  fs.rmSync(place, { recursive: true })
  server.close()
  server.closeAllConnections()
})

/** An empty project in which these packages are installed, without a registry. */
async function project(name, ...packages) {
  const folder = path.join(place, name)
  fs.mkdirSync(folder)
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}')
  await runNpm(folder, 'install', '--silent', '--no-audit', '--no-fund', '--offline', ...packages)
  return folder
}

/** The first program of the README, with a server that is here; it is a module's body, or a script's. */
function example(kind) {
  const [, code] = /```js\n([^]*?)```/.exec(fs.readFileSync(path.join(package_, 'README.md'), 'utf8'))
  const here = code.replace(/https:\/\/[\w.]*example\.com\/\w*/g, url)
  assert.notEqual(here, code)
  if (kind === 'cjs') return `(async () => {${here}})()`
  return here.replace(/const (\{[^}]*\}) = require\('libkeepalive'\)/, "import $1 from 'libkeepalive'")
}

test('what is in the packages', async () => {
  const folder = await project('looked-at', files[PLATFORM], files.libkeepalive)
  const own = path.join(folder, 'node_modules', 'libkeepalive')
  const manifest = JSON.parse(fs.readFileSync(path.join(own, 'package.json'), 'utf8'))
  assert.equal(manifest.scripts, undefined)
  assert.equal(manifest.dependencies, undefined)
  assert.equal(manifest.license, 'MIT OR Apache-2.0')
  const platforms = Object.keys(manifest.optionalDependencies)
  for (const name of ['libkeepalive-linux-x64-gnu', 'libkeepalive-linux-arm64-gnu', 'libkeepalive-linux-x64-musl']) assert.ok(platforms.includes(name), name)
  const there = fs.readdirSync(own, { recursive: true })
  for (const name of ['LICENSE-MIT', 'LICENSE-APACHE', 'README.md', 'index.d.ts', 'lib/native.js', 'adapters/mock.js']) assert.ok(there.includes(name), name)
  assert.deepEqual(there.filter((name) => /\.(node|rs|toml)$|^(test|src|scripts)\b/.test(name)), [])
  // Each way in has its file and its declarations.
  for (const ways of Object.values(manifest.exports)) {
    for (const target of JSON.stringify(ways).match(/\.\/[^"]+/g)) assert.ok(fs.existsSync(path.join(own, target)), target)
  }
  assert.deepEqual(fs.readdirSync(path.join(folder, 'node_modules', PLATFORM)).sort(), ['LICENSE-APACHE', 'LICENSE-MIT', 'keepalive.node', 'package.json'])
})

test('npm takes the package that fits the processor and the libc', async () => {
  const optionalDependencies = {}
  for (const name of Object.keys(require(path.join(place, 'stage', 'libkeepalive', 'package.json')).optionalDependencies)) {
    const stage = path.join(place, 'stage-of', name)
    fs.mkdirSync(path.join(stage, name), { recursive: true })
    fs.mkdirSync(path.join(stage, 'libkeepalive'))
    fs.copyFileSync(path.join(package_, 'package.json'), path.join(stage, 'libkeepalive', 'package.json'))
    fs.writeFileSync(path.join(stage, name, 'keepalive.node'), name)
    await run(process.execPath, [path.join(root, 'scripts', 'npm_manifests.js'), stage, name, version])
    await runNpm(path.join(stage, name), 'pack', '--silent', '--ignore-scripts', '--pack-destination', stage)
    optionalDependencies[name] = `file:${path.join(stage, `${name}-${version}.tgz`)}`
  }
  for (const cpu of ['x64', 'arm64']) {
    for (const [libc, suffix] of [['glibc', 'gnu'], ['musl', 'musl']]) {
      const folder = path.join(place, `for-${cpu}-${libc}`)
      fs.mkdirSync(folder)
      fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, optionalDependencies }))
      await runNpm(folder, 'install', '--silent', '--no-audit', '--no-fund', '--offline', '--os=linux', `--cpu=${cpu}`, `--libc=${libc}`)
      const there = fs.readdirSync(path.join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))
      assert.deepEqual(there, [`libkeepalive-linux-${cpu}-${suffix}`])
    }
  }
})

test('the README\'s example runs where it is installed, as a script and as a module', async () => {
  const folder = await project('example', files[PLATFORM], files.libkeepalive)
  for (const kind of ['cjs', 'mjs']) {
    fs.writeFileSync(path.join(folder, `example.${kind}`), example(kind))
    const { stdout } = await run(process.execPath, [`example.${kind}`], { cwd: folder, env: { PATH: path.join(place, 'bin') } })
    assert.match(stdout, /^200 application\/json \{ answered: true \}\ntrue \{"answered":true\}\n\{\n {2}opened: 1,/)
  }
})

test('without the package for the platform, the error names it', async () => {
  const folder = await project('without', '--omit=optional', files.libkeepalive)
  fs.writeFileSync(path.join(folder, 'example.cjs'), example('cjs'))
  await assert.rejects(run(process.execPath, ['example.cjs'], { cwd: folder }), ({ stderr }) => stderr.includes(`Install the package ${PLATFORM} `))
})
