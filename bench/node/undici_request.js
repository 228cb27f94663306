'use strict'
// undici.request on an Agent, or on the one for the environment's proxies; pipelining is 1, as with every other client, unless asked for.

const { Agent, EnvHttpProxyAgent, request } = require('undici')
const { run } = require('./harness')

run(__filename, ({ connections, pipelining, ca }) => {
  const Dispatcher = process.env.http_proxy === undefined ? Agent : EnvHttpProxyAgent
  const tls = { ca }
  const dispatcher = new Dispatcher({
    connections,
    pipelining,
    keepAliveTimeout: 3_600_000,
    connect: tls,
    requestTls: tls,
    // http is forwarded, as by the others: by default undici asks for a tunnel there too.
    proxyTunnel: false,
  })
  return {
    async get(url) {
      // Without it no request follows another whose head has not come, whatever `pipelining` says.
      const { body } = await request(url, { dispatcher, blocking: pipelining > 1 ? false : undefined })
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
