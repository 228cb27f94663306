'use strict'
// got on a keep-alive Agent.

const path = require('node:path')
const { pathToFileURL } = require('node:url')
const makeAgent = require('./agent')
const { run } = require('./harness')

run(__filename, async (options) => {
  // An ES module only, and `import` does not look at NODE_PATH.
  const file = path.join(process.env.NODE_PATH, 'got', 'dist', 'source', 'index.js')
  const { got } = await import(pathToFileURL(file))
  const agent = makeAgent(options)
  const client = got.extend({ agent: { http: agent, https: agent }, retry: { limit: 0 } })
  return {
    get: async (url) => (await client(url).buffer()).length,
  }
})
