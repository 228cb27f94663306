'use strict'
// libkeepalive/register: every fetch of a process and its workers, in programs of their own.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const { once } = require('node:events')
const http = require('node:http')
const path = require('node:path')
const { before, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { echo, packageRoot, serve, undicis } = require('./support')

const REGISTER = path.join(packageRoot, 'adapters', 'register.js')
const { startOrigin } = require(path.join(packageRoot, 'test', 'support.js'))
const names = undicis.map(({ name }) => name)
let server

before(async () => {
  server = await serve((request, response) => {
    if (request.url === '/wide') response.writeHead(200, { 'X-Wide': 'w'.repeat(20_000) }).end()
    else if (request.url !== '/never') echo(request, response)
  })
})

/** Runs a program; what it printed last, as JSON. It has `get(path)`, which says by which port the server was asked. */
function run(source, { args = [], env = {} } = {}) {
  const prelude = `
    const url = ${JSON.stringify(server.url)}
    const REGISTER = ${JSON.stringify(REGISTER)}
    const slots = () => [1, 2].map((n) => globalThis[Symbol.for('undici.globalDispatcher.' + n)])
    const kind = (dispatcher) => dispatcher?.constructor.name
    const get = async (fetch = globalThis.fetch) => (await (await fetch(url + '/')).json()).port
    const say = (value) => console.log(JSON.stringify(value))
    const code = (error) => error.cause?.code ?? error.code ?? String(error)
    ;(async () => { ${source} })()`
  return new Promise((resolve, reject) => {
    const options = { cwd: __dirname, env: { ...process.env, ...env } }
    execFile(process.execPath, [...args, '-e', prelude], options, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`${stderr}\n${stdout}`))
      else resolve(JSON.parse(stdout.trim().split('\n').at(-1)))
    })
  })
}

/** A URL at which nobody listens. */
async function unused() {
  const other = http.createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address()
  other.close()
  return `http://127.0.0.1:${port}/`
}

const IMPORT = ['--import', pathToFileURL(REGISTER).href.replace(/\.js$/, '.mjs')]

test('by --import, before the first fetch: one connection, both places', async () => {
  const [ports, kinds] = await run('say([[await get(), await get(), await get()], slots().map(kind)])', { args: IMPORT })
  assert.equal(new Set(ports).size, 1)
  assert.deepEqual(kinds, ['KeepaliveDispatcher', 'KeepaliveDispatcher'])
})

test('after the first fetch, and back: what was there is there again', async () => {
  const [first, mine, again, last, gave, twice] = await run(`
    const old = slots()
    const first = await get()
    const loaded = slots()
    const { register, unregister } = require(REGISTER)
    const mine = await get()
    register()
    const again = await get()
    const gave = unregister()
    if (slots().some((one, i) => one !== loaded[i] && Object.getPrototypeOf(one) !== loaded[0])) throw new Error('others')
    say([first, mine, again, await get(), gave, unregister()])`)
  assert.notEqual(first, mine)
  assert.equal(again, mine)
  assert.notEqual(last, mine)
  assert.deepEqual([gave, twice], [true, false])
})

test('unregister before any fetch leaves a fetch that works', async () => {
  const [port, kinds] = await run(`
    require(REGISTER).unregister()
    say([await get(), slots().map(kind).filter((name) => name !== undefined)])`)
  assert.equal(typeof port, 'number')
  assert.ok(!kinds.includes('KeepaliveDispatcher'))
})

