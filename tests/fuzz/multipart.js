'use strict'
// multipart.js SECONDS [SEED]: random forms through the Node client, read back by Node's own Response.formData().
// The names and contents are made of what could end a header field, a part or the form.

const assert = require('node:assert/strict')
const { Client } = require('../../bindings/node')
const { startOrigin } = require('../../bindings/node/test/support')

const seconds = Number(process.argv[2])
const seed = Number(process.argv[3] ?? 1)
const words = [
  '"', '\\', '\r', '\n', '\r\n', '\r\n\r\n', ';', '; name=x', '=', '%22', '%0D', '%', '--', '\t', ' ', "'", ':',
  '\x7f', '\u00e9', '\u4e2d', '\u{1f600}', '\u2028', 'a', 'name', 'file.txt', 'x'.repeat(300),
  'Content-Type: text/html', '"; filename="evil', 'form-data',
]

/** mulberry32: the same numbers on every machine. */
function random(seed) {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

function word(draw, of = words, most = 5) {
  let text = ''
  for (let left = draw(most + 1); left > 0; left -= 1) text += of[draw(of.length)]
  return text
}

/** A form, and what must be read of it: line ends in names and texts are CRLF (WHATWG HTML 4.10.21.8). */
function makeForm(draw, boundary) {
  const nasty = [...words, '\0', `\r\n--${boundary}`, `\r\n--${boundary}--\r\n`, `--${boundary}`]
  const lines = (text) => text.replace(/\r?\n|\r/g, '\r\n')
  // A name that spells an escape cannot be told from one that needs it.
  const read = (name) => name.replace(/%22/g, '"').replace(/%0D/g, '\r').replace(/%0A/g, '\n')
  const form = new FormData()
  const expected = []
  for (let left = 1 + draw(4); left > 0; left -= 1) {
    const name = word(draw)
    if (draw(2) === 0) {
      const text = word(draw, nasty)
      form.append(name, text)
      expected.push([read(lines(name)), lines(text)])
    } else {
      const bytes = Buffer.concat([Buffer.from(word(draw, nasty)), Buffer.from([0, 255, 13, 10, draw(256)])])
      const file = new File([bytes], `f${word(draw)}`, { type: ['', 'text/plain', 'a/b;c=d'][draw(3)] })
      form.append(name, file)
      const type = file.type || 'application/octet-stream'
      expected.push([read(lines(name)), { name: read(file.name), type, bytes }])
    }
  }
  return { form, expected }
}

async function readBack(type, body) {
  const form = await new globalThis.Response(body, { headers: { 'content-type': type } }).formData()
  const seen = []
  for (const [name, value] of form) {
    if (typeof value === 'string') seen.push([name, value])
    else seen.push([name, { name: value.name, type: value.type, bytes: Buffer.from(await value.arrayBuffer()) }])
  }
  return seen
}

async function main() {
  const origin = await startOrigin()
  const client = new Client()
  const end = performance.now() + 1000 * seconds
  let boundary = 'x'
  let rounds = 0
  for (; performance.now() < end; rounds += 1) {
    const { form, expected } = makeForm(random(seed * 1_000_003 + rounds), boundary)
    try {
      const answer = await client.request(`${origin.http}/echo-body`, { method: 'POST', body: form })
      assert.equal(answer.statusCode, 200)
      const type = answer.headers['content-type']
      assert.deepEqual(await readBack(type, Buffer.from(await answer.body.arrayBuffer())), expected)
      // It stands in the next form: a boundary that were used again would end a part.
      boundary = type.split('boundary=')[1]
    } catch (error) {
      console.error(`round ${rounds} of seed ${seed}: ${JSON.stringify(expected)}`)
      throw error
    }
  }
  client.close()
  await origin.stop()
  assert.ok(rounds > 20 * seconds, `only ${rounds} forms`)
  console.log(`${rounds} forms, seed ${seed}`)
}

main()
