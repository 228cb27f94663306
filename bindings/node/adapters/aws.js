'use strict'
// The AWS SDK for JavaScript, version 3: `new S3Client({ requestHandler: requestHandler() })`.

const { agents } = require('../lib/agent/agent')
const { peer } = require('../lib/peer')

/** The SDK's own NodeHttpHandler, with agents of the pool; `options` are its options. */
function requestHandler(options) {
  const { NodeHttpHandler } = handlers()
  return new NodeHttpHandler({ ...agents(), ...options })
}

/** The SDK moves its handler between packages. */
function handlers() {
  try {
    return peer('@smithy/node-http-handler')
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error
    return peer('@aws-sdk/node-http-handler')
  }
}

module.exports = { requestHandler }
