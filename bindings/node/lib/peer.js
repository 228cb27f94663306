'use strict'
// Packages that the program has and this one does not depend on.

const path = require('node:path')
const { createRequire } = require('node:module')

const ABSENT = new Set(['MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED'])

/** Where the package of that name is: as this one finds it, else as the program does. */
function whereIs(name) {
  const places = [__filename, process.argv[1], path.join(process.cwd(), 'package.json')]
  let cause
  for (const place of places) {
    if (place === undefined) continue
    try {
      return createRequire(path.resolve(place)).resolve(name)
    } catch (error) {
      if (!ABSENT.has(error.code)) throw error
      cause ??= error
    }
  }
  const error = new Error(`the package ${name} is not there: npm install ${name}`, { cause })
  error.code = 'MODULE_NOT_FOUND'
  throw error
}

function peer(name) {
  return require(whereIs(name))
}

module.exports = { peer, whereIs }
