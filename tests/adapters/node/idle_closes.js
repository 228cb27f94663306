'use strict'
// `node idle_closes.js ours|built-in [GETS]`: how many requests of Node's built-in fetch fail over a server that closes
// idle connections at random moments, and how many POSTs it gets twice; a POST for every ten GETs. Prints one line of JSON.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const net = require('node:net')
const path = require('node:path')
const { packageRoot } = require('./support_paths')

const CALLERS = 16
/** Longest pause of a caller, and longest life of an idle connection, milliseconds: they meet often. */
const PAUSE = 4

/** Answers everything; after an answer its connection ends within a few milliseconds if nothing comes. */
function serve() {
  const posts = new Map()
  const server = net.createServer({ noDelay: true }, (socket) => {
    let text = ''
    let timer
    socket.on('error', () => {}).on('close', () => clearTimeout(timer))
    socket.on('data', (data) => {
      clearTimeout(timer)
      text += data.toString('latin1')
      for (;;) {
        const head = text.indexOf('\r\n\r\n')
        if (head === -1) return
        const length = Number(/\r\ncontent-length: *([0-9]+)/i.exec(text.slice(0, head))?.[1] ?? 0)
        const end = head + 4 + length
        if (text.length < end) return
        if (text.startsWith('POST')) {
          const id = text.slice(head + 4, end)
          posts.set(id, (posts.get(id) ?? 0) + 1)
        }
        text = text.slice(end)
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        const close = Math.random() < 0.5 ? () => socket.end() : () => socket.resetAndDestroy()
        timer = setTimeout(close, Math.random() * PAUSE)
      }
    })
  })
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
  process.on('message', () => process.send([...posts.values()].filter((times) => times > 1).length))
  process.on('disconnect', () => process.exit())
}

async function main(which, gets) {
  const server = fork(__filename, ['serve'])
  const [port] = await once(server, 'message')
  const url = `http://127.0.0.1:${port}/`
  if (which === 'ours') require(path.join(packageRoot, 'adapters', 'register.js'))
  const failed = { GET: {}, POST: {} }
  let number = 0
  const one = async (method, body) => {
    try {
      await (await fetch(url, { method, body })).text()
    } catch (error) {
      const code = error.cause?.code ?? error.message
      failed[method][code] = (failed[method][code] ?? 0) + 1
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * PAUSE))
  }
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    while (number < gets) {
      number += 1
      if (number % 10 === 0) await one('POST', `id ${number}`)
      await one('GET', undefined)
    }
  }))
  server.send('doubled?')
  const [doubled] = await once(server, 'message')
  server.disconnect()
  console.log(JSON.stringify({ which, node: process.version, gets: number, posts: Math.floor(number / 10), failed, doubled }))
  process.exit()
}

if (process.argv[2] === 'serve') serve()
else main(process.argv[2], Number(process.argv[3] ?? 100_000))
