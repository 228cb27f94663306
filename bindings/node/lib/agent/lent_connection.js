'use strict'
// What an http.ClientRequest of Node's takes for its socket. The request that is written to it goes out on a
// connection of the pool, and the response comes back as the server wrote it, framing apart.

const { Duplex } = require('node:stream')
const { ignore, soon } = require('../captured')
const { bridge } = require('../bridge')
const { Exchange } = require('../exchange')
const { ENDED, HERE } = require('../incoming')
const { UpgradedSocket } = require('../duplex')
const { KeepaliveError } = require('../errors')
const { INFORM, STREAM, SWITCH } = require('../flags')
const { limitNames } = require('../native')
const { prepareBody } = require('../upload')
const { placeOf, systemError, systemErrorOf } = require('../system_error')
const { setTarget } = require('../target')
const { RequestReader, wrong } = require('./request_reader')
const { fieldLines, headText, valueOf, wholeOf } = require('./response_text')
const { Written } = require('./written')

/** For the attempt at one address while there is another: Node's own (`autoSelectFamilyAttemptTimeout`). */
const ATTEMPT = limitNames().map((name) => (name === 'connectTimeout' ? 250 : NaN))

/** No connection was made. */
const UNREACHED = new Set(['KA_CONNECT_FAILED', 'KA_CONNECT_TIMEOUT'])

/** What is between Node and this connection, and not for the server. */
const OWN_FIELDS = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'content-length'])

/** An exchange whose response is written to a connection. */
class ServedExchange extends Exchange {
  constructor(connection) {
    super(ignore, (error) => connection.failed(error), (incoming) => connection.onResponse(incoming))
    this.connection = connection
  }

  onInformational(record) {
    if (this.state === 'pending') this.connection.onInformational(record)
  }

  onWantBody(again) {
    this.connection.onWantBody()
    super.onWantBody(again)
  }

  onHead(record) {
    if (this.connection.reader.isOpen && this.state === 'pending') {
      let native
      try {
        native = bridge.takeStream(this.slot)
      } catch {
        if (record.last) bridge.discard(this.slot)
        super.onHead(record)
        return
      }
      const { connection } = this
      this.drop(false)
      connection.onSwitch(record, new UpgradedSocket(native, this.url))
      return
    }
    super.onHead(record)
  }
}

class LentConnection extends Duplex {
  #lender
  #roads // a request's own options for each address to try, as names and values in turn
  #road = 0
  #unled // what was written before it was known where to
  #whole // a request that is here, and has not met a server
  #isSaidConnected = false
  #exchange
  #incoming
  #isPulling = false
  #isWanted = false
  #written
  #isChunked = false
  #isDelimited = false // the end of the response can be told by what is before it
  #left = 0 // bytes of a body whose length is said
  #isOver = false // the response, or all of it
  #stream
  #timer
  #timeout = 0
  #saidContinue = false

