'use strict'
// The Azure SDK for JavaScript: `new BlobServiceClient(url, credential, { httpClient: httpClient() })`.

const { agents } = require('../lib/agent/agent')
const { peer } = require('../lib/peer')

/** The SDK's own client, with agents of the pool for requests that bring none. */
function httpClient(options) {
  const pipeline = peer('@azure/core-rest-pipeline')
  const { createDefaultHttpClient } = pipeline
  const { httpAgent, httpsAgent } = { ...agents(), ...options }
  const inner = createDefaultHttpClient()
  return {
    async sendRequest(given) {
      const isOlder = typeof given.headers.has !== 'function'
      const request = isOlder ? requestOf(pipeline, given) : given
      if (request.agent === undefined && request.tlsSettings === undefined) {
        request.agent = new URL(request.url).protocol === 'https:' ? httpsAgent : httpAgent
      }
      const response = await inner.sendRequest(request)
      return isOlder ? responseOf(response, given) : response
    },
  }
}

/** A response in that form. */
function responseOf(response, request) {
  const { headers } = response
  const toJson = (options) => headers.toJSON(options)
  return { ...response, headers: Object.assign(headers, { toJson }), request }
}

/** Storage's packages ask custom clients in the form of the SDK's older core. */
function requestOf({ createHttpHeaders, createPipelineRequest }, given) {
  const { abortSignal, agent, body, formData, method, onDownloadProgress, onUploadProgress, url } = given
  const { proxySettings, requestId, requestOverrides, streamResponseStatusCodes, timeout, withCredentials } = given
  return createPipelineRequest({
    url,
    method,
    headers: createHttpHeaders(given.headers.toJson({ preserveCase: true })),
    abortSignal,
    agent,
    body,
    formData,
    onDownloadProgress,
    onUploadProgress,
    proxySettings,
    requestId,
    requestOverrides,
    streamResponseStatusCodes,
    timeout,
    withCredentials,
    // That form has no word for it: who asked has decided before.
    allowInsecureConnection: true,
  })
}

module.exports = { httpClient }
