'use strict'
// One dispatched request: its exchange on one side, its handler on the other, and the flow between them,
// which stands still while the handler says so.

const { ignore } = require('../captured')
const { bridge } = require('../bridge')
const { Exchange } = require('../exchange')
const { ENDED, HERE } = require('../incoming')
const { UpgradedSocket } = require('../duplex')
const { HeadersOverflowError, RequestAbortedError, ResponseExceededMaxSizeError, SocketError, undiciError } = require('./errors')
const { rawFields, shapeOf } = require('./handler')
const { socketOf } = require('./channels')

/** An exchange that tells its call of interim responses and of a connection that is handed out. */
class DispatchedExchange extends Exchange {
  constructor(call) {
    super(ignore, (error) => call.failed(error), (incoming) => call.onHead(incoming))
    this.call = call
  }

  onInformational(record) {
    if (this.state === 'pending') this.call.onInformational(record)
  }

  onHead(record) {
    if (this.call.prepared.switches && this.state === 'pending') {
      let native
      try {
        native = bridge.takeStream(this.slot)
      } catch {
        // It did not switch: a response like any other, of which the native side keeps nothing more.
        if (record.last) bridge.discard(this.slot)
        super.onHead(record)
        return
      }
      const { call } = this
      this.endUpload()
      this.drop(false)
      call.onUpgrade(record, new UpgradedSocket(native, this.url))
      return
    }
    super.onHead(record)
  }
}

class Call {
  constructor(dispatcher, prepared, handler, trace) {
    this.dispatcher = dispatcher
    this.prepared = prepared
    this.trace = trace
    this.shape = shapeOf(handler, this)
    this.exchange = undefined
    this.incoming = undefined
    this.held = null // a piece that came while it was paused
    this.info = undefined
    this.size = 0
    this.aborted = false
    this.paused = false
    this.reason = undefined
    this.isOver = false
    this.isRunning = false // a turn of `run` is on the stack
    this.isPulling = false
    this.place = -1 // among the dispatcher's
  }

  /** Begins; in a turn of its own, so that `dispatch` has returned. */
  begin() {
    if (this.isOver) return
    const { dispatcher, prepared, shape } = this
    try {
      shape.start()
    } catch (error) {
      this.fail(error)
      return
    }
    if (this.isOver) return
    try {
      prepared.finish(this.trace?.request.headers, this.bodyListener(shape.handler))
      this.exchange = new DispatchedExchange(this)
      this.exchange.submit(dispatcher.native, Infinity, prepared)
    } catch (error) {
      this.exchange = undefined
      prepared.discard()
      this.failed(error)
      return
    }
    const { payload } = prepared
    if (payload !== undefined) this.listener?.(typeof payload === 'string' ? Buffer.from(payload) : payload)
    if (prepared.upload === undefined) this.requestSent()
  }

  /** Who is told of each piece of the body that is sent. */
  bodyListener(handler) {
    const { trace } = this
    if (trace === undefined && typeof handler.onBodySent !== 'function') return undefined
    this.listener = (piece) => {
      const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece
      trace?.pieceSent(chunk)
      handler.onBodySent?.(chunk)
    }
    return this.listener
  }

  requestSent() {
    const { handler } = this.shape
    if (typeof handler.onRequestSent !== 'function') return
    try {
      handler.onRequestSent()
    } catch (error) {
      this.abort(error)
    }
  }

  onInformational(record) {
    const { status } = record
    // 100 is between the engine and the server.
    if (this.isOver || status === 100) return
    const { fields } = record
    this.trace?.head(status, rawFields(fields), record.reason)
    try {
      this.shape.head(status, fields, record.reason)
    } catch (error) {
      this.abort(error)
    }
  }

  onHead(incoming) {
    const { record } = incoming
    if (this.isOver) {
      incoming.close()
      return
    }
    const { dispatcher, prepared, shape, trace } = this
    const { fields, reason, status } = record
    this.incoming = incoming
    if (prepared.upload !== undefined) {
      this.requestSent()
      prepared.endStream()
    }
    if (trace !== undefined || dispatcher.wantsInfo) this.told(record)
    if (this.isOver) return
    if (sizeOf(fields) >= dispatcher.limits.maxHeaderSize) {
      this.giveUp(new HeadersOverflowError())
      return
    }
    trace?.head(status, rawFields(fields), reason)
    try {
      shape.started()
      shape.head(status, fields, reason)
    } catch (error) {
      this.giveUp(error)
      return
    }
    this.run()
  }

