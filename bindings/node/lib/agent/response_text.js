'use strict'
// A response as its server wrote it, framing apart.

/** The value of a field by its lower-case name; undefined when there is none. */
function valueOf(fields, name) {
  for (let i = 0; i < fields.length; i += 2) if (fields[i].toLowerCase() === name) return fields[i + 1]
  return undefined
}

function fieldLines(fields) {
  let text = ''
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  return text
}

function headText(version, status, reason, fields) {
  return `HTTP/${version} ${status} ${reason}\r\n${fieldLines(fields)}\r\n`
}

/** All of it in one piece: a head, and a body that is here in `record`. */
function wholeOf(head, record) {
  const { length } = head
  const whole = Buffer.allocUnsafe(length + record.bodyLength)
  whole.latin1Write(head, 0)
  record.copyBody(whole, length)
  return whole
}

module.exports = { fieldLines, headText, valueOf, wholeOf }
