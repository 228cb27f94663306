'use strict'
// Which packages have the native half for this system.

const fs = require('node:fs')

const LOADERS = { x64: '/lib/ld-musl-x86_64.so.1', arm64: '/lib/ld-musl-aarch64.so.1' }

const named = (platform, arch, ...libcs) => {
  const base = `libkeepalive-${platform}-${arch}`
  return platform === 'linux' ? libcs.map((libc) => `${base}-${libc}`) : [base]
}

/** Whether this is musl, by what takes little time; asking Node takes longer than all the rest of loading. */
function isMusl(arch, exists, report) {
  if (LOADERS[arch] === undefined) return false
  try {
    return exists(LOADERS[arch])
  } catch {
    // The permission model throws.
    return saysMusl(report)
  }
}

function saysMusl(report) {
  try {
    return report.getReport().header.glibcVersionRuntime === undefined
  } catch {
    return false
  }
}

/**
 * The packages to try, the likelier first. npm installs the one that fits, other installers both: where something stands
 * in for glibc on musl, glibc's may load and not work. On glibc, also where musl is installed, musl's does not load.
 */
function packages(platform, arch, exists = fs.existsSync, report = process.report) {
  const libcs = platform === 'linux' && isMusl(arch, exists, report) ? ['musl', 'gnu'] : ['gnu', 'musl']
  return named(platform, arch, ...libcs)
}

/** The package that fits, by the libc that Node itself says it runs on. */
function fitting(platform, arch, report = process.report) {
  return named(platform, arch, saysMusl(report) ? 'musl' : 'gnu')[0]
}

module.exports = { fitting, packages }
