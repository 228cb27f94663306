'use strict'
// npm_manifests.js STAGE PLATFORM VERSION: the package.json files of what is published: the platform's package has the
// addon, and the main package names those of all platforms as optional, so that npm takes the one that fits. Where the
// sources are says KEEPALIVE_REPOSITORY, if it is there: npm wants it of what a workflow publishes.

const { readFileSync, writeFileSync } = require('node:fs')
const path = require('node:path')

const LIBCS = { gnu: ['glibc', 'glibc 2.17 and newer'], musl: ['musl', 'musl 1.2 and newer'] }
const PLATFORMS = ['x64', 'arm64'].flatMap((cpu) => Object.keys(LIBCS).map((libc) => `libkeepalive-linux-${cpu}-${libc}`))

const [stage, platform, version] = process.argv.slice(2)
if (!PLATFORMS.includes(platform)) throw new Error(`${platform} is none of ${PLATFORMS.join(', ')}`)
const [, , cpu, suffix] = platform.split('-')
const [libc, needs] = LIBCS[suffix]
const file = path.join(stage, 'libkeepalive', 'package.json')
const main = JSON.parse(readFileSync(file, 'utf8'))
if (main.version !== version) throw new Error(`bindings/node/package.json has version ${main.version}, not ${version}`)

const url = process.env.KEEPALIVE_REPOSITORY
const repository = url && { type: 'git', url: `git+${url}.git` }
const write = (where, manifest) => writeFileSync(where, JSON.stringify(manifest, null, 2) + '\n')
write(path.join(stage, platform, 'package.json'), {
  name: platform,
  version,
  description: `The native half of libkeepalive for Linux, ${cpu}, ${needs}`,
  license: main.license,
  repository,
  main: 'keepalive.node',
  files: ['keepalive.node', 'LICENSE-MIT', 'LICENSE-APACHE', 'LICENSE-THIRD-PARTY'],
  os: ['linux'],
  cpu: [cpu],
  libc: [libc],
  engines: main.engines,
})

main.repository = repository
delete main.devDependencies
delete main.scripts
main.files.push('LICENSE-MIT', 'LICENSE-APACHE')
main.optionalDependencies = Object.fromEntries(PLATFORMS.map((name) => [name, version]))
write(file, main)
