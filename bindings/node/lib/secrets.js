'use strict'
// Fields whose values say who somebody is. They are what they are for programs, but are not shown.

const { inspect } = require('node:util')

const SECRET = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie'])
const HIDDEN = '***'

function isSecret(name) {
  return SECRET.has(name.toLowerCase())
}

/** `[name, value, ...]` as an object for people. */
function shownFields(fields) {
  const shown = {}
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i].toLowerCase()
    const value = isSecret(name) ? HIDDEN : fields[i + 1]
    const before = Object.hasOwn(shown, name) ? `${shown[name]}, ` : ''
    Object.defineProperty(shown, name, { value: before + value, enumerable: true, writable: true, configurable: true })
  }
  return shown
}

/** `object`, made of these fields, so that it is not shown with its secrets. Costs only where there are some. */
function guarded(object, fields) {
  let found = false
  for (let i = 0; i < fields.length; i += 2) found ||= isSecret(fields[i])
  if (found) {
    const value = (depth, options) => inspect(shownFields(fields), options)
    Object.defineProperty(object, inspect.custom, { value, writable: true, configurable: true })
  }
  return object
}

module.exports = { guarded, shownFields }
