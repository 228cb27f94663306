'use strict'
// What the tests of the adapters share.

const { once } = require('node:events')
const http = require('node:http')
const net = require('node:net')
const { after } = require('node:test')

const { packageRoot } = require('./support_paths')

const keepalive = require(packageRoot)

/** undici 8 needs this Node; the group runs on a newer one too. */
const runsUndici8 = (() => {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 19)
})()

/** The versions of undici that this Node can load. */
const undicis = ['undici6', 'undici', ...(runsUndici8 ? ['undici8'] : [])].map((name) => ({ name, undici: require(name) }))

const closing = []
// Of the file: a hook that is added inside another one runs with that.
after(() => {
  for (const close of closing) close()
})

/** A server of Node's on a free port, closed when the file's tests are over. */
async function serve(answer) {
  const server = http.createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.close()
    server.closeAllConnections()
  })
  server.url = `http://127.0.0.1:${server.address().port}`
  return server
}

/** A server that speaks bytes: `answer(socket, text)` for each piece it gets. */
async function serveBytes(answer) {
  const sockets = new Set()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    socket.on('data', (data) => answer(socket, data.toString('latin1')))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.url = `http://127.0.0.1:${server.address().port}`
  return server
}

/** The whole of what was sent, as text. */
async function textOf(readable) {
  const pieces = []
  for await (const piece of readable) pieces.push(piece)
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece))).toString('latin1')
}

/** Answers with what it saw of a request. */
async function echo(request, response) {
  let body
  try {
    body = await textOf(request)
  } catch {
    // The client went away.
    return
  }
  const { method, rawHeaders, url } = request
  response.setHeader('X-Mixed-Case', 'One')
  response.setHeader('Set-Cookie', ['a=1', 'b=2'])
  response.end(JSON.stringify({ method, url, headers: rawHeaders, body, port: request.socket.remotePort }))
}

module.exports = { echo, keepalive, packageRoot, serve, serveBytes, textOf, undicis }
