'use strict'
// A FormData as a body with its length; files are read while it is sent. How a form looks is the engine's.

const { asyncIterator } = require('./captured')
const { localError } = require('./errors')
const native = require('./native')

function encodeForm(form, blobPieces) {
  const entries = []
  const files = []
  for (const [name, value] of form) {
    if (typeof value === 'string') {
      entries.push({ name, text: value })
    } else {
      entries.push({ name, filename: value.name, contentType: value.type || 'application/octet-stream' })
      files.push(value)
    }
  }
  const { contentType, around } = made(entries)
  let length = 0
  for (const bytes of around) length += bytes.length
  for (const file of files) length += file.size
  return { source: { [asyncIterator]: () => pieces(around, files, blobPieces) }, length, type: contentType }
}

function made(entries) {
  try {
    return native.form(entries)
  } catch (error) {
    error.message = `body: ${error.message}`
    throw localError(error)
  }
}

async function* pieces(around, files, blobPieces) {
  yield around[0]
  for (let i = 0; i < files.length; i += 1) {
    yield* blobPieces(files[i])
    yield around[i + 1]
  }
}

module.exports = { encodeForm }
