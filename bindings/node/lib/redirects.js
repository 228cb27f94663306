'use strict'
// Who has a word on redirects: what WHATWG's fetch says of where they lead, and `onRedirect`, a function of the
// program's. That runs in the async context of the call that brought it, and may take its time.

const { AsyncResource } = require('node:async_hooks')
const { URL } = require('node:url')
const { argumentError } = require('./errors')
const { isBlocked } = require('./ports')

class Decider {
  constructor(call) {
    this.call = call
    this.scope = new AsyncResource('libkeepalive.onRedirect')
    this.thrown = undefined // { reason } of a function that threw
  }

  /** Asks about the redirect of a record; `answer(refusal)` is called once, now or later. */
  decide(record, answer) {
    const finish = (word) => {
      if (word === undefined || word === null || word === true) answer(undefined)
      else if (word === false) answer('onRedirect refused it')
      else fail(argumentError(`onRedirect: expected true, false or undefined of it; got ${typeof word}`))
    }
    const fail = (reason) => {
      this.thrown = { reason }
      answer('onRedirect threw')
    }
    let word
    try {
      word = this.scope.runInAsyncScope(this.call, undefined, record.text(), record.head)
      if (typeof word?.then === 'function') {
        word.then(finish, fail)
        return
      }
    } catch (error) {
      fail(error)
      return
    }
    finish(word)
  }
}

/** Rules of fetch for requests of one mode. They keep nothing, so that all requests share them. */
class Rules {
  constructor(mode) {
    this.mode = mode
    this.thrown = undefined
    /** The fields of a request of which the caller says none. */
    this.headers = `Accept\0*/*\0Accept-Language\0*\0Sec-Fetch-Mode\0${mode}\0`
  }

  decide(record, answer) {
    // The URL that was told last is without its credentials.
    const { headers, url } = record.head
    const { location } = headers
    answer(refusal(this.mode, new URL(url), new URL(Array.isArray(location) ? location[0] : location, url)))
  }

  /** These, and then `decider`. */
  before(decider) {
    return new Both(this, decider)
  }
}

class Both {
  constructor(rules, decider) {
    this.rules = rules
    this.decider = decider
  }

  get thrown() {
    return this.decider.thrown
  }

  decide(record, answer) {
    this.rules.decide(record, (word) => (word === undefined ? this.decider.decide(record, answer) : answer(word)))
  }
}

/** Why a redirect is not followed; undefined when it is. */
function refusal(mode, from, next) {
  if (isBlocked(next)) return `bad port ${next.port}`
  if (mode === 'same-origin' && next.origin !== from.origin) return 'another origin with the mode "same-origin"'
  if (mode === 'cors' && hasCredentials(next)) return 'credentials in its URL with the mode "cors"'
  return undefined
}

function hasCredentials({ username, password }) {
  return username !== '' || password !== ''
}

const rules = { cors: new Rules('cors'), 'no-cors': new Rules('no-cors'), 'same-origin': new Rules('same-origin') }

function rulesOf(mode) {
  return Object.hasOwn(rules, mode) ? rules[mode] : rules.cors
}

/** The option, if it is a function; `undefined` and `null` are none. */
function deciderOf(call) {
  if (call === undefined || call === null) return undefined
  if (typeof call !== 'function') throw argumentError(`onRedirect: expected a function; got ${typeof call}`)
  return new Decider(call)
}

module.exports = { Decider, deciderOf, rulesOf }
