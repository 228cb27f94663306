'use strict'
// Our declarations with TypeScript 5.9 and 7, with and without the DOM's types, beside @types/node 20 to 26; the package
// as attw and publint see it.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { promisify } = require('node:util')

const run = promisify(execFile)
const here = (...parts) => path.join(__dirname, ...parts)
const bindings = here('..', '..', 'bindings', 'node')
const modules = here('node_modules')

const COMPILERS = ['typescript', 'typescript7']
const NODES = [20, 22, 24, 26]
const PLAIN = 'es2022,esnext.disposable'
const LIBRARIES = { 'without the DOM': PLAIN, 'with the DOM': `${PLAIN},dom,dom.iterable,dom.asynciterable` }

let folder
before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ka-types-'))
})
after(() => fs.rmSync(folder, { recursive: true }))

/** A folder in which `@types/node` is of that version. */
function project(version) {
  const place = path.join(folder, `node${version}`)
  if (fs.existsSync(place)) return place
  fs.mkdirSync(path.join(place, 'node_modules', '@types'), { recursive: true })
  const link = (target, ...name) => fs.symlinkSync(target, path.join(place, 'node_modules', ...name))
  link(path.join(modules, `types${version}`), '@types', 'node')
  const own = path.join(modules, `types${version}`, 'node_modules', 'undici-types')
  link(fs.existsSync(own) ? own : path.join(modules, 'undici-types'), 'undici-types')
  link(bindings, 'libkeepalive')
  for (const name of ['fetch.mts', 'fetch.cts']) fs.copyFileSync(here(name), path.join(place, name))
  return place
}

async function tool(...command) {
  try {
    const { stdout } = await run(process.execPath, command.slice(0, -1), { cwd: command.at(-1) })
    return stdout
  } catch (error) {
    assert.fail(`${error.stdout}${error.stderr}`)
  }
}

for (const compiler of COMPILERS) {
  for (const version of NODES) {
    for (const [what, lib] of Object.entries(LIBRARIES)) {
      test(`${compiler}, @types/node ${version}, ${what}`, async () => {
        const tsc = path.join(modules, compiler, 'bin', 'tsc')
        const options = [
          '--noEmit', '--strict', '--preserveSymlinks', '--types', 'node', '--target', 'es2022', '--lib', lib,
          '--module', 'nodenext', '--moduleResolution', 'nodenext',
        ]
        await tool(tsc, ...options, 'fetch.mts', 'fetch.cts', project(version))
      })
    }
  }
}

test('attw and publint have nothing to say of the package', async () => {
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: bindings })
  const [packed] = fs.readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  assert.ok(packed)
  const tarball = path.join(folder, packed)
  const attw = await tool(path.join(modules, '@arethetypeswrong', 'cli', 'dist', 'index.js'), tarball, '--format', 'ascii', '--no-emoji', folder)
  assert.match(attw, /No problems found/)
  const publint = await tool(path.join(modules, 'publint', 'src', 'cli.js'), 'run', tarball, '--strict', folder)
  assert.match(publint, /All good!/)
})
