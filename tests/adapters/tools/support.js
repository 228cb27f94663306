'use strict'
// What the tests of tools share: a server, a place where the package lies as npm puts it, and the table of the documents.

const { execFile } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { promisify } = require('node:util')

const root = path.join(__dirname, '..', '..', '..')
const packageRoot = path.join(root, 'bindings', 'node')
const modules = path.join(__dirname, 'node_modules')

/** What `features.js` and the mocks ask. */
async function serve() {
  const server = http.createServer(async (request, response) => {
    response.setHeader('X-Server', 'yes')
    const pieces = []
    try {
      for await (const piece of request) pieces.push(piece)
    } catch {
      return
    }
    const body = Buffer.concat(pieces)
    const [, what, number] = request.url.split('/')
    if (what === 'echo') response.end(JSON.stringify({ method: request.method, headers: request.headers, body: body.toString() }))
    else if (what === 'size') response.end(String(body.length))
    else if (what === 'bytes') response.end(Buffer.alloc(Number(number), 'x'))
    else if (what === 'moved') response.writeHead(302, { location: '/text' }).end()
    else if (what !== 'never') response.end(what)
  })
  server.on('upgrade', (_request, socket, head) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.write(head)
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** A folder with the package and the packages of those names in its `node_modules`. */
function place(names) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), 'keepalive-tools-')))
  const own = path.join(folder, 'node_modules', 'libkeepalive')
  fs.mkdirSync(own, { recursive: true })
  for (const name of ['index.js', 'index.mjs', 'package.json', 'lib', 'adapters']) {
    fs.cpSync(path.join(packageRoot, name), path.join(own, name), { recursive: true })
  }
  fs.copyFileSync(path.join(packageRoot, 'keepalive.node'), path.join(own, 'keepalive.node'))
  for (const name of names) fs.cpSync(path.join(modules, name), path.join(folder, 'node_modules', name), { recursive: true })
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "commonjs" }')
  fs.copyFileSync(path.join(__dirname, 'features.js'), path.join(folder, 'features.js'))
  return folder
}

const run = promisify(execFile)

/** What a program printed. */
async function outputOf(program, args, cwd, env = {}) {
  const { NODE_EXTRA_CA_CERTS, NODE_TEST_CONTEXT, ...surroundings } = process.env
  try {
    const { stdout } = await run(program, args, { cwd, env: { ...surroundings, ...env }, timeout: 100_000, maxBuffer: 1 << 24 })
    return stdout
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')}: ${error.message}\n${error.stdout}\n${error.stderr}`)
  }
}

/** What `features.js` told, in whatever it ran. */
async function featuresBy(program, args, cwd, env) {
  return JSON.parse((await outputOf(program, args, cwd, env)).trim().split('\n').at(-1))
}

/** The rows of a table of docs/node-tools.md, counted after that heading: the cells by the first one. */
function tableAfter(heading, number = 0) {
  const text = fs.readFileSync(path.join(root, 'docs', 'node-tools.md'), 'utf8')
  const [section] = text.slice(text.indexOf(`## ${heading}`) + 3).split('\n## ')
  const tables = section.split('\n\n').filter((part) => part.startsWith('|'))
  const rows = new Map()
  for (const line of tables[number].trim().split('\n').slice(2)) {
    const [name, ...cells] = line.split('|').slice(1, -1).map((cell) => cell.trim())
    rows.set(name, cells)
  }
  return rows
}

/** The version of a package, as the tests have it. */
function versionOf(name) {
  return require('./package.json').dependencies[name]
}

/** The executable that comes with a package, which has one for each platform. */
function executable(folder, file) {
  const [found, ...others] = fs.readdirSync(path.join(modules, folder))
  if (found === undefined || others.length !== 0) throw new Error(`${folder}: expected the package for this platform alone`)
  return path.join(modules, folder, found, file)
}

module.exports = { executable, featuresBy, modules, outputOf, packageRoot, place, serve, tableAfter, versionOf }
