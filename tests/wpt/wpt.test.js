'use strict'
// The runner itself, over files of its own: verdicts are read, told apart and compared, whatever becomes of a file.

const assert = require('node:assert/strict')
const { createReadStream, existsSync } = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { compareFiles, linesOf, pagesOf } = require('./run')

const root = path.join(__dirname, 'sample')
let server
let origin
before(async () => {
  server = http.createServer(({ url }, response) => {
    const file = path.join(root, path.normalize(url.split('?')[0]))
    if (url === '/moved') response.writeHead(302, { Location: '/' }).end()
    else if (existsSync(file)) createReadStream(file).pipe(response)
    else response.writeHead(404).end()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${server.address().port}`
})
after(() => server.close())

const columns = ['ours', 'node'].map((implementation) => ({ implementation, node: process.execPath }))

test('verdicts of ours and of Node, and where they differ', async () => {
  const files = ['passes.any.js', 'differs.any.js', 'breaks.any.js', 'dies.any.js', 'absent.any.js', 'scope.any.js?one', 'scope.any.js?two']
  const rows = await compareFiles(root, origin, files, columns)
  const [passes, differs, breaks, dies, absent, ...variants] = rows
  assert.deepEqual([passes.passed, passes.all, passes.differences], [[2, 2], 2, []])
  assert.deepEqual([differs.passed, differs.all], [[1, 0], 2])
  assert.deepEqual(differs.differences.map(({ name, passed }) => [name, passed]), [['only ours', [true, false]]])
  assert.deepEqual([breaks.passed, breaks.all], [[1, 1], 1])
  assert.match(breaks.verdicts[0]['(the file)'].message, /on purpose/)
  assert.deepEqual([dies.passed, dies.all], [[1, 1], 1])
  assert.match(dies.verdicts[1]['(the file)'].message, /before its end/)
  assert.deepEqual([absent.passed, absent.all], [[0, 0], 0])
  for (const row of variants) assert.deepEqual([row.passed, row.all, row.differences], [[4, 4], 4, []], row.file)
})

test('files, folders and variants are pages, each once', () => {
  const files = ['breaks.any.js', 'dies.any.js', 'differs.any.js', 'passes.any.js', 'scope.any.js?one', 'scope.any.js?two']
  assert.deepEqual(pagesOf(root, ['.']), files)
  assert.deepEqual(pagesOf(root, ['scope.any.js?one', 'passes.any.js']), ['scope.any.js?one', 'passes.any.js'])
  assert.throws(() => pagesOf(root, ['absent.any.js']), /absent\.any\.js is not there/)
})

test('the list names files once, of the tests of fetch', () => {
  const files = linesOf(path.join(__dirname, 'list.txt'))
  assert.ok(files.length > 50)
  assert.equal(new Set(files).size, files.length)
  for (const file of files) assert.match(file, /^(fetch|xhr\/formdata)\/[\w./-]+any\.js$/)
})
