'use strict'
// axios on a keep-alive Agent.

const axios = require('axios')
const makeAgent = require('./agent')
const { run } = require('./harness')

run(__filename, (options) => {
  const agent = makeAgent(options)
  const client = axios.create({
    httpAgent: agent,
    httpsAgent: agent,
    proxy: false,
    responseType: 'arraybuffer',
    maxBodyLength: Infinity,
  })
  return {
    get: async (url) => (await client.get(url)).data.length,
  }
})