  onUpgrade(record, socket) {
    if (this.isOver) {
      socket.destroy()
      return
    }
    const { fields, reason, status } = record
    this.told(record)
    if (status === 101 && !hasField(fields, 'upgrade')) {
      socket.destroy()
      this.fail(new SocketError('bad upgrade'))
      return
    }
    this.trace?.head(status, rawFields(fields), reason)
    this.end()
    this.trace?.end([])
    try {
      this.shape.upgrade(status, fields, socket)
    } catch (error) {
      socket.on('error', ignore).destroy(error)
      this.tell(error)
    }
  }

  /** Its connection is known. */
  told(record) {
    const { info } = record
    this.info = info
    this.trace?.sent(info)
    this.dispatcher.hasConnection(this.prepared.base.text, info)
  }

  pause() {
    this.paused = true
  }

  resume() {
    if (!this.paused) return
    this.paused = false
    if (!this.isRunning) this.run()
  }

  /** Hands the body on, as far as it is here and the handler takes it. */
  run() {
    const { incoming } = this
    if (incoming === undefined || this.isPulling) return
    this.isRunning = true
    try {
      while (!this.paused && !this.isOver) {
        const piece = this.next()
        if (piece !== null) this.piece(piece)
        else if (incoming.state === ENDED) this.complete()
        else {
          this.pull()
          return
        }
      }
    } catch (error) {
      this.giveUp(error)
    } finally {
      this.isRunning = false
    }
  }

  /** What is here of the body; null when nothing is. */
  next() {
    const { held, incoming } = this
    if (held !== null) {
      this.held = null
      return held
    }
    return incoming.state === HERE ? this.whole() : incoming.takeNow()
  }

  /** The body that came with the head, once. */
  whole() {
    const { incoming } = this
    const { record } = incoming
    incoming.end(record)
    return record.bodyLength === 0 ? null : record.pooled()
  }

  async pull() {
    this.isPulling = true
    let piece
    try {
      piece = await this.incoming.pull()
    } catch (error) {
      this.failed(error)
      return
    }
    this.isPulling = false
    this.held = piece
    if (!this.isOver && !this.paused) this.run()
  }

  piece(chunk) {
    const { maxResponseSize } = this.dispatcher.limits
    this.size += chunk.length
    if (maxResponseSize > -1 && this.size > maxResponseSize) {
      this.giveUp(new ResponseExceededMaxSizeError())
      return
    }
    this.trace?.piece(chunk)
    this.shape.data(chunk)
  }

  complete() {
    const trailers = this.incoming.tail?.trailers ?? []
    this.end()
    this.trace?.end(rawFields(trailers))
    try {
      this.shape.end(trailers)
    } catch (error) {
      this.tell(error)
    }
  }

  /** Of the handler: as undici, it hears of it at once. */
  abort(reason) {
    if (this.isOver) return
    this.aborted = true
    this.reason = reason ?? new RequestAbortedError()
    this.giveUp(this.reason)
  }

  /** Ends the exchange, and tells why. */
  giveUp(error) {
    if (this.isOver) return
    this.end()
    this.prepared.endStream(error)
    if (this.exchange === undefined) this.prepared.discard()
    else this.exchange.abort(error)
    this.tellOfEnd(error)
  }

  /** The exchange, or the body of its response, failed. */
  failed(error) {
    if (this.isOver) return
    const told = { connectTimeout: this.dispatcher.limits.connectTimeout, socket: socketOf(this.prepared, this.info) }
    this.fail(undiciError(error, told), error)
  }

  /** Nothing of it runs. */
  fail(error, cause) {
    if (this.isOver) return
    this.end()
    this.prepared.endStream(error)
    if (this.exchange === undefined) this.prepared.discard()
    this.tellOfEnd(error, cause)
  }

  end() {
    this.isOver = true
    this.dispatcher.ended(this)
  }

  tellOfEnd(error, cause) {
    const isConnecting = CONNECTING.has(cause?.code)
    this.trace?.error(error, isConnecting, this.exchange !== undefined && !isConnecting)
    if (isConnecting) this.dispatcher.hasNoConnection(this.prepared.base.text, error)
    this.tell(error)
  }

  /** What the handler throws at that is for nobody but the process. */
  tell(error) {
    try {
      this.shape.error(error)
    } catch (thrown) {
      this.dispatcher.handlerFailed(thrown)
    }
  }
}

const CONNECTING = new Set([
  'KA_RESOLVE_FAILED', 'KA_CONNECT_FAILED', 'KA_CONNECT_TIMEOUT', 'KA_PROXY_FAILED',
  'KA_TLS_HANDSHAKE_FAILED', 'KA_CERTIFICATE_REJECTED',
])

function hasField(fields, name) {
  return fields.some((text, i) => i % 2 === 0 && text.toLowerCase() === name)
}

/** As undici counts it: names and values. */
function sizeOf(fields) {
  let size = 0
  for (let i = 0; i < fields.length; i += 1) size += fields[i].length
  return size
}

module.exports = { Call }
