'use strict'
// The body of a Request. That is a stream whatever it was made of: what ends soon is taken as bytes,
// which go with their length and can be sent again.

const { Promise, asyncIterator, ignore, soon } = require('./captured')

/** More than that is sent as it comes. */
const MOST = 1024 * 1024

/** How many turns of the event loop it may take its time for a piece. */
const TURNS = 3

/** Bytes, or an iterable of what there is and what is to come. */
async function bodyOf(request) {
  const reader = request.body.getReader()
  const pieces = []
  let size = 0
  for (;;) {
    const next = reader.read()
    const result = await Promise.race([next, turns()])
    if (result === undefined) return resumed(reader, pieces, next)
    if (result.done) return Buffer.concat(pieces)
    pieces.push(result.value)
    size += result.value.byteLength
    if (size > MOST) return resumed(reader, pieces, undefined)
  }
}

async function turns() {
  for (let i = 0; i < TURNS; i += 1) await new Promise(soon)
}

/** An iterator, since a generator that was not begun would not hear of its end. */
function resumed(reader, pieces, next) {
  return {
    [asyncIterator]() {
      return this
    },
    async next() {
      if (pieces.length !== 0) return { done: false, value: pieces.shift() }
      const result = await (next ?? reader.read())
      next = undefined
      return result
    },
    return() {
      next?.catch(ignore)
      reader.cancel().catch(ignore)
      return { done: true, value: undefined }
    },
  }
}

module.exports = { bodyOf }
