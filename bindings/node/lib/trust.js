'use strict'
// Trust as Node's own clients have it: what the environment says of it, and warnings, each once.

const { readFileSync } = require('node:fs')

/** Reads NODE_EXTRA_CA_CERTS; what cannot be read is a warning in Node's words. */
function addExtra(native, file) {
  try {
    native.trustExtra(readFileSync(file))
  } catch (error) {
    if (!native.isFirst('extra')) return
    const reason = error.message.replace(/^option NODE_EXTRA_CA_CERTS: /, '')
    process.emitWarning(`Ignoring extra certs from \`${file}\`, load failed: ${reason}`)
  }
}

/** Whether servers are verified where nothing says otherwise. */
function verifiedByDefault(native) {
  if (process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return true
  if (native.isFirst('environment')) {
    process.emitWarning(
      "Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS connections and HTTPS " +
        'requests insecure by disabling certificate verification.',
    )
  }
  return false
}

/** Adds to the options of a client what the environment says, and warns of one that verifies nothing. */
function completed(native, entries) {
  const own = entries.find(({ name }) => name === 'tls_verify')
  if (own === undefined) {
    return verifiedByDefault(native) ? entries : [...entries, { name: 'tls_verify', flag: false }]
  }
  if (own.flag === false) warnInsecure(native)
  return entries
}

/** Somebody's certificates are not verified. */
function warnInsecure(native) {
  if (!native.isFirst('insecure')) return
  process.emitWarning(
    'Certificates of servers are not verified (rejectUnauthorized: false): whoever is on the way can read and ' +
      "change everything; caFile trusts a server's own authority.",
    'InsecureWarning',
  )
}

module.exports = { addExtra, completed, verifiedByDefault, warnInsecure }
