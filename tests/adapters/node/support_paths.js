'use strict'
// Where the package is, for programs that are no tests.

module.exports = { packageRoot: require('node:path').join(__dirname, '..', '..', '..', 'bindings', 'node') }
