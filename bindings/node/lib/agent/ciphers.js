'use strict'
// Option `ciphers` in OpenSSL's words. What the engine speaks is a few suites of TLS 1.2 and 1.3 with forward secrecy and
// authenticated encryption, in an order of its own: a list that allows all of them is followed as it is.

/** Groups that have all of the engine's suites. */
const WIDE = new Set(['ALL', 'DEFAULT', 'HIGH'])

/** What the engine has none of. */
const FOREIGN = new Set([
  '3DES', 'AECDH', 'ADH', 'AES128-SHA', 'AES256-SHA', 'ARIA', 'CAMELLIA', 'CBC', 'DES', 'DH', 'DHE', 'DSS', 'EDH', 'EXP', 'EXPORT',
  'IDEA', 'LOW', 'MD5', 'MEDIUM', 'NULL', 'PSK', 'RC2', 'RC4', 'SEED', 'SHA', 'SHA1', 'SRP', 'SSLV2', 'SSLV3', 'ANULL', 'ENULL', 'ADSS', 'KDH',
  'KDHE', 'KEDH', 'KPSK', 'KRSA', 'KSRP', 'APSK', 'ASRP',
])

/** OpenSSL's level up to which keys of the sizes that the engine asks for are enough. */
const MOST_LEVEL = 2

/** Whether the engine does what the list asks for. */
function isFollowed(ciphers) {
  if (typeof ciphers !== 'string') return false
  let isWide = false
  for (const word of ciphers.split(/[:, ]+/)) {
    const mark = word[0]
    const name = word.slice(1).toUpperCase()
    if (mark === '!' || mark === '-') {
      if (!FOREIGN.has(name)) return false
    } else if (mark === '@') {
      const [, level] = /^SECLEVEL=([0-9])$/.exec(name) ?? []
      if (name !== 'STRENGTH' && !(Number(level) <= MOST_LEVEL)) return false
    } else if (mark !== '+') {
      isWide ||= WIDE.has(word.toUpperCase())
    }
  }
  return isWide
}

module.exports = { isFollowed }
