'use strict'
// libkeepalive's request.

const makeClient = require('./libkeepalive_client')
const { run } = require('./harness')

run(__filename, (options) => {
  const client = makeClient(options)
  return {
    async get(url) {
      const { body } = await client.request(url)
      return (await body.arrayBuffer()).byteLength
    },
    async stream(url) {
      const { body } = await client.request(url)
      let got = 0
      for await (const piece of body) got += piece.length
      return got
    },
    async upload(url, data) {
      const { body } = await client.request(url, { method: 'POST', body: data })
      return (await body.arrayBuffer()).byteLength
    },
    hold: (url) => client.request(url),
    release: async ({ body }) => (await body.arrayBuffer()).byteLength,
  }
})
