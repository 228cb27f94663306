'use strict'
// The runner itself, over files of its own: verdicts are read, told apart and compared, whatever becomes of a file.

const assert = require('node:assert/strict')
const { createReadStream, existsSync } = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { compareFiles, filesOf } = require('./run')

const root = path.join(__dirname, 'sample')
let server
let origin
before(async () => {
  server = http.createServer(({ url }, response) => {
    const file = path.join(root, path.normalize(url))
    if (url === '/moved') response.writeHead(302, { Location: '/' }).end()
    else if (existsSync(file)) createReadStream(file).pipe(response)
    else response.writeHead(404).end()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${server.address().port}`
})
after(() => server.close())

test('verdicts of ours and of Node, and where they differ', async () => {
  const [passes, differs, breaks, absent] = await compareFiles(root, origin, ['passes.any.js', 'differs.any.js', 'breaks.any.js', 'absent.any.js'])
  assert.deepEqual([passes.ours, passes.node, passes.all, passes.differences], [2, 2, 2, []])
  assert.deepEqual([differs.ours, differs.node, differs.all], [1, 0, 2])
  assert.deepEqual(differs.differences.map(({ name, ours }) => [name, ours]), [['only ours', true]])
  assert.ok(breaks.all >= 1 && breaks.differences.length === 0)
  assert.deepEqual([absent.ours, absent.node], [0, 0])
})

test('the list names files once, below fetch/', () => {
  const files = filesOf(path.join(__dirname, 'list.txt'))
  assert.ok(files.length > 50)
  assert.equal(new Set(files).size, files.length)
  for (const file of files) assert.match(file, /^fetch\/[\w./-]+any\.js$/)
})
