'use strict'
// What is told of the TLS under a response, as JavaScript has such things.

const { allocUnsafeSlow } = require('./captured')

/** Of the connection with that number; null without TLS, and when it has been forgotten. */
function tlsOf(bridge, connection) {
  const native = bridge.tls(connection)
  if (native === null) return null
  const { sizes, certificate, group, alpn, ...others } = native
  const chain = sizes.map((size, index) => {
    const der = allocUnsafeSlow(size)
    bridge.copyCertificate(connection, index, der)
    return der
  })
  return {
    ...others,
    group: group ?? null,
    alpn: alpn ?? null,
    certificate: certificate === undefined || certificate === null ? null : dated(certificate),
    chain,
  }
}

function dated({ notBefore, notAfter, ...others }) {
  return { ...others, notBefore: new Date(notBefore * 1000), notAfter: new Date(notAfter * 1000) }
}

module.exports = { tlsOf }
