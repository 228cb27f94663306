'use strict'
// `integrity`: the body of a response has to have one of these digests (Subresource Integrity).

const { createHash } = require('node:crypto')
const { fetchFailed } = require('./errors')

const STRENGTH = { sha256: 1, sha384: 2, sha512: 3 }

/** The digests that count: those of the strongest algorithm that is known; undefined when none is. */
function digestsOf(integrity) {
  const known = []
  for (const one of integrity.split(/[\t\n\f\r ]+/)) {
    const match = /^(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})(?:\?[\x21-\x7e]*)?$/i.exec(one)
    if (match !== null) known.push({ algorithm: match[1].toLowerCase(), digest: plain(match[2]) })
  }
  if (known.length === 0) return undefined
  const strongest = Math.max(...known.map(({ algorithm }) => STRENGTH[algorithm]))
  return known.filter(({ algorithm }) => STRENGTH[algorithm] === strongest)
}

function plain(base64) {
  return base64.replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '')
}

/** Throws unless `bytes` are what `integrity` says. */
function verify(bytes, integrity) {
  const digests = digestsOf(integrity)
  if (digests === undefined) return
  const is = createHash(digests[0].algorithm).update(bytes).digest('base64')
  if (!digests.some(({ digest }) => digest === plain(is))) throw fetchFailed(new Error('integrity mismatch'))
}

module.exports = { verify }
