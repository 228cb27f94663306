'use strict'
// The dispatcher as a child of undici's own class, for code that asks `instanceof Dispatcher` or calls
// `dispatcher.request()`.

const { withPools } = require('./mocked')

const classes = new WeakMap()

/** A class with what `Own` has, below `undici.Dispatcher`. */
function classOf(Own, undici) {
  const { Dispatcher } = undici
  let Class = classes.get(Dispatcher)
  if (Class !== undefined) return Class
  Class = class KeepaliveDispatcher extends Dispatcher {
    constructor(...options) {
      super()
      return Object.setPrototypeOf(new Own(...options), new.target.prototype)
    }
  }
  for (const name of Reflect.ownKeys(Own.prototype)) {
    if (name === 'constructor') continue
    Object.defineProperty(Class.prototype, name, Object.getOwnPropertyDescriptor(Own.prototype, name))
  }
  Object.setPrototypeOf(Class.prototype, withPools(Dispatcher.prototype))
  classes.set(Dispatcher, Class)
  return Class
}

module.exports = { classOf }
