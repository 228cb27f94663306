'use strict'
// Servers that never come to an end: they hold up neither an abort, nor a limit, nor anybody else.

const assert = require('node:assert/strict')
const { after, test } = require('node:test')
const { Client } = require('..')
const { useOrigin } = require('./support')

const FORMS = ['plain', 'chunked', 'one-byte-chunks', 'gzip', 'zstd', 'br']
const LIMIT = { timeout: 60_000 }
const origin = useOrigin()
const client = new Client({ maxBodySize: 5_000_000 })
after(() => client.close())

const endless = (form, init) => client.fetch(`${origin.http}/endless/${form}`, init)
const ok = async () => (await client.fetch(`${origin.http}/ok`)).text()

for (const form of FORMS) {
  test(`${form}: others get their turn, an abort ends it`, LIMIT, async () => {
    const control = new AbortController()
    const response = await endless(form, { signal: control.signal })
    let pieces = 0
    const reading = (async () => {
      for await (const _ of response.body) pieces += 1
    })()
    reading.catch(() => {})
    // Each of these is sent and answered while the stream is being read.
    for (let i = 0; i < 20; i += 1) assert.equal(await ok(), 'ok')
    while (pieces < 3) await ok()
    control.abort(new Error('enough'))
    await assert.rejects(reading, /enough/)
    while (client.stats().active > 0) await ok()
  })

  test(`${form}: collecting it ends with maxBodySize, or an abort, or the total limit`, LIMIT, async () => {
    await assert.rejects((await endless(form, { totalTimeout: form === 'one-byte-chunks' ? 300 : 0 })).arrayBuffer(), (error) => {
      return /maxBodySize|max_body_size/.test(error.cause.message) || error.cause.code === 'KA_TOTAL_TIMEOUT'
    })
    const control = new AbortController()
    const response = await endless(form, { signal: control.signal })
    const collecting = response.text()
    collecting.catch(() => {})
    assert.equal(await ok(), 'ok')
    control.abort(new Error('enough'))
    await assert.rejects(collecting, /enough|maxBodySize|terminated/)
    const limited = await endless(form, { totalTimeout: 100 })
    await assert.rejects(async () => { for await (const _ of limited.body); }, (error) => error.cause.code === 'KA_TOTAL_TIMEOUT')
  })

  test(`${form}: nothing is read ahead of who does not read`, LIMIT, async () => {
    const response = await endless(form)
    const reader = response.body.getReader()
    const { value } = await reader.read()
    assert.ok(value.length > 0 && value.length <= 1024 * 1024, `${value.length} bytes in a piece`)
    const before = process.memoryUsage().rss
    for (let i = 0; i < 50; i += 1) await ok()
    assert.ok(process.memoryUsage().rss - before < 60_000_000)
    await reader.cancel()
  })
}
