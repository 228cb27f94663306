'use strict'
// What http.request and https.request do on an agent.

const http = require('node:http')
const https = require('node:https')

function whole(response) {
  return new Promise((resolve, reject) => {
    const pieces = []
    response.on('data', (piece) => pieces.push(piece))
    response.on('end', () => resolve(Buffer.concat(pieces).length))
    response.on('error', reject)
  })
}

function counted(response) {
  return new Promise((resolve, reject) => {
    let got = 0
    response.on('data', (piece) => { got += piece.length })
    response.on('end', () => resolve(got))
    response.on('error', reject)
  })
}

module.exports = ({ origin, url }, agent) => {
  const { request } = origin.startsWith('https:') ? https : http
  const target = new URL(url)
  const exchange = (method, data, read) => new Promise((resolve, reject) => {
    const headers = data ? { 'content-length': data.length } : {}
    const call = request(target, { agent, method, headers }, (response) => resolve(read(response)))
    call.on('error', reject)
    call.end(data)
  })
  return {
    get: () => exchange('GET', undefined, whole),
    stream: () => exchange('GET', undefined, counted),
    upload: (_, data) => exchange('POST', data, whole),
  }
}
