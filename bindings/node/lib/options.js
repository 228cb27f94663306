'use strict'
// Options of a client, checked against the engine's table. Times are milliseconds, null and 0 are none.

const native = require('./native')
const { argumentError } = require('./errors')
const { unknownOption } = require('./names')
const { types } = require('node:util')

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
const table = new Map(native.optionTable().map((row) => [camel(row.name), row]))
/** What Node calls them, too. */
const aliases = { rejectUnauthorized: 'tlsVerify', servername: 'tlsServerName' }
const snake = new RegExp(`\\b(${[...table.values()].map((row) => row.name).join('|')})\\b`, 'g')

const readers = {
  count(name, value) {
    if (!Number.isSafeInteger(value) || value < 0) throw wrong(name, 'a whole number', value)
    return { number: value }
  },
  time(name, value) {
    if (value === null) return {}
    if (typeof value !== 'number' || !(value >= 0)) throw wrong(name, 'milliseconds or null', value)
    return { number: value }
  },
  flag(name, value) {
    if (typeof value !== 'boolean') throw wrong(name, 'true or false', value)
    return { flag: value }
  },
  text(name, value) {
    if (value === null) return {}
    if (typeof value !== 'string') throw wrong(name, 'a string or null', value)
    return { text: value }
  },
  pem(name, value) {
    if (value === null) return {}
    if (typeof value !== 'string' && !types.isUint8Array(value)) throw wrong(name, 'a PEM string, a Buffer or null', value)
    return { pem: value }
  },
}

function wrong(name, expected, value) {
  const got = typeof value === 'object' || typeof value === 'function' ? typeof value : String(value)
  return argumentError(`option ${name}: expected ${expected}; got ${value === null ? 'null' : got}`)
}

/** The options that were given, as the native side takes them, and the profile they change. */
function clientOptions(options) {
  if (typeof options !== 'object') throw argumentError(`options: expected an object; got ${typeof options}`)
  const { profile, ...others } = options
  if (profile !== undefined && typeof profile !== 'string') throw wrong('profile', 'a string', profile)
  const entries = []
  for (const name of Object.keys(others)) {
    const alias = Object.hasOwn(aliases, name) ? aliases[name] : undefined
    const row = table.get(alias ?? name)
    if (row === undefined) throw unknownOption(name, ['profile', ...table.keys(), ...Object.keys(aliases)])
    const value = options[name]
    if (alias !== undefined && value !== undefined && options[alias] !== undefined) {
      throw argumentError(`options ${name} and ${alias} are the same; give one of them`)
    }
    if (value !== undefined) entries.push({ name: row.name, ...readers[row.kind](name, value) })
  }
  return { entries, profile }
}

/** An engine's message with the options' names as JavaScript spells them. */
function camelNames(message) {
  return message.replace(snake, camel)
}

module.exports = { camelNames, clientOptions, isClientOption: (name) => table.has(name) || Object.hasOwn(aliases, name) }
