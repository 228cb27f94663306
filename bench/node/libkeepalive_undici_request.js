'use strict'
// undici.request on libkeepalive's dispatcher.

const { request } = require('undici')
const { KeepaliveDispatcher } = require('libkeepalive')
const { run } = require('./harness')

run(__filename, ({ ca, connections, mode }) => {
  const room = mode === 'idle' ? { maxTotal: connections } : {}
  const dispatcher = new KeepaliveDispatcher({ connections, ...room, ...(ca ? { caPem: ca } : {}) })
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
