'use strict'
// Bytes as text.

/** The UTF-8 of `bytes` from `start` to `end`; a byte order mark is dropped, as TextDecoder does. */
function utf8Text(bytes, start = 0, end = bytes.length) {
  const marked = end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf
  return bytes.utf8Slice(marked ? start + 3 : start, end)
}

module.exports = { utf8Text }
