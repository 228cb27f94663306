'use strict'
// What is built on fetch gets the same with `libkeepalive/register` as without, from a scripted server.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const path = require('node:path')
const { before, test } = require('node:test')
const { promisify } = require('node:util')
const { serve, textOf } = require('./support')

let server
const flaky = new Set()

/** Events of a stream, one after the other. */
function events(response, list) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  const next = () => {
    const text = list.shift()
    if (text === undefined) response.end()
    else response.write(text, () => setImmediate(next))
  }
  next()
}

const chunk = (content) => `data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] })}\n\n`
const said = (type, more = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`

const json = (response, value, status = 200, headers = {}) =>
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value))

const routes = {
  'POST /openai/v1/chat/completions': (response, body) =>
    JSON.parse(body).stream
      ? events(response, [chunk('one '), chunk('two'), 'data: [DONE]\n\n'])
      : json(response, { id: '1', object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: 'whole' } }] }),
  'POST /openai/v1/files': (response, body) => json(response, { id: body.includes('content') && body.includes('a.txt') ? 'file-1' : body }),
  'POST /anthropic/v1/messages': (response, body) =>
    JSON.parse(body).stream
      ? events(response, [
          said('message_start', { message: { id: '1', content: [], usage: {} } }),
          said('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
          said('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'hi' } }),
          said('message_stop'),
        ])
      : json(response, { id: '1', type: 'message', role: 'assistant', content: [{ type: 'text', text: 'whole' }], usage: {} }),
  'GET /github/repos/o/r': (response) => json(response, { full_name: 'o/r' }, 200, { 'X-Kind': 'repo' }),
  'GET /github/missing': (response) => json(response, { message: 'Not Found' }, 404),
  'GET /supabase/rest/v1/table': (response) => json(response, [{ id: 1 }]),
  'POST /supabase/rest/v1/table': (response, body) => json(response, [JSON.parse(body)], 201),
  'GET /flaky': (response, _, { search }) => {
    if (flaky.has(search)) response.end('second')
    else response.writeHead(503).end(String(flaky.add(search).size))
  },
  'POST /echo': (response, body, { search }) => json(response, { body, url: search }),
  'GET /large': (response) => response.end(Buffer.alloc(1_000_000)),
  'GET /never': () => {},
}

before(async () => {
  server = await serve(async (request, response) => {
    const url = new URL(request.url, 'http://a')
    const route = routes[`${request.method} ${url.pathname}`]
    const body = await textOf(request).catch(() => '')
    if (route === undefined) json(response, { error: `no ${request.method} ${request.url}` }, 404)
    else route(response, body, url)
  })
})

test('openai, anthropic, octokit, supabase, ky, ofetch and gaxios', async () => {
  const run = async (how) => {
    const { stdout } = await promisify(execFile)(process.execPath, [path.join(__dirname, 'sdks.js'), how, server.url])
    return JSON.parse(stdout.trim().split('\n').at(-1))
  }
  const [plain, ours] = [await run('plain'), await run('register')]
  assert.deepEqual(ours.results, plain.results)
  assert.deepEqual(ours.results.openai, ['whole', 'one two', 'file-1', 'APIUserAbortError'])
  assert.deepEqual(ours.results.anthropic, ['whole', ['message_start', 'content_block_start', 'content_block_delta', 'message_stop']])
  assert.deepEqual(ours.results.octokit, ['o/r', 200, 'repo', 404])
  assert.deepEqual(ours.results.supabase, [[{ id: 1 }], null, 201])
  assert.deepEqual(ours.results.ky, ['second', '{"a":1}', 'TimeoutError'])
  assert.deepEqual(ours.results.ofetch, ['{"b":2}', '?q=1', 404])
  assert.deepEqual(ours.results.gaxios, ['{"c":3}', 1_000_000])
  assert.ok(ours.reused >= 10, `${ours.reused} requests were sent on a connection that was there`)
})
