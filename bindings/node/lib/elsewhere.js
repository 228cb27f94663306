'use strict'
// The engine's half of a request that is answered here: what of it is acceptable, its cookies, and where redirects lead.

const native = require('./native')
const { KeepaliveError, localError } = require('./errors')
const { REWIND, STREAM } = require('./flags')

class Elsewhere {
  #request
  #url
  #isOnce // its body comes in pieces that nobody can bring again

  /** Throws what the engine would throw of such a request. */
  constructor(client, { flags, headers, headerCount, limits, method, own, url }) {
    this.#url = url
    this.#isOnce = (flags & (STREAM | REWIND)) === STREAM
    this.#request = this.#asked(() => {
      return new native.RequestElsewhere(client, method, url, flags, headers, headerCount, limits, own)
    })
  }

  #asked(ask) {
    try {
      return ask()
    } catch (error) {
      throw localError(error, this.#url)
    }
  }

  /** The value of the Cookie field; undefined for none of the engine's. */
  get cookie() {
    return this.#asked(() => this.#request.cookie()) ?? undefined
  }

  /**
   * It was answered with `record`. The request that follows, `{ url, method, headers, keepsBody }`; undefined when the
   * response is for the caller. `decider` has a word on that.
   */
  async follow(record, decider) {
    const { fields, status } = record
    const led = this.#asked(() => this.#request.answered(status, valuesOf(fields, 'location'), valuesOf(fields, 'set-cookie')))
    if (led.failure) throw new KeepaliveError(led.failure, this.#url)
    if (!led.url) return undefined
    if (led.keepsBody && this.#isOnce) {
      throw failed('KA_INVALID_REDIRECT', 'cannot follow the redirect: the streamed request body cannot be produced again', this.#url)
    }
    if (decider !== undefined) await this.#ask(decider, led.url, record)
    this.#url = led.url
    return led
  }

  /** The program's word on a redirect. */
  async #ask(decider, target, record) {
    const refusal = await new Promise((resolve) => {
      decider.decide({ text: () => target, head: record.head }, resolve)
    })
    if (refusal === undefined) return
    if (decider.thrown !== undefined) throw decider.thrown.reason
    throw failed('KA_REDIRECT_REFUSED', `redirect from ${record.url} to ${target} refused: ${refusal}`, record.url)
  }
}

function failed(code, message, url) {
  return new KeepaliveError({ code, message, phase: 'head', sent: 'all' }, url)
}

/** Of fields as names and values in turn. */
function valuesOf(fields, name) {
  return fields.filter((_, i) => i % 2 === 1 && fields[i - 1].toLowerCase() === name)
}

module.exports = { Elsewhere }
