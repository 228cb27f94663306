'use strict'
// The calls of a dispatcher that are under way. Not a Set: the tables that one leaves behind as it is added to and deleted
// from refer to their successors: one of them that has grown old keeps all later calls alive until the next full
// collection, and V8 copies them with each small one.

class Calls {
  #list = []

  get size() {
    return this.#list.length
  }

  add(call) {
    call.place = this.#list.push(call) - 1
  }

  /** `call` is one of them. */
  delete(call) {
    const last = this.#list.pop()
    if (last === call) return
    this.#list[call.place] = last
    last.place = call.place
  }

  [Symbol.iterator]() {
    return this.#list.values()
  }
}

module.exports = { Calls }
