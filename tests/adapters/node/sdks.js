'use strict'
// Asks through the SDKs that are built on fetch, and prints what each got: `node sdks.js register|plain URL`.

const [, , how, url] = process.argv

const { join } = require('node:path')
const { packageRoot } = require('./support_paths')

const dispatcher = how === 'register' ? require(join(packageRoot, 'adapters', 'register.js')).register() : undefined

const sdks = {
  async openai() {
    const { default: OpenAI } = await import('openai')
    const client = new OpenAI({ apiKey: 'k', baseURL: `${url}/openai/v1`, maxRetries: 2 })
    const whole = await client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })
    let streamed = ''
    for await (const piece of await client.chat.completions.create({ model: 'm', messages: [], stream: true })) {
      streamed += piece.choices[0]?.delta?.content ?? ''
    }
    const file = await client.files.create({ file: await OpenAI.toFile(Buffer.from('content'), 'a.txt'), purpose: 'assistants' })
    const aborter = new AbortController()
    const stopped = client.models.list({ signal: aborter.signal, path: '/never' }).catch((error) => error.constructor.name)
    aborter.abort()
    return [whole.choices[0].message.content, streamed, file.id, await stopped]
  },
  async anthropic() {
    const { default: Anthropic } = await import('@anthropic-ai/sdk')
    const client = new Anthropic({ apiKey: 'k', baseURL: `${url}/anthropic` })
    const message = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }
    const whole = await client.messages.create(message)
    const events = []
    for await (const event of await client.messages.create({ ...message, stream: true })) events.push(event.type)
    return [whole.content[0].text, events]
  },
  async octokit() {
    const { Octokit } = await import('@octokit/core')
    const octokit = new Octokit({ baseUrl: `${url}/github` })
    const { data, status, headers } = await octokit.request('GET /repos/{owner}/{repo}', { owner: 'o', repo: 'r' })
    const missing = await octokit.request('GET /missing').catch((error) => error.status)
    return [data.full_name, status, headers['x-kind'], missing]
  },
  async supabase() {
    const { createClient } = await import('@supabase/supabase-js')
    const client = createClient(`${url}/supabase`, 'key', {
      auth: { persistSession: false, autoRefreshToken: false },
      realtime: { transport: require('ws') },
    })
    const { data, error } = await client.from('table').select('*').eq('id', 1)
    const inserted = await client.from('table').insert({ name: 'x' }).select()
    return [data, error, inserted.status]
  },
  async ky() {
    const { default: ky } = await import('ky')
    const retried = await ky(`${url}/flaky?n=${how}`, { retry: { limit: 2, delay: () => 1 } }).text()
    const created = await ky.post(`${url}/echo`, { json: { a: 1 } }).json()
    const slow = await ky(`${url}/never`, { timeout: 20, retry: 0 }).catch((error) => error.name)
    return [retried, created.body, slow]
  },
  async ofetch() {
    const { ofetch } = await import('ofetch')
    const got = await ofetch(`${url}/echo`, { method: 'POST', body: { b: 2 }, query: { q: 1 } })
    const missing = await ofetch(`${url}/github/missing`).catch((error) => error.status)
    return [got.body, got.url, missing]
  },
  async gaxios() {
    const { Gaxios } = await import('gaxios')
    const client = new Gaxios()
    const got = await client.request({ url: `${url}/echo`, method: 'POST', data: { c: 3 }, fetchImplementation: fetch })
    const stream = await client.request({ url: `${url}/large`, responseType: 'stream', fetchImplementation: fetch })
    let size = 0
    for await (const piece of stream.data) size += piece.length
    return [got.data.body, size]
  },
}

async function main() {
  const results = {}
  for (const [name, ask] of Object.entries(sdks)) {
    try {
      results[name] = await ask()
    } catch (error) {
      results[name] = String(error.stack)
    }
  }
  const opened = dispatcher?.client.stats()
  console.log(JSON.stringify({ results, opened: opened?.opened, reused: opened?.reused }))
  process.exit(0)
}

main()
