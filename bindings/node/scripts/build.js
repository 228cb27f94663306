'use strict'
// Builds the native module and puts it where lib/native.js looks first: `node scripts/build.js
// [--debug]`.

const { execFileSync } = require('node:child_process')
const { copyFileSync, renameSync } = require('node:fs')
const path = require('node:path')

const here = path.join(__dirname, '..')
const debug = process.argv.includes('--debug')
const cargo = ['build', '-p', 'keepalive-node', ...(debug ? [] : ['--release'])]
execFileSync('cargo', cargo, { cwd: here, stdio: 'inherit' })

const metadata = execFileSync('cargo', ['metadata', '--no-deps', '--format-version', '1'], {
  cwd: here,
  maxBuffer: 64 << 20,
})
const target = JSON.parse(metadata).target_directory
const names = { darwin: 'libkeepalive_node.dylib', win32: 'keepalive_node.dll' }
const name = names[process.platform] ?? 'libkeepalive_node.so'
// Renamed into place: overwriting a module that a running process has mapped would crash it.
const fresh = path.join(here, 'keepalive.node.new')
copyFileSync(path.join(target, debug ? 'debug' : 'release', name), fresh)
renameSync(fresh, path.join(here, 'keepalive.node'))