  /** `lender` is `{ native, base, isVerified }`. */
  constructor(lender) {
    super({ allowHalfOpen: true, decodeStrings: false, emitClose: false, readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024 })
    this.#lender = lender
    this.reader = new RequestReader()
    this.connecting = false
    this.encrypted = lender.base.startsWith('https:')
    if (this.encrypted) {
      this.authorized = lender.isVerified
      this.authorizationError = lender.isVerified ? null : 'CERT_NOT_VERIFIED'
    }
    this.bytesRead = this.bytesWritten = 0
    // After 'socket' of the request that it is made for.
    process.nextTick(() => process.nextTick(() => this.#tellConnected()))
  }

  /**
   * For who waits for it before it writes, and who looks at certificates then: there is none yet, which is better seen
   * before the request is sent than never.
   */
  #tellConnected() {
    if (this.#isSaidConnected || this.destroyed) return
    this.#isSaidConnected = true
    this.emit('connect')
    this.emit('ready')
    if (this.encrypted) this.emit('secureConnect')
  }

  /** Where to: options for each address of the host. */
  lead(roads) {
    this.#roads = roads
    const written = this.#unled
    this.#unled = undefined
    if (written !== undefined) this.#take(...written)
  }

  // What users of sockets call.

  setTimeout(timeout, listener) {
    this.#timeout = timeout
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (listener !== undefined) {
      if (timeout === 0) this.removeListener('timeout', listener)
      else this.once('timeout', listener)
    }
    if (timeout > 0 && !this.destroyed) {
      this.#timer = setTimeout(() => this.emit('timeout'), Math.min(timeout, 2 ** 31 - 1))
      this.#timer.unref()
    }
    return this
  }

  get timeout() {
    return this.#timeout === 0 ? undefined : this.#timeout
  }

  setKeepAlive() {
    return this
  }

  setNoDelay() {
    return this
  }

  ref() {
    return this
  }

  unref() {
    return this
  }

  address() {
    return {}
  }

  get remoteAddress() {
    const [, six, four] = this.#place()
    return six ?? four
  }

  get remotePort() {
    const port = this.#place()[3]
    return port === undefined ? undefined : Number(port)
  }

  #place() {
    const text = this.#incoming?.record.info.peerAddress
    return /^(?:\[(.*)\]|([0-9.]+)):([0-9]+)$/.exec(text ?? '') ?? []
  }

  getPeerCertificate() {
    const { chain, certificate } = this.#incoming?.record.info.tls ?? {}
    return chain === undefined ? {} : { raw: chain[0], subject: certificate?.subject, issuer: certificate?.issuer }
  }

  getProtocol() {
    return this.#incoming?.record.info.tls?.version ?? null
  }

  destroySoon() {
    if (this.writableFinished) this.destroy()
    else this.end(() => this.destroy())
  }

  /** Whether another request can be written to it: the one before is over, and its end was no connection's. */
  get isReusable() {
    return this.#isOver && this.#isDelimited && this.reader.isComplete && this.#stream === undefined && !this.destroyed
  }

  /** Nobody has it for now: nothing of the last exchange is kept. */
  rest() {
    this.#incoming = this.#exchange = this.#written = undefined
  }

  // The request, as it is written.

  _write(chunk, encoding, callback) {
    this.#take(chunk, encoding, callback)
  }

  _writev(chunks, callback) {
    const bytes = ({ chunk, encoding }) => (typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
    this.#take(chunks.length === 1 ? chunks[0].chunk : Buffer.concat(chunks.map(bytes)), chunks[0].encoding, callback)
  }

  #take(chunk, encoding, callback) {
    if (!this.#isSaidConnected) this.#tellConnected()
    if (this.destroyed) {
      callback()
      return
    }
    if (this.#roads === undefined) {
      this.#unled = [chunk, encoding, callback]
      return
    }
    this.#active()
    this.bytesWritten += chunk.length
    if (this.#stream !== undefined) {
      this.#stream.write(chunk, encoding, callback)
      return
    }
    try {
      if (this.reader.isComplete) this.#begin()
      const { reader } = this
      const pieces = reader.take(chunk, encoding)
      if (reader.head === undefined) {
        callback()
      } else if (this.#exchange !== undefined) {
        this.#written.add(pieces, reader.isComplete, callback)
      } else {
        this.#send(pieces)
        if (this.#written === undefined) callback()
        else this.#written.add(pieces, reader.isComplete, callback)
      }
    } catch (error) {
      callback(error)
    }
  }

  /** What is written next is another request. */
  #begin() {
    if (!this.isReusable) throw wrong('it began before the one before was over')
    this.rest()
    this.reader = new RequestReader()
    this.#isPulling = this.#isChunked = this.#isDelimited = this.#isOver = this.#saidContinue = false
  }

  /** The head is here, and the first pieces of the body. */
  #send(pieces) {
    const { reader } = this
    const { fields, method } = reader.head
    const prepared = {
      method, url: undefined, flags: reader.isOpen ? SWITCH | INFORM : INFORM, headers: undefined, headerCount: undefined,
      payload: undefined, upload: undefined, length: undefined, limits: undefined, own: undefined, signal: undefined,
    }
    let text = ''
    let count = 0
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i].toLowerCase()
      const isKept = !OWN_FIELDS.has(name) || (name === 'connection' && /\b(?:close|upgrade)\b/i.test(fields[i + 1]))
      if (!isKept || (name === 'host' && method === 'CONNECT')) continue
      text += `${fields[i]}\0${fields[i + 1]}\0`
      count += 1
    }
    if (count !== 0) [prepared.headers, prepared.headerCount] = [text, count]
    if (reader.isOpen) {
      // The connection is nobody's yet; what is written before it is waits in Node.
    } else if (reader.isComplete) {
      if (pieces.length !== 0 || reader.length === 0) prepared.payload = Buffer.concat(pieces)
    } else {
      this.#written = new Written()
      const { upload } = prepareBody(this.#written)
      Object.assign(prepared, { upload, length: reader.length, flags: prepared.flags | STREAM })
    }
    this.#whole = this.#written === undefined && this.#roads.length !== 1 ? prepared : undefined
    this.#submit(prepared)
  }

