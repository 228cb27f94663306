'use strict'

const { Client } = require('./lib/client')
const { globalClass } = require('./lib/captured')
const { KeepaliveError } = require('./lib/errors')

// One argument has to be given, and functions tell that (`fetch.length`).
function fetch(input, init = undefined) {
  return Client.shared().fetch(input, init)
}

function request(url, options) {
  return Client.shared().request(url, options)
}

function upgrade(url, options) {
  return Client.shared().upgrade(url, options)
}

function connect(url, options) {
  return Client.shared().connect(url, options)
}

function download(url, path, options) {
  return Client.shared().download(url, path, options)
}

function stats() {
  return Client.shared().stats()
}

module.exports = {
  Client,
  /** Loaded when it is asked for, as most of the package is. */
  get CookieJar() {
    return require('./lib/cookies').CookieJar
  },
  get KeepaliveDispatcher() {
    return require('./lib/dispatcher/dispatcher').KeepaliveDispatcher
  },
  KeepaliveError,
  // Those of the global scope: what is made of them is what every other package takes.
  get FormData() {
    return globalClass('FormData')
  },
  get Headers() {
    return globalClass('Headers')
  },
  get Request() {
    return globalClass('Request')
  },
  get Response() {
    return require('./lib/response').Response
  },
  connect,
  download,
  fetch,
  request,
  stats,
  upgrade,
}
