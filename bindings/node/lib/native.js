'use strict'
// Finds the native half: the local build first, then the package for this platform.

const path = require('node:path')

function load() {
  const { platform, arch } = process
  const base = `libkeepalive-${platform}-${arch}`
  // npm installs the one that fits; asking which libc this is takes longer than all the rest.
  const names = platform === 'linux' ? [`${base}-gnu`, `${base}-musl`] : [base]
  const failures = []
  for (const place of [path.join(__dirname, '..', 'keepalive.node'), ...names]) {
    try {
      return require(place)
    } catch (error) {
      const absent = error.code === 'MODULE_NOT_FOUND'
      failures.push(`  ${place}: ${absent ? 'not there' : error.message}`)
    }
  }
  throw new Error(
    `libkeepalive has no native module for ${platform} ${arch}. Tried:\n${failures.join('\n')}\n` +
      `Install the package ${names.join(' or ')} (npm does it unless optional dependencies are left out), or ` +
      'build it: `npm run build` in bindings/node, with Rust installed.',
  )
}

const native = load()
const { NODE_EXTRA_CA_CERTS: extra } = process.env
if (extra) require('./trust').addExtra(native, extra)

module.exports = native
