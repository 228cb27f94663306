'use strict'
// What junk calls are made of.

/** The same numbers each time: xorshift32. */
function random(seed) {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Rejects, and is nobody's fault when nobody looks. */
function handled() {
  const rejected = Promise.reject(new Error('awaited'))
  rejected.catch(() => {})
  return rejected
}

/** Values that nobody means, and some that somebody does. */
function junk(pick) {
  const thrower = { get a() { throw new Error('a getter') }, get href() { throw new Error('a getter') } }
  const some = [
    undefined, null, true, false, 0, -1, 1.5, NaN, Infinity, -0, 2 ** 53, 10n, '', ' ', '\0', 'x', 'a b', '\ud800', '\u0100', 'x\r\nY: z',
    '../..', '%zz', 'constructor', '__proto__', Symbol('s'), Symbol.iterator, () => {}, () => { throw new Error('called') },
    handled, function* () { yield {} }, class {}, {}, [], [[]], [['a']], ['a', 'b', 'c'],
    { a: 1 }, { a: null }, { a: Symbol('v') }, Object.create(null), thrower, new Proxy({}, { get() { throw new Error('a trap') } }),
    new Proxy({}, { ownKeys() { throw new Error('a trap') } }), new Date(0), new Date(NaN), /x/, new Map([['a', {}]]), new Set([{}]), new WeakMap(),
    new Error('e'), Promise.resolve('http://a'), Buffer.from('x'), new Uint8Array(0), new ArrayBuffer(8), new SharedArrayBuffer(8),
    new DataView(new ArrayBuffer(1)), new URLSearchParams('a=b'), new URL('file:///etc/passwd'), new URL('data:,x'), new AbortController(),
    AbortSignal.abort(), AbortSignal.abort(null), { aborted: false, addEventListener() { throw new Error('mine') } }, new Blob(['x']), new FormData(),
    new Headers({ a: 'b' }), new ReadableStream(), { toString: () => 'text' }, { toString: null }, { then() { throw new Error('then') } },
    { [Symbol.iterator]: () => ({}) }, { [Symbol.asyncIterator]: () => ({ next: () => 5 }) }, process, globalThis.Response, new Response('x'),
    'x'.repeat(100_000), Array.from({ length: 500 }, () => 'a'),
  ]
  return some[pick(some.length)]
}

/** Options of these names, if anything of the kind. */
function options(pick, names) {
  if (pick(6) === 0) return junk(pick)
  const made = {}
  for (let i = pick(4); i >= 0; i -= 1) Object.defineProperty(made, names[pick(names.length)], { value: junk(pick), enumerable: true, configurable: true })
  return made
}

module.exports = { junk, options, random }