  #submit(prepared) {
    const { method, target } = this.reader.head
    const { base, native } = this.#lender
    prepared.own = this.#roads[this.#road]
    prepared.limits = this.#whole === undefined || this.#road === this.#roads.length - 1 ? undefined : ATTEMPT
    if (method === 'CONNECT') prepared.url = `${base}/${target}`
    else setTarget(prepared, base, target)
    this.#exchange = new ServedExchange(this)
    try {
      this.#exchange.submit(native, Infinity, prepared)
    } catch (error) {
      this.#exchange = undefined
      this.#isOver = true
      throw error
    }
  }

  _final(callback) {
    if (this.#stream !== undefined) this.#stream.end(callback)
    else callback()
  }

  // The response, as the server wrote it.

  onWantBody() {
    if (this.#saidContinue || !this.#expectsContinue()) return
    this.#saidContinue = true
    this.push('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')
  }

  #expectsContinue() {
    const { fields } = this.reader.head
    return fields.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'expect' && /100-continue/i.test(fields[i + 1]))
  }

  onInformational(record) {
    if (record.status === 100) {
      this.#saidContinue = true
    }
    this.push(headText('1.1', record.status, record.reason, record.fields), 'latin1')
  }

  onResponse(incoming) {
    this.#whole = undefined
    const { record } = incoming
    if (this.destroyed) {
      incoming.close()
      return
    }
    const { fields, httpVersion, reason, status } = record
    this.#incoming = incoming
    const hasBody = this.reader.head.method !== 'HEAD' && status !== 204 && status !== 304
    this.#isChunked = hasBody && valueOf(fields, 'transfer-encoding') !== undefined
    // Without a length the end is that of the connection.
    const length = valueOf(fields, 'content-length')
    this.#isDelimited = !hasBody || this.#isChunked || length !== undefined
    this.#left = hasBody ? Number(length) : 0
    const head = headText(httpVersion, status, reason, fields)
    this.#active()
    if (incoming.state === HERE && !this.#isChunked) {
      // One piece for Node's parser is cheaper than two.
      this.bytesRead += record.bodyLength
      incoming.end(record)
      this.#isOver = this.#isDelimited
      this.#isWanted = this.#hand(wholeOf(head, record))
    } else {
      if (!this.#isChunked && this.#left === 0) this.#complete()
      this.#hand(head, 'latin1')
    }
    this.#run()
  }

  /** All of the response is here: Node takes the connection for free before the engine has told of the end. */
  #complete() {
    this.#isOver = true
    if (this.#incoming.state !== ENDED) this.#incoming.close()
  }

  onSwitch(record, stream) {
    this.#isOver = true
    this.#stream = stream
    stream.on('data', (piece) => {
      this.#active()
      if (!this.push(piece)) stream.pause()
    })
    stream.on('end', () => this.push(null)).on('error', (error) => this.destroy(error)).on('close', () => this.destroy())
    // Last: who hears of it writes to it, or ends it, at once.
    this.push(headText('1.1', record.status, record.reason, record.fields), 'latin1')
  }

  _read() {
    if (this.#stream !== undefined) {
      this.#stream.resume()
      return
    }
    this.#isWanted = true
    this.#run()
  }

  #run() {
    const incoming = this.#incoming
    while (incoming !== undefined && this.#isWanted && !this.#isPulling && !this.#isOver) {
      const piece = incoming.state === HERE ? incoming.deliver() : incoming.takeNow()
      if (piece !== null) this.#give(piece)
      else if (incoming.state === ENDED) this.#end()
      else this.#pull(incoming)
    }
  }

  async #pull(incoming) {
    this.#isPulling = true
    try {
      const piece = await incoming.pull()
      this.#isPulling = false
      if (piece !== null && !this.destroyed) this.#give(piece)
    } catch (error) {
      this.failed(error)
      return
    }
    this.#run()
  }

  #give(piece) {
    this.#active()
    this.bytesRead += piece.length
    this.#left -= piece.length
    if (!this.#isChunked && this.#left === 0) this.#complete()
    if (this.#isChunked) this.#hand(`${piece.length.toString(16)}\r\n`, 'latin1')
    this.#isWanted = this.#hand(piece)
    if (this.#isChunked) this.#isWanted = this.#hand('\r\n', 'latin1')
  }

  /** To Node's parser, which is of no more use when a listener throws in it; that is the process's to hear of. */
  #hand(bytes, encoding) {
    try {
      return this.push(bytes, encoding)
    } catch (error) {
      bridge.report(error)
      this.destroy()
      return false
    }
  }

  #end() {
    this.#isOver = true
    if (this.#isChunked) {
      const trailers = this.#incoming.tail?.trailers ?? []
      this.push(`0\r\n${fieldLines(trailers)}\r\n`, 'latin1')
    } else if (!this.#isDelimited) {
      this.push(null)
    }
  }

  failed(error) {
    if (this.destroyed) return
    if (this.#whole !== undefined && UNREACHED.has(error.code) && this.#road + 1 < this.#roads.length) {
      this.#road += 1
      try {
        this.#submit(this.#whole)
      } catch (thrown) {
        this.destroy(thrown)
      }
      return
    }
    this.#isOver = true
    this.#isDelimited = false
    // Node itself says what an end in the wrong place means.
    if (ENDS.has(error.code)) this.push(null)
    else this.destroy(nodeError(error))
  }

  #active() {
    if (this.#timer !== undefined) this.#timer.refresh()
  }

  _destroy(error, callback) {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#unled?.[2](error)
    this.#unled = undefined
    this.#written?.return()
    if (this.#stream !== undefined) this.#stream.on('error', ignore).destroy()
    else if (this.#exchange !== undefined && !this.#isOver) this.#exchange.abort(error ?? new Error('closed'))
    this.#isOver = true
    callback(error)
    // In a later turn, as a socket's handle is closed: what destroyed it has told its own of the reason by then.
    soon(() => this.emit('close', error !== null && error !== undefined))
  }
}

const ENDS = new Set(['KA_CONNECTION_CLOSED', 'KA_HEAD_TRUNCATED', 'KA_BODY_TRUNCATED'])

function nodeError(error) {
  if (!(error instanceof KeepaliveError)) return error
  if (error.code === 'KA_CONNECT_TIMEOUT') {
    const { host, port } = placeOf(error)
    return systemError(error, 'ETIMEDOUT', 'connect', `${host}:${port}`)
  }
  if (error.code === 'KA_BODY_SOURCE_FAILED' && error.cause !== undefined) return error.cause
  return systemErrorOf(error) ?? error
}

module.exports = { LentConnection }
