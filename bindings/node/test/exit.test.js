'use strict'
// The process lives as long as something is in flight, and no longer.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { runNode, useOrigin } = require('./support')

const origin = useOrigin()

const prelude = `
  const keepalive = require('.')
  const base = process.argv[1]
`
const run = (source) => runNode(prelude + source, [origin.http])

test('loading the module does not keep the process alive', async () => {
  assert.deepEqual(await run('new keepalive.Client(); keepalive.stats()'), { code: 0, signal: null, stdout: '', stderr: '' })
})

test('idle connections do not keep the process alive', async () => {
  const ended = await run(`
    keepalive.request(base + '/ok').then((response) => response.body.text()).then(console.log)
  `)
  assert.deepEqual(ended, { code: 0, signal: null, stdout: 'ok\n', stderr: '' })
})

test('a request in flight keeps the process alive', async () => {
  const child = run(`
    keepalive.fetch(base + '/gate/alive').then((response) => response.text()).then(console.log)
  `)
  await origin.control('/_gate/alive/wait')
  await origin.control('/_gate/alive/open')
  assert.deepEqual(await child, { code: 0, signal: null, stdout: 'ok\n', stderr: '' })
})

test('a body being read keeps the process alive', async () => {
  const child = run(`
    keepalive.fetch(base + '/gate-body/rest?n=10&sent=5').then((response) => response.bytes())
      .then((bytes) => console.log(bytes.length))
  `)
  await origin.control('/_gate/rest/wait')
  await origin.control('/_gate/rest/open')
  assert.deepEqual(await child, { code: 0, signal: null, stdout: '10\n', stderr: '' })
})

test('process.exit with requests in flight is clean', async () => {
  const child = run(`
    for (let i = 0; i < 20; i += 1) keepalive.request(base + '/gate/exit').catch(() => {})
    keepalive.request(base + '/ok').then(() => process.exit(3))
  `)
  assert.deepEqual(await child, { code: 3, signal: null, stdout: '', stderr: '' })
})

test('an exception in the caller\'s continuation is uncaught as usual', async () => {
  const ended = await run(`
    keepalive.request(base + '/ok').then(() => { throw new Error('mine') })
  `)
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, /Error: mine/)
})

test('child processes can be started at any time', async () => {
  const ended = await run(`
    const { execFileSync } = require('node:child_process')
    ;(async () => {
      await (await keepalive.request(base + '/ok')).body.text()
      console.log(execFileSync('echo', ['child']).toString().trim())
      const again = await keepalive.request(base + '/ok')
      console.log(await again.body.text(), again.info.reused)
    })()
  `)
  assert.deepEqual(ended, { code: 0, signal: null, stdout: 'child\nok true\n', stderr: '' })
})
