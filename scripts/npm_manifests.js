'use strict'
// npm_manifests.js STAGE PLATFORM CPU VERSION: the package.json files of what is published: the platform's package has
// the addon, and the main package names it as optional, so that npm takes the one that fits.

const { readFileSync, writeFileSync } = require('node:fs')
const path = require('node:path')

const [stage, platform, cpu, version] = process.argv.slice(2)
const file = path.join(stage, 'libkeepalive', 'package.json')
const main = JSON.parse(readFileSync(file, 'utf8'))
if (main.version !== version) throw new Error(`bindings/node/package.json has version ${main.version}, not ${version}`)

const write = (where, manifest) => writeFileSync(where, JSON.stringify(manifest, null, 2) + '\n')
write(path.join(stage, platform, 'package.json'), {
  name: platform,
  version,
  description: `The native half of libkeepalive for Linux, ${cpu}, glibc 2.17 and newer`,
  license: main.license,
  main: 'keepalive.node',
  files: ['keepalive.node', 'LICENSE-MIT', 'LICENSE-APACHE'],
  os: ['linux'],
  cpu: [cpu],
  libc: ['glibc'],
  engines: main.engines,
})

delete main.devDependencies
delete main.scripts
main.files.push('LICENSE-MIT', 'LICENSE-APACHE')
main.optionalDependencies = { [platform]: version }
write(file, main)
