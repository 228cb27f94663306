'use strict'
// Times a require and the first request after it, in this fresh process.

const fs = require('node:fs')
const { parseArgs } = require('node:util')

const text = { type: 'string' }
const { values: options } = parseArgs({ options: { url: text, module: text, length: text } })

// What a first request looks like: a client is made, and one GET whose body is read whole.
const first = {
  http: ({ get, Agent }, url) => new Promise((resolve, reject) => {
    get(url, { agent: new Agent({ keepAlive: true }) }, (response) => {
      const pieces = []
      response.on('data', (piece) => pieces.push(piece))
      response.on('end', () => resolve(Buffer.concat(pieces).length))
    }).on('error', reject)
  }),
  undici: async ({ request }, url) => (await (await request(url)).body.arrayBuffer()).byteLength,
  axios: async (axios, url) => (await axios.get(url, { responseType: 'arraybuffer' })).data.length,
  impit: async ({ Impit }, url) => (await (await new Impit().fetch(url)).bytes()).length,
  libkeepalive: async ({ Client }, url) =>
    (await (await new Client().request(url)).body.arrayBuffer()).byteLength,
}

const started = performance.now()
const loaded = require(options.module)
const imported = performance.now()
first[options.module](loaded, options.url).then((length) => {
  const answered = performance.now()
  if (length !== Number(options.length)) throw new Error(`body of ${length} bytes`)
  const result = {
    import: (imported - started) / 1000,
    first_request: (answered - imported) / 1000,
  }
  fs.writeSync(1, `${JSON.stringify(result)}\n`)
  process.exit(0)
})
