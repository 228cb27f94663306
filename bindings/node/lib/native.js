'use strict'
// Finds the native half: the local build first, then the package for this platform.

const path = require('node:path')

function load() {
  const { platform, arch } = process
  const libc = platform === 'linux' ? (isGlibc() ? '-gnu' : '-musl') : ''
  const name = `libkeepalive-${platform}-${arch}${libc}`
  const failures = []
  for (const place of [path.join(__dirname, '..', 'keepalive.node'), name]) {
    try {
      return require(place)
    } catch (error) {
      const absent = error.code === 'MODULE_NOT_FOUND'
      failures.push(`  ${place}: ${absent ? 'not there' : error.message}`)
    }
  }
  throw new Error(
    `libkeepalive has no native module for ${platform} ${arch}. Tried:\n${failures.join('\n')}\n` +
      `Install the package ${name} (npm does it unless optional dependencies are left out), or ` +
      'build it: `npm run build` in bindings/node, with Rust installed.',
  )
}

function isGlibc() {
  return process.report?.getReport?.().header?.glibcVersionRuntime !== undefined
}

module.exports = load()
