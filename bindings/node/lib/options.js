'use strict'
// Options of a client, checked against the engine's table. Times are milliseconds, null and 0 are none.

const native = require('./native')
const { argumentError } = require('./errors')
const { HeaderBlock, collectHeaders } = require('./headers')
const { trustsEnvironment } = require('./environment')
const { unknownOption } = require('./names')
const { warnInsecure } = require('./trust')
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
  text(name, value, form) {
    if (value === null) return {}
    return { text: textOf(name, value, form) }
  },
  pem(name, value) {
    if (value === null) return {}
    if (typeof value !== 'string' && !types.isUint8Array(value)) throw wrong(name, 'a PEM string, a Buffer or null', value)
    return { pem: value }
  },
}

/** What a text may be given as: an object for proxies, a list for hosts, headers for fields. */
const forms = {
  plain(name, value) {
    throw wrong(name, 'a string or null', value)
  },
  proxies(name, value) {
    if (typeof value !== 'object' || Array.isArray(value)) throw wrong(name, 'a string, an object of patterns and proxies, or null', value)
    return Object.keys(value).map((pattern) => `${entry(name, pattern)}=>${entry(name, value[pattern] ?? 'direct')}`).join(' ')
  },
  credentials(name, value) {
    return require('./auth').credentialsText(name, value)
  },
  list(name, value) {
    if (!Array.isArray(value)) throw wrong(name, 'a string, an array of strings or null', value)
    return value.map((one) => entry(name, one)).join(' ')
  },
  fields(name, value) {
    const block = new HeaderBlock()
    collectHeaders(value, block)
    if (block.omitted !== undefined) throw wrong(name, 'fields with values', null)
    const pieces = block.text.split('\0')
    let lines = ''
    for (let i = 0; i + 1 < pieces.length; i += 2) {
      const line = `${pieces[i]}: ${pieces[i + 1]}`
      if (/[\r\n]/.test(line)) throw argumentError(`option ${name}: a line break in a field`)
      lines += `${line}\n`
    }
    return lines
  },
}

function textOf(name, value, form) {
  return typeof value === 'string' ? value : forms[form](name, value)
}

/** What stands for itself among others. */
function entry(name, value) {
  if (typeof value !== 'string') throw wrong(name, 'strings in it', value)
  if (value === '' || /\s|=>/.test(value)) throw argumentError(`option ${name}: an entry that is empty or has a blank or => in it`)
  return value
}

// `decode` and `redirect` travel as flags.
const requestOptions = [...native.requestOptions(), ...Object.keys(aliases)].filter((name) => name !== 'decode' && name !== 'redirect')

/** A request's own, as names and values in turn; undefined when there are none. Null is none. */
function ownOptions(options) {
  let own
  for (const name of requestOptions) {
    const value = options[name]
    // A function is asked on this side.
    if (value === undefined || typeof value === 'function') continue
    const row = table.get(aliases[name] ?? name)
    own ??= []
    if (row.kind === 'flag') {
      const { flag } = readers.flag(name, value)
      own.push(row.name, String(flag))
      if (row.name === 'tls_verify' && !flag) warnInsecure(native)
    } else if (row.kind === 'text') {
      own.push(row.name, value === null ? '' : textOf(name, value, row.form))
    } else {
      const { number = 0 } = readers[row.kind](name, value)
      own.push(row.name, String(Math.ceil(number)))
    }
  }
  return own
}

function wrong(name, expected, value) {
  const got = typeof value === 'object' || typeof value === 'function' ? typeof value : String(value)
  return argumentError(`option ${name}: expected ${expected}; got ${value === null ? 'null' : got}`)
}

/** The options that were given, as the native side takes them, and the profile they change. */
function clientOptions(options) {
  if (typeof options !== 'object') throw argumentError(`options: expected an object; got ${typeof options}`)
  const { profile, onRedirect, lookup, maxResponseSize, ...others } = options
  if (profile !== undefined && typeof profile !== 'string') throw wrong('profile', 'a string', profile)
  const entries = []
  for (const name of Object.keys(others)) {
    const alias = Object.hasOwn(aliases, name) ? aliases[name] : undefined
    const row = table.get(alias ?? name)
    if (row === undefined) throw unknownOption(name, ['profile', 'onRedirect', 'lookup', 'maxResponseSize', ...table.keys(), ...Object.keys(aliases)])
    const value = options[name]
    // A function is asked on this side.
    if (name === 'auth' && typeof value === 'function') continue
    if (alias !== undefined && value !== undefined && options[alias] !== undefined) {
      throw argumentError(`options ${name} and ${alias} are the same; give one of them`)
    }
    // A jar is handed over on its own.
    if (row.form === 'jar' && value !== undefined && typeof value !== 'boolean') {
      if (!(value instanceof require('./cookies').CookieJar)) throw wrong(name, 'true, false or a CookieJar', value)
      continue
    }
    if (value !== undefined) entries.push({ name: row.name, ...readers[row.kind](name, value, row.form) })
  }
  if (others.trustEnv === undefined && trustsEnvironment()) entries.push({ name: 'trust_env', flag: true })
  return { entries, profile }
}

/** An engine's message with the options' names as JavaScript spells them. */
function camelNames(message) {
  return message.replace(snake, camel)
}

module.exports = { camelNames, clientOptions, ownOptions, isClientOption: (name) => table.has(name) || name === 'onRedirect' || name === 'lookup' || Object.hasOwn(aliases, name) }
