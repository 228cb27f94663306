'use strict'
// multipart/form-data (RFC 7578) from a FormData, with its length known before it is sent.

const { asyncIterator } = require('./captured')

function encodeForm(form, blobPieces) {
  // Loaded by the first form, so that programs without forms start sooner.
  const { randomBytes } = require('node:crypto')
  const boundary = `----keepalive${randomBytes(16).toString('hex')}`
  const parts = []
  for (const [name, value] of form) {
    let head = `--${boundary}\r\nContent-Disposition: form-data; name="${escape(lines(name))}"`
    if (typeof value === 'string') {
      parts.push(Buffer.from(`${head}\r\n\r\n${lines(value)}\r\n`))
    } else {
      head += `; filename="${escape(value.name)}"`
      head += `\r\nContent-Type: ${value.type || 'application/octet-stream'}\r\n\r\n`
      parts.push(Buffer.from(head), value, Buffer.from('\r\n'))
    }
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`))
  let length = 0
  for (const part of parts) length += part.size ?? part.length
  return { source: { [asyncIterator]: () => pieces(parts, blobPieces) }, length, type: `multipart/form-data; boundary=${boundary}` }
}

async function* pieces(parts, blobPieces) {
  for (const part of parts) {
    if (Buffer.isBuffer(part)) yield part
    else yield* blobPieces(part)
  }
}

/** Line ends in names and values are CRLF (WHATWG HTML, multipart form data). */
function lines(text) {
  return text.replace(/\r?\n|\r/g, '\r\n')
}

function escape(text) {
  return text.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22')
}

module.exports = { encodeForm }
