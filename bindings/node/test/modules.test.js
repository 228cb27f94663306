'use strict'
// The package's modules know each other in one direction, those that are loaded late included.

const assert = require('node:assert/strict')
const { readFileSync, readdirSync } = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')

const package_ = path.join(__dirname, '..')

/** The package's own files that this one loads, now or later. */
function loads(file, text) {
  const code = text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
  const names = [...code.matchAll(/(?:\brequire\(|\bfrom\s+|\bimport\(|^import\s+)'(\.[^']*)'/gm)].map(([, name]) => name)
  return names.map((name) => path.join(path.dirname(file), path.extname(name) === '' ? `${name}.js` : name))
}

/** Files that load themselves through others, as `a > b > a`; undefined when there are none. */
function cycle(graph) {
  const over = new Set()
  const above = []
  const visit = (file) => {
    if (above.includes(file)) return [...above.slice(above.indexOf(file)), file].join(' > ')
    if (over.has(file)) return undefined
    above.push(file)
    for (const other of graph.get(file)) {
      const found = visit(other)
      if (found !== undefined) return found
    }
    above.pop()
    over.add(file)
    return undefined
  }
  for (const file of graph.keys()) {
    const found = visit(file)
    if (found !== undefined) return found
  }
  return undefined
}

function packageGraph() {
  const below = (folder) => readdirSync(path.join(package_, folder), { recursive: true }).map((name) => path.join(folder, name))
  const files = ['index.js', 'index.mjs', ...below('lib'), ...below('adapters')].filter((name) => /\.m?js$/.test(name))
  return new Map(files.map((file) => [file, loads(file, readFileSync(path.join(package_, file), 'utf8'))]))
}

test('no module loads itself through others', () => {
  const graph = packageGraph()
  assert.ok(graph.size > 20, `only ${graph.size} files were seen`)
  for (const [file, others] of graph) {
    for (const other of others) assert.ok(graph.has(other), `${file} loads ${other}, which is not of the package`)
  }
  assert.equal(cycle(graph), undefined)
})

test('every module is loaded by another, and each that is loaded was seen', () => {
  const graph = packageGraph()
  const entries = Object.values(require('../package.json').exports).map((ways) => ways.import?.default ?? ways.import)
  const reached = new Set(entries.filter((entry) => entry !== undefined).map((entry) => path.normalize(entry)))
  assert.ok(reached.size >= 2 && reached.has('index.mjs'))
  for (const file of reached) for (const other of graph.get(file)) reached.add(other)
  assert.deepEqual([...graph.keys()].filter((file) => !reached.has(file)), [])
  // What Node itself found, of what is loaded at once.
  require('..')
  const loaded = require.cache[require.resolve('..')]
  const check = (module_) => {
    const file = path.relative(package_, module_.filename)
    for (const child of module_.children) {
      if (child.filename.endsWith('.node')) continue
      const other = path.relative(package_, child.filename)
      assert.ok(graph.get(file).includes(other), `${file} loads ${other}, which was not seen`)
      check(child)
    }
  }
  check(loaded)
})

test('a cycle is seen, however it is written', () => {
  const graphOf = (files) => new Map(Object.entries(files).map(([file, text]) => [file, loads(file, text)]))
  const back = "const { b } = require('./b')"
  for (const there of ["const a = require('./a')", "later(() => require('./a').x)", "import a from './a.js'", "import './a.js'", "await import('./a.js')"]) {
    assert.equal(cycle(graphOf({ 'a.js': back, 'b.js': there })), 'a.js > b.js > a.js', there)
  }
  for (const there of ["// require('./a')", "/** as require('./a') */", "require('node:fs')"]) {
    assert.equal(cycle(graphOf({ 'a.js': back, 'b.js': there })), undefined, there)
  }
})
