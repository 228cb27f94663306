'use strict'
// Names of options that were not understood, and what may have been meant.

const { argumentError } = require('./errors')

/** What other clients call it, here. */
const ELSEWHERE = {
  timeout: 'totalTimeout',
  connectionTimeout: 'connectTimeout',
  headerTimeout: 'headersTimeout',
  stallTimeout: 'bodyTimeout',
  readTimeout: 'bodyTimeout',
  params: 'query',
  searchParams: 'query',
  json: 'body',
  data: 'body',
  allowRedirects: 'redirect',
  followRedirects: 'redirect',
  followRedirect: 'redirect',
  follow: 'redirect',
  compress: 'decompress',
  socketPath: 'unixSocket',
  proxies: 'proxy',
  abortSignal: 'signal',
}

/** The name among `names` that was meant; undefined when none comes near. */
function meant(name, names) {
  const other = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined
  if (names.includes(other)) return other
  const plain = simple(name)
  let best
  let least = 3
  for (const one of names) {
    const away = distance(plain, simple(one))
    if (away < least && away < one.length / 3) {
      least = away
      best = one
    }
  }
  return best
}

/** Without case and separators. */
function simple(name) {
  return name.toLowerCase().replace(/[-_]/g, '')
}

/** How many letters are to be changed, put in or taken out (Levenshtein); names are short. */
function distance(from, to) {
  if (Math.abs(from.length - to.length) > 2) return 3
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= to.length; j += 1) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[to.length]
}

function unknownOption(name, names) {
  const near = meant(String(name), names)
  const hint = near === undefined ? `the options are ${names.join(', ')}` : `did you mean ${near}?`
  return argumentError(`unknown option ${String(name)}; ${hint}`)
}

module.exports = { meant, unknownOption }
