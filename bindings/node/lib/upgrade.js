'use strict'
// `upgrade` and `connect`: requests whose answer hands its connection out.

const { URL } = require('node:url')
const { bridge } = require('./bridge')
const { argumentError, localError, publicUrl } = require('./errors')
const { Exchange } = require('./exchange')
const { fieldObject } = require('./completion_record')
const { HeaderBlock, collectHeaders } = require('./headers')
const { prepareRequest, urlText } = require('./request')
const { guarded } = require('./secrets')
const { UpgradedSocket } = require('./duplex')

/** The connection is handed out. */
const SWITCH = 64

/** For `upgrade(url, options)`. */
function prepareUpgrade(url, options) {
  const { protocol = 'websocket', ...rest } = objectOf(options)
  if (typeof protocol !== 'string' || protocol === '') {
    throw argumentError(`protocol: expected the name of a protocol; got ${JSON.stringify(protocol) ?? String(protocol)}`)
  }
  noBody(rest)
  const block = new HeaderBlock()
  collectHeaders(rest.headers, block)
  if (!block.has('connection')) block.add('Connection', 'upgrade')
  if (!block.has('upgrade')) block.add('Upgrade', protocol)
  const prepared = prepareRequest(url, { ...rest, headers: undefined })
  prepared.setHeaders(block)
  prepared.flags |= SWITCH
  return prepared
}

/** For `connect(url, options)`: `path` is the `host:port` that is asked for. */
function prepareConnect(url, options) {
  const { path, ...rest } = objectOf(options)
  noBody(rest)
  let text = urlText(url)
  if (path !== undefined) {
    if (typeof path !== 'string') throw argumentError(`path: expected "host:port"; got ${typeof path}`)
    text = withPath(text, path)
  }
  const prepared = prepareRequest(text, { ...rest, method: 'CONNECT' })
  prepared.flags |= SWITCH
  return prepared
}

function withPath(text, path) {
  let url
  try {
    url = new URL(text)
  } catch {
    throw argumentError(`url: expected an absolute URL; got ${JSON.stringify(publicUrl(text))}`, 'KA_INVALID_URL')
  }
  if (url.pathname !== '/' || url.search !== '') {
    throw argumentError(`path: the URL ${JSON.stringify(publicUrl(text))} has one already`)
  }
  url.hash = ''
  return url.href + (path.startsWith('/') ? path.slice(1) : path)
}

function objectOf(options) {
  if (options === undefined || options === null) return {}
  if (typeof options !== 'object') throw argumentError(`options: expected an object; got ${typeof options}`)
  return options
}

function noBody({ body }) {
  if (body !== undefined && body !== null) throw argumentError('body: none can be sent with this request')
}

/** An exchange that resolves to the connection of its answer. */
class Switching extends Exchange {
  onHead(record) {
    const { reject, resolve, slot, state } = this
    if (state === 'cancelled') {
      this.drop(false)
      return
    }
    let result
    try {
      result = handedOut(record, bridge.takeStream(slot), this.url)
    } catch (error) {
      this.drop(false)
      const failure = localError(error, this.url)
      failure.statusCode = record.status
      failure.headers = shownSafely(record.fields)
      reject(failure)
      return
    }
    this.drop(false)
    resolve(result)
  }
}

function handedOut(record, native, url) {
  const { info, status } = record
  return { statusCode: status, headers: shownSafely(record.fields), socket: new UpgradedSocket(native, url), info }
}

function shownSafely(fields) {
  return guarded(fieldObject(fields), fields)
}

module.exports = { Switching, prepareConnect, prepareUpgrade }
