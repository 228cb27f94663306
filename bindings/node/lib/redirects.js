'use strict'
// `onRedirect`: a function of the program's that decides about redirects. It runs in the async context of the
// call that brought it, and may take its time.

const { AsyncResource } = require('node:async_hooks')
const { argumentError } = require('./errors')

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

/** The option, if it is a function; `undefined` and `null` are none. */
function deciderOf(call) {
  if (call === undefined || call === null) return undefined
  if (typeof call !== 'function') throw argumentError(`onRedirect: expected a function; got ${typeof call}`)
  return new Decider(call)
}

module.exports = { Decider, deciderOf }
