'use strict'
// Finds the native half: where the program says, the local build, beside a bundle, the package for this platform.

const { createRequire } = require('node:module')
const path = require('node:path')

// Of Node, also in a bundle, whose own `require` knows the bundle only.
const requireHere = createRequire(__filename)

/** Where it may be, the likeliest first. */
function* placesOf(said, platform, arch) {
  if (said) {
    yield path.resolve(said)
    return
  }
  yield path.join(__dirname, '..', 'keepalive.node')
  yield path.join(__dirname, 'keepalive.node')
  yield* require('./platform').packages(platform, arch)
}

function load() {
  const { arch, env, platform } = process
  const { KEEPALIVE_NATIVE: said } = env
  const failures = []
  let isDisabled = false
  for (const place of placesOf(said, platform, arch)) {
    try {
      return requireHere(place)
    } catch (error) {
      const absent = error.code === 'MODULE_NOT_FOUND'
      isDisabled ||= error.code === 'ERR_DLOPEN_DISABLED'
      failures.push(`  ${place}: ${absent ? 'not there' : error.message}`)
    }
  }
  const advice = isDisabled
    ? 'Addons are disabled: `node --permission` needs --allow-addons.'
    : said
      ? 'KEEPALIVE_NATIVE names the file; without it the package for the platform is looked for.'
      : `Install the package ${require('./platform').fitting(platform, arch)} (npm does it unless optional dependencies are left out), name the file ` +
        'keepalive.node by KEEPALIVE_NATIVE, or build it: `npm run build` in bindings/node, with Rust installed.'
  throw new Error(`libkeepalive has no native module for ${platform} ${arch}. Tried:\n${failures.join('\n')}\n${advice}`)
}

const native = load()
const { NODE_EXTRA_CA_CERTS: extra } = process.env
if (extra) require('./trust').addExtra(native, extra)

module.exports = native
