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
