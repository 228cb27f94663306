'use strict'
// A client from any function that works as WHATWG fetch.

module.exports = (fetch, init = {}) => ({
  get: async (url) => (await (await fetch(url, init)).arrayBuffer()).byteLength,
  async stream(url) {
    const { body } = await fetch(url, init)
    let got = 0
    for await (const piece of body) got += piece.length
    return got
  },
  async upload(url, data) {
    const response = await fetch(url, { ...init, method: 'POST', body: data })
    return (await response.arrayBuffer()).byteLength
  },
  hold: (url) => fetch(url, init),
  release: async (response) => (await response.arrayBuffer()).byteLength,
})
