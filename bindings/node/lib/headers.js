'use strict'
// Request headers in any of the usual shapes, as one string for the native side.

const { argumentError } = require('./errors')

const NUL = '\0'

/**
 * Collects fields as `name NUL value NUL ...`. Names and values are checked by the engine; here
 * only what would not survive the way there: characters above U+00FF. A field whose value is null is
 * not to be sent, also where it would be by default.
 */
class HeaderBlock {
  constructor() {
    this.text = ''
    this.count = 0
    this.omitted = undefined
  }

  add(name, value) {
    const text = textToAdd(this, name, value)
    if (text === undefined) return
    this.text += name + NUL + text + NUL
    this.count += 1
  }

  /** Whether a field of that lower-case name was added. */
  has(name) {
    if (this.count === 0) return false
    const pieces = this.text.split(NUL)
    for (let i = 0; i < pieces.length - 1; i += 2) {
      if (pieces[i].toLowerCase() === name) return true
    }
    return false
  }

  /** Whether a field of that lower-case name was added, or is not to be sent. */
  decides(name) {
    return this.has(name) || (this.omitted !== undefined && this.omitted.some((one) => one.toLowerCase() === name))
  }

  /** The value of a field by its lower-case name. */
  find(name) {
    const pieces = this.text.split(NUL)
    for (let i = 0; i < pieces.length - 1; i += 2) {
      if (pieces[i].toLowerCase() === name) return pieces[i + 1]
    }
    return undefined
  }
}

/** The text of a field to add to `block`; undefined for none, or when several were added, or none is to be sent. */
function textToAdd(block, name, value) {
  if (typeof name !== 'string') throw argumentError(`headers: a name must be a string; got ${typeof name}`)
  if (Array.isArray(value)) {
    for (const one of value) block.add(name, one)
    return undefined
  }
  if (value === null) {
    block.omitted ??= []
    block.omitted.push(name)
    return undefined
  }
  return valueText(name, value)
}

/** The same as WHATWG's Headers have it: values without blanks at their ends, and one field of a name. */
class FetchHeaders {
  constructor() {
    this.lower = [] // the names in lower case
    this.names = []
    this.values = []
    this.omitted = undefined
  }

  get count() {
    return this.names.length
  }

  get text() {
    let text = ''
    for (let i = 0; i < this.names.length; i += 1) text += this.names[i] + NUL + this.values[i] + NUL
    return text
  }

  add(name, value) {
    const given = textToAdd(this, name, value)
    if (given === undefined) return
    const text = BLANK_ENDS.test(given) ? given.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '') : given
    const plain = name.toLowerCase()
    const at = this.lower.indexOf(plain)
    if (at === -1) this.push(plain, name, text)
    else this.values[at] += `${plain === 'cookie' ? '; ' : ', '}${text}`
  }

  /** Adds a field that is known to be right, and new. */
  push(lower, name, value) {
    this.lower.push(lower)
    this.names.push(name)
    this.values.push(value)
  }

  decides(name) {
    return this.lower.includes(name) || (this.omitted !== undefined && this.omitted.some((one) => one.toLowerCase() === name))
  }

  find(name) {
    const at = this.lower.indexOf(name)
    return at === -1 ? undefined : this.values[at]
  }

  /** Takes the field of that lower-case name out again. */
  leave(name) {
    const at = this.lower.indexOf(name)
    if (at !== -1) for (const list of [this.lower, this.names, this.values]) list.splice(at, 1)
  }
}

const BLANK_ENDS = /^[\t\n\r ]|[\t\n\r ]$/
const BEYOND_BYTES = /[^\0-\xff]/

function valueText(name, value) {
  let text
  if (typeof value === 'string') text = value
  else if (value === undefined) return undefined
  else if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') text = String(value)
  else if (value !== null && typeof value === 'object' && typeof value.toString === 'function' && value.toString !== Object.prototype.toString) text = String(value)
  else throw argumentError(`header ${JSON.stringify(name)}: expected a string; got ${typeof value}`)
  if (BEYOND_BYTES.test(text) || BEYOND_BYTES.test(name)) {
    throw argumentError(`header ${JSON.stringify(name)}: contains a character above U+00FF`, 'KA_INVALID_HEADER')
  }
  if (text.includes(NUL) || name.includes(NUL)) {
    throw argumentError(`header ${JSON.stringify(name)}: contains a NUL character`, 'KA_INVALID_HEADER')
  }
  return text
}

/** An object, a Headers, a Map, an iterable of pairs, or a flat array of names and values. */
function collectHeaders(headers, block) {
  if (headers === undefined || headers === null) return
  if (typeof headers !== 'object') {
    throw argumentError(`headers: expected an object, Headers or pairs; got ${typeof headers}`)
  }
  if (Array.isArray(headers) && typeof headers[0] === 'string') {
    if (headers.length % 2 !== 0) throw argumentError('headers: a flat array needs a value for each name')
    for (let i = 0; i < headers.length; i += 2) block.add(headers[i], headers[i + 1])
  } else if (typeof headers[Symbol.iterator] === 'function') {
    for (const pair of headers) {
      if (pair === null || typeof pair !== 'object' || typeof pair[Symbol.iterator] !== 'function') {
        throw argumentError('headers: expected pairs of name and value')
      }
      const [name, value, ...more] = pair
      if (more.length !== 0 || value === undefined) throw argumentError('headers: expected pairs of name and value')
      block.add(name, value)
    }
  } else {
    for (const name of Object.keys(headers)) block.add(name, headers[name])
  }
}

module.exports = { FetchHeaders, HeaderBlock, collectHeaders }
