'use strict'
// undici.request on an Agent; pipelining stays at 1, as with every other client.

const { Agent, request } = require('undici')
const { run } = require('./harness')

run(__filename, ({ connections, ca }) => {
  const dispatcher = new Agent({ connections, keepAliveTimeout: 3_600_000, connect: { ca } })
  return {
    async get(url) {
      const { body } = await request(url, { dispatcher })
      return (await body.arrayBuffer()).byteLength
    },
    async stream(url) {
      const { body } = await request(url, { dispatcher })
      let got = 0
      for await (const piece of body) got += piece.length
      return got
    },
    async upload(url, data) {
      const { body } = await request(url, { dispatcher, method: 'POST', body: data })
      return (await body.arrayBuffer()).byteLength
    },
    hold: (url) => request(url, { dispatcher }),
    release: async ({ body }) => (await body.arrayBuffer()).byteLength,
  }
})