for (const name of names) {
  test(`${name} loaded later, and earlier`, async () => {
    const [later, earlier, newer] = await run(`
      const { unregister, register } = require(REGISTER)
      const own = await get()
      const undici = require('${name}')
      const later = [await get(undici.fetch) === own, (await (await undici.request(url)).body.json()).port === own, kind(undici.getGlobalDispatcher())]
      unregister()
      const back = await get(undici.fetch)
      register()
      const earlier = [await get(undici.fetch) === own, await get() === own, back !== own]
      undici.setGlobalDispatcher(new undici.Agent())
      const newer = [unregister(), await get(undici.fetch) !== own]
      say([later, earlier, newer])`)
    assert.deepEqual(later, [true, true, 'KeepaliveDispatcher'])
    assert.deepEqual(earlier, [true, true, true])
    assert.equal(newer[1], true, 'what the program put there since is not touched')
  })

  test(`${name}: the limits of its Agent are taken over`, async () => {
    const codes = await run(`
      const undici = require('${name}')
      undici.setGlobalDispatcher(new undici.Agent({ maxHeaderSize: 40_000 }))
      const { register, unregister } = require(REGISTER)
      const wide = (await undici.fetch(url + '/wide')).status
      unregister()
      undici.setGlobalDispatcher(new undici.Agent({ headersTimeout: 20 }))
      register()
      say([await undici.fetch(url + '/never').catch(code), wide])`)
    assert.deepEqual(codes, ['UND_ERR_HEADERS_TIMEOUT', 200])
  })

  test(`${name}: so is whom its Agent trusts, and what cannot be is refused`, async () => {
    const origin = await startOrigin()
    const seen = await run(`
      const undici = require('${name}')
      const ca = require('node:fs').readFileSync(${JSON.stringify(origin.ca_file)})
      const secure = ${JSON.stringify(origin.https)} + '/json'
      const { register, unregister } = require(REGISTER)
      const seen = [await fetch(secure).then(() => 'trusted', code)]
      const instead = (connect) => { unregister(); undici.setGlobalDispatcher(new undici.Agent({ connect })) }
      const status = async () => [(await fetch(secure)).status, (await undici.fetch(secure)).status]
      instead({ ca }); register(); seen.push(await status())
      instead({ rejectUnauthorized: false }); register(); seen.push(await status())
      instead(() => {})
      for (const options of [undefined, { connect: {} }]) {
        try { register(options); seen.push(await fetch(secure).catch(code)) } catch (error) { seen.push([error.code, error.message]) }
      }
      instead({ ciphers: 'x' })
      try { register() } catch (error) { seen.push(error.code) }
      say(seen)`)
    await origin.stop()
    assert.deepEqual(seen.slice(0, 3), ['KA_CERTIFICATE_REJECTED', [200, 200], [200, 200]])
    assert.equal(seen[3][0], 'UND_ERR_NOT_SUPPORTED')
    assert.match(seen[3][1], /connect: .*leaves it out/)
    assert.deepEqual(seen.slice(4), ['KA_CERTIFICATE_REJECTED', 'UND_ERR_INVALID_ARG'])
  })
}

test('fetch\'s own limits and errors', async () => {
  const closed = await unused()
  const codes = await run(`
    require(REGISTER)
    say([await fetch(url + '/wide').catch(code), await fetch(${JSON.stringify(closed)}).catch(code), await fetch('http://no-such.invalid/').catch(code),
      await fetch(url + '/never', { signal: AbortSignal.timeout(20) }).catch((error) => error.name)])`)
  assert.deepEqual(codes, ['UND_ERR_HEADERS_OVERFLOW', 'ECONNREFUSED', 'ENOTFOUND', 'TimeoutError'])
})

for (const [flag, kind] of [['--import', 'a file'], ['--require', 'a file'], ['--require', 'a text']]) {
  test(`workers share the connections: ${flag}, ${kind}`, async () => {
    const args = flag === '--import' ? IMPORT : ['--require', REGISTER]
    const [mine, theirs] = await run(`
      const { Worker } = require('node:worker_threads')
      const mine = await get()
      const source = require('node:fs').readFileSync('worker.js', 'utf8')
      const worker = ${kind === 'a file'} ? new Worker('./worker.js', { workerData: url }) : new Worker(source, { eval: true, workerData: url })
      worker.once('message', (port) => say([mine, port]))`, { args })
    assert.equal(theirs, mine)
  })
}

test('the environment\'s proxy, where Node is told to use it', async () => {
  const proxied = []
  const proxy = http.createServer((request, response) => {
    proxied.push(request.url)
    response.end(JSON.stringify({ port: 'proxied' }))
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = `http://127.0.0.1:${proxy.address().port}`
  const source = `require(REGISTER); say((await (await fetch('http://elsewhere.example/a')).json()).port)`
  const through = await run(source, { env: { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: address, http_proxy: address } })
  assert.equal(through, 'proxied')
  assert.deepEqual(proxied, ['http://elsewhere.example/a'])
  const env = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: address, http_proxy: address, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
  assert.equal(typeof await run('require(REGISTER); say(await get())', { env }), 'number')
  const untold = { HTTP_PROXY: address, http_proxy: address, NODE_USE_ENV_PROXY: '' }
  assert.equal(typeof await run('require(REGISTER); say(await get())', { env: untold }), 'number')
  proxy.close()
  proxy.closeAllConnections()
})

test('options that make no sense are refused, and nothing is changed', async () => {
  const codes = await run(`
    const { register, unregister } = require(REGISTER)
    unregister()
    const before = slots()
    const codes = [7, null, { headersTimeout: 'x' }, { nonsense: 1 }].map((options) => { try { register(options) } catch (error) { return error.code } })
    say([codes, slots().every((one, i) => one === before[i])])`)
  assert.deepEqual(codes, [['UND_ERR_INVALID_ARG', 'UND_ERR_INVALID_ARG', 'UND_ERR_INVALID_ARG', 'UND_ERR_INVALID_ARG'], true])
})
