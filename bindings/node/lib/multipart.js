'use strict'
// multipart/form-data (RFC 7578) from a FormData, with its length known before it is sent.

const { Promise } = require('./captured')

function encodeForm(form) {
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
  return { source: pieces(parts), length, type: `multipart/form-data; boundary=${boundary}` }
}

async function* pieces(parts) {
  for (const part of parts) {
    if (Buffer.isBuffer(part)) yield part
    else if (typeof part.stream === 'function') yield* part.stream()
    else yield await bytesOf(part)
  }
}

/** A Blob of a DOM emulation that can be read in one way only. */
function bytesOf(blob) {
  if (typeof blob.arrayBuffer === 'function') return blob.arrayBuffer()
  return new Promise((resolve, reject) => {
    const reader = new globalThis.FileReader()
    reader.onload = () => resolve(reader.result)
    reader.onerror = () => reject(reader.error)
    reader.readAsArrayBuffer(blob)
  })
}

/** Line ends in names and values are CRLF (WHATWG HTML, multipart form data). */
function lines(text) {
  return text.replace(/\r?\n|\r/g, '\r\n')
}

function escape(text) {
  return text.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22')
}

module.exports = { encodeForm }
