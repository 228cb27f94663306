'use strict'
// How the native half is found: beside a bundle, by KEEPALIVE_NATIVE, in the package for the platform; and what is said
// when it is not, or may not be loaded.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const fs = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { buildSync } = require('esbuild')
const { fitting, packages } = require('../lib/platform')
const { useOrigin } = require('./support')

const package_ = path.join(__dirname, '..')
const addon = fs.realpathSync(path.join(package_, 'keepalive.node'))
const [major, minor] = process.versions.node.split('.').map(Number)
const PERMISSION = major > 23 || (major === 23 && minor >= 5) ? '--permission' : '--experimental-permission'
const origin = useOrigin()
let place

before(() => {
  place = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), 'keepalive-')))
  const program = `require(${JSON.stringify(package_)}).request(process.env.KEEPALIVE_URL + '/ok').then(async ({ body }) => console.log(await body.text()))`
  fs.writeFileSync(path.join(place, 'program.js'), program)
  buildSync({ entryPoints: [path.join(place, 'program.js')], bundle: true, platform: 'node', outfile: path.join(place, 'bundle', 'app.js') })
  // As npm puts it, without the native half.
  const own = path.join(place, 'node_modules', 'libkeepalive')
  for (const name of ['index.js', 'package.json', 'lib']) fs.cpSync(path.join(package_, name), path.join(own, name), { recursive: true })
  fs.writeFileSync(path.join(place, 'installed.js'), program.replace(JSON.stringify(package_), "'libkeepalive'"))
})
after(() => fs.rmSync(place, { recursive: true }))

/** What a program printed, errors too. */
function run(file, { args = [], env = {} } = {}) {
  return new Promise((resolve) => {
    const options = { cwd: place, env: { ...process.env, KEEPALIVE_URL: origin.http, NODE_OPTIONS: '', ...env } }
    execFile(process.execPath, [...args, path.join(place, file)], options, (_error, stdout, stderr) => resolve(stdout + stderr))
  })
}

/** With a copy of the addon in that place. */
async function withAddon(file, act) {
  const target = path.join(place, file)
  fs.mkdirSync(path.dirname(target), { recursive: true })
  fs.symlinkSync(addon, target)
  try {
    return await act()
  } finally {
    fs.rmSync(target)
  }
}

const PLATFORM = `libkeepalive-${process.platform}-${process.arch}-${process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`

for (const file of ['installed.js', 'bundle/app.js']) {
  test(`${file}: a native package that is not there is named`, async () => {
    const said = await run(file)
    assert.match(said, new RegExp(`no native module for ${process.platform} ${process.arch}[^]*Install the package ${PLATFORM} [^]*KEEPALIVE_NATIVE`))
  })

  test(`${file}: by KEEPALIVE_NATIVE, and nothing else then`, async () => {
    assert.equal(await run(file, { env: { KEEPALIVE_NATIVE: addon } }), 'ok\n')
    const said = await withAddon('bundle/keepalive.node', () => run(file, { env: { KEEPALIVE_NATIVE: './nowhere.node' } }))
    assert.match(said, /nowhere\.node: not there\nKEEPALIVE_NATIVE names the file/)
  })

  test(`${file}: in the package for the platform`, async () => {
    const folder = path.join('node_modules', PLATFORM)
    const said = await withAddon(path.join(folder, 'keepalive.node'), () => {
      fs.writeFileSync(path.join(place, folder, 'package.json'), JSON.stringify({ name: PLATFORM, main: 'keepalive.node' }))
      return run(file)
    })
    assert.equal(said, 'ok\n')
  })
}

test('which packages are tried, and which is advised', () => {
  const says = (glibcVersionRuntime) => ({ getReport: () => ({ header: { glibcVersionRuntime } }) })
  const silent = { getReport: () => { throw new Error('no report') } }
  const refused = () => { throw new Error('permission') }
  const only = (file) => (path) => path === file
  const [x64, arm64] = ['/lib/ld-musl-x86_64.so.1', '/lib/ld-musl-aarch64.so.1']
  const gnu = (cpu) => [`libkeepalive-linux-${cpu}-gnu`, `libkeepalive-linux-${cpu}-musl`]
  const musl = (cpu) => gnu(cpu).reverse()
  for (const [arguments_, names] of [
    [['linux', 'x64', only(x64)], musl('x64')],
    [['linux', 'x64', only(arm64)], gnu('x64')],
    [['linux', 'arm64', only(arm64)], musl('arm64')],
    [['linux', 'arm64', only('')], gnu('arm64')],
    [['linux', 'x64', refused, says(undefined)], musl('x64')],
    [['linux', 'x64', refused, says('2.36')], gnu('x64')],
    [['linux', 'x64', refused, silent], gnu('x64')],
    [['linux', 's390x', refused], gnu('s390x')],
    [['darwin', 'arm64', refused], ['libkeepalive-darwin-arm64']],
  ]) assert.deepEqual(packages(...arguments_), names, arguments_.slice(0, 2).join(' '))
  assert.equal(fitting('linux', 'x64', says(undefined)), 'libkeepalive-linux-x64-musl')
  assert.equal(fitting('linux', 'arm64', says('2.17')), 'libkeepalive-linux-arm64-gnu')
  assert.equal(fitting('linux', 'x64', silent), 'libkeepalive-linux-x64-gnu')
  assert.equal(fitting('darwin', 'x64', silent), 'libkeepalive-darwin-x64')
})

test('a package that does not load is passed over for the one that does', async () => {
  const other = PLATFORM.endsWith('gnu') ? PLATFORM.replace(/gnu$/, 'musl') : PLATFORM.replace(/musl$/, 'gnu')
  for (const name of [PLATFORM, other]) {
    fs.mkdirSync(path.join(place, 'node_modules', name), { recursive: true })
    fs.writeFileSync(path.join(place, 'node_modules', name, 'package.json'), JSON.stringify({ name, main: 'keepalive.node' }))
  }
  const broken = path.join(place, 'node_modules', other, 'keepalive.node')
  fs.writeFileSync(broken, 'for another libc')
  assert.equal(await withAddon(path.join('node_modules', PLATFORM, 'keepalive.node'), () => run('installed.js')), 'ok\n')
  // Without the right one, both are said.
  const said = await run('installed.js')
  assert.ok(said.includes(`${PLATFORM}: not there`) && said.includes(`  ${other}: `) && said.includes(broken) && said.includes(`Install the package ${PLATFORM} `), said)
  fs.rmSync(broken)
})

test('a bundle finds it beside itself', async () => {
  assert.equal(await withAddon('bundle/keepalive.node', () => run('bundle/app.js')), 'ok\n')
})

test('below the permission model: which flags it needs', async () => {
  const env = { KEEPALIVE_NATIVE: addon }
  const network = major >= 25 ? ['--allow-net'] : []
  const args = [PERMISSION, '--no-warnings', '--allow-fs-read=*', ...network]
  assert.match(await run('installed.js', { args, env }), /Addons are disabled: `node --permission` needs --allow-addons/)
  assert.equal(await run('installed.js', { args: [...args, '--allow-addons'], env }), 'ok\n')
})
