'use strict'
// Reads back what Node's ClientRequest writes: one head, and a body framed as the head says. It comes from
// Node itself, so this is no parser of HTTP for strangers; what it does not understand is an error.

const CRLF2 = Buffer.from('\r\n\r\n')
const NONE = Buffer.alloc(0)

/** More than any head of Node's has. */
const MOST_HEAD = 16 * 1024 * 1024

function wrong(what) {
  const error = new Error(`the request that was written is none: ${what}`)
  error.code = 'ERR_INVALID_HTTP_REQUEST'
  return error
}

class RequestReader {
  constructor() {
    this.head = undefined // { method, target, fields: [name, value, ...] }
    this.isComplete = false
    this.isChunked = false
    this.isOpen = false // Upgrade and CONNECT: what follows is no message
    this.left = 0 // bytes of the body, or of the chunk
    this.length = -1 // of the whole body, when it is said
    this.kept = NONE // what is not understood yet
  }

  /** Takes bytes, or a text in that encoding; returns the pieces of the body among them. */
  take(chunk, encoding) {
    if (typeof chunk === 'string') {
      // As Node writes a head without a body.
      if (this.head === undefined && this.kept.length === 0 && encoding === 'latin1' && chunk.indexOf('\r\n\r\n') === chunk.length - 4) {
        this.readHead(chunk.slice(0, -4))
        return []
      }
      return this.takeBytes(Buffer.from(chunk, encoding))
    }
    return this.takeBytes(chunk)
  }

  takeBytes(bytes) {
    let input = this.kept.length === 0 ? bytes : Buffer.concat([this.kept, bytes])
    this.kept = NONE
    if (this.head === undefined) {
      const end = input.indexOf(CRLF2)
      if (end === -1) {
        if (input.length > MOST_HEAD) throw wrong('a head without end')
        this.kept = input
        return []
      }
      this.readHead(input.latin1Slice(0, end))
      input = input.subarray(end + 4)
    }
    const pieces = []
    if (this.isOpen) {
      if (input.length !== 0) pieces.push(input)
      return pieces
    }
    while (!this.isComplete && input.length !== 0) {
      if (this.left !== 0) {
        const piece = input.subarray(0, this.left)
        pieces.push(piece)
        input = input.subarray(piece.length)
        this.left -= piece.length
        if (this.left === 0 && !this.isChunked) this.isComplete = true
      } else {
        const rest = this.readChunkHead(input)
        if (rest === undefined) {
          this.kept = input
          break
        }
        input = rest
      }
    }
    return pieces
  }

  readHead(text) {
    const [line, ...lines] = text.split('\r\n')
    const [, method, target] = /^(\S+) (.*) HTTP\/1\.1$/.exec(line) ?? []
    if (method === undefined) throw wrong('its first line')
    const fields = []
    for (const one of lines) {
      const colon = one.indexOf(':')
      if (colon < 1) throw wrong('a field')
      const name = one.slice(0, colon)
      const value = one.slice(colon + 1).trim()
      fields.push(name, value)
      const lower = name.toLowerCase()
      if (lower === 'transfer-encoding' && /\bchunked$/i.test(value)) this.isChunked = true
      else if (lower === 'content-length') this.length = this.left = Number(value)
      else if (lower === 'upgrade') this.isOpen = true
    }
    if (method === 'CONNECT') this.isOpen = true
    this.head = { method, target, fields }
    if (this.isChunked) this.length = -1
    if (this.isChunked) this.left = 0
    this.isComplete = this.isOpen || (!this.isChunked && this.left === 0)
  }

  /** Reads past the line that begins a chunk, and the one that ended the last; undefined: more is needed. */
  readChunkHead(input) {
    // Trailers, if there are any, and the end.
    const at = input[0] === 0x0d ? 2 : 0
    const end = input.indexOf('\r\n', at)
    if (end === -1) return undefined
    const size = Number.parseInt(input.latin1Slice(at, end), 16)
    if (!(size >= 0)) throw wrong('a chunk')
    if (size !== 0) {
      this.left = size
      return input.subarray(end + 2)
    }
    const last = input.indexOf(CRLF2, end)
    if (last === -1) return undefined
    this.trailers = last === end ? [] : input.latin1Slice(end + 2, last).split('\r\n')
    this.isComplete = true
    return NONE
  }
}

module.exports = { RequestReader, wrong }
