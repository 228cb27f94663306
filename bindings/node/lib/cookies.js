'use strict'
// A jar of cookies, named as tough-cookie's where it does the same. The engine decides; files are read and written here,
// where nothing blocks the loop.

const { randomUUID } = require('node:crypto')
const { readFile, rename, rm, writeFile } = require('node:fs/promises')
const { inspect } = require('node:util')
const native = require('./native')
const { argumentError, localError } = require('./errors')

const take = Symbol('take')
let nativeOf

/** Cookies that servers set and get back; several clients may have one. */
class CookieJar {
  #native

  static {
    nativeOf = (jar) => jar.#native
  }

  constructor(from) {
    this.#native = from?.[take] ?? new native.NativeCookies()
  }

  /** Keeps a cookie as if the server at `url` had set it by that Set-Cookie field. */
  setCookieSync(cookie, url) {
    const text = String(url)
    if (typeof cookie !== 'string') throw argumentError(`cookie: expected a string; got ${typeof cookie}`)
    run(() => this.#native.set(text, cookie))
  }

  async setCookie(cookie, url) {
    this.setCookieSync(cookie, url)
  }

  /** The cookies of a request to `url`, in the order in which they are sent; without a URL all. */
  getCookiesSync(url) {
    const text = url === undefined ? undefined : String(url)
    return run(() => this.#native.cookies(text)).map((cookie) => new Cookie(cookie))
  }

  async getCookies(url) {
    return this.getCookiesSync(url)
  }

  /** The value of the Cookie field of a request to `url`; empty for none. */
  getCookieStringSync(url) {
    const text = String(url)
    return run(() => this.#native.header(text))
  }

  async getCookieString(url) {
    return this.getCookieStringSync(url)
  }

  /** Removes the cookies of that domain, path and name, each of which may be left out; how many those were. */
  removeCookies({ domain, path, name } = {}) {
    return this.#native.remove(domain, path, name)
  }

  removeAllCookiesSync() {
    this.#native.remove()
  }

  async removeAllCookies() {
    this.removeAllCookiesSync()
  }

  /** Writes all cookies to a file of its owner's, which is replaced when the new one is whole. */
  async save(path, { format = 'netscape' } = {}) {
    const content = run(() => this.#native.write(String(format)))
    const beside = `${path}.${randomUUID()}.new`
    try {
      await writeFile(beside, content, { mode: 0o600, flag: 'wx' })
      await rename(beside, path)
    } catch (error) {
      await rm(beside, { force: true })
      throw error
    }
  }

  /** Adds the cookies of a file in either form; how many. */
  async load(path) {
    const content = await readFile(path)
    return run(() => this.#native.read(content))
  }

  toJSON() {
    return JSON.parse(this.#native.write('json').toString())
  }

  /** A jar of what `toJSON` gave, also tough-cookie's. */
  static fromJSON(value) {
    const jar = new CookieJar()
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    run(() => jar.#native.read(Buffer.from(text)))
    return jar
  }

  [inspect.custom]() {
    return `CookieJar of ${this.#native.cookies().length}`
  }
}

/** A cookie as it was when it was asked for. */
class Cookie {
  constructor({ name, value, domain, hostOnly, path, expires, secure, httpOnly }) {
    this.key = name
    this.value = value
    this.domain = domain
    this.hostOnly = hostOnly
    this.path = path
    this.expires = expires === undefined || expires === null ? 'Infinity' : new Date(expires)
    this.secure = secure
    this.httpOnly = httpOnly
  }

  cookieString() {
    return this.key === '' ? this.value : `${this.key}=${this.value}`
  }

  /** Without its value. */
  [inspect.custom]() {
    return `Cookie { ${this.key} for ${this.domain}${this.path} }`
  }
}

function run(work) {
  try {
    return work()
  } catch (error) {
    throw localError(error)
  }
}

/** The jar that a client has on the native side; null when it has none. */
function jarOf(client) {
  const cookies = client.jar()
  return cookies === null ? null : new CookieJar({ [take]: cookies })
}

/** Has a client of the native side use a jar. */
function keepIn(jar, client) {
  client.keepCookies(nativeOf(jar))
}

module.exports = { CookieJar, jarOf, keepIn }
