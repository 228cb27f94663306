'use strict'

const { Client } = require('./lib/client')
const { KeepaliveError } = require('./lib/errors')
const { Response } = require('./lib/response')

function fetch(input, init) {
  return Client.shared().fetch(input, init)
}

function request(url, options) {
  return Client.shared().request(url, options)
}

function stats() {
  return Client.shared().stats()
}

module.exports = { Client, KeepaliveError, Response, fetch, request, stats }
