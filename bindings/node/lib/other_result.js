'use strict'
// Other forms of what `request` resolves to: with `opaque`, with the fields as they came, and the error of
// `throwOnError`.

/** The most that is read of the body of such a response, as undici has it. */
const MOST = 128 * 1024

/** A class like `Result` for a request with `extras`. */
function otherResult(Result) {
  return class OtherResult extends Result {
    #incoming
    #isRaw

    constructor(incoming, { isRaw, opaque }) {
      super(incoming)
      this.#incoming = incoming
      this.#isRaw = isRaw
      this.opaque = opaque
    }

    get headers() {
      return this.#isRaw ? this.#incoming.record.fields : super.headers
    }
  }
}

/** For a status of 400 or more: named as undici's, with the body as far as it is small text or JSON. */
class ResponseStatusCodeError extends Error {
  constructor(result, body) {
    const { headers, statusCode, statusText } = result
    super(`Response status code ${statusCode}${statusText === '' ? '' : `: ${statusText}`}`)
    this.name = 'ResponseStatusCodeError'
    this.code = 'UND_ERR_RESPONSE_STATUS_CODE'
    this.status = this.statusCode = statusCode
    // Not enumerable: it may have cookies in it.
    Object.defineProperty(this, 'headers', { value: headers, configurable: true, writable: true })
    this.body = body
    this.url = result.url
    this.info = undefined
    Object.defineProperty(this, 'info', { get: () => result.info, enumerable: false })
  }
}

async function statusError(result, type) {
  let size = 0
  const pieces = []
  let body = null
  try {
    for await (const piece of result.body) {
      size += piece.length
      if (size > MOST) break
      pieces.push(piece)
    }
    if (size <= MOST && size !== 0) {
      const text = Buffer.concat(pieces).toString()
      if (/^application\/([\w.+-]+\+)?json\b/i.test(type)) body = JSON.parse(text)
      else if (/^text\//i.test(type)) body = text
    }
  } catch {
    // The status says enough.
  }
  return new ResponseStatusCodeError(result, body)
}

module.exports = { otherResult, statusError }
