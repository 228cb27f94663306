/// <reference types="node" />
import type * as http from 'node:http'
import type * as https from 'node:https'
import type { Client, ClientOptions } from '../index'

export interface PoolOptions {
  /**
   * A Client whose pool is used, or options of one; those with the same options share one pool, in all threads.
   * Default: the limits of Node's agents, which are none.
   */
  client?: Client | ClientOptions
}

/**
 * An `http.Agent` whose requests go over the native pool: for `http.request` and all that is built on it. Options are
 * Node's; connections are kept whatever `keepAlive` says. What cannot be followed (`checkServerIdentity`, `pfx`, `ciphers` and the
 * like) is an error of its request that names it. Errors of requests are Node's by code (`ECONNREFUSED`, `ECONNRESET`,
 * `ENOTFOUND`, `ETIMEDOUT`), with the `KeepaliveError` as their `cause`. To be used on the thread that made it.
 */
export declare class HttpAgent extends http.Agent {
  constructor(options?: http.AgentOptions & PoolOptions)
  /** The Client whose pool it uses. */
  readonly client: Client
}

/** The same for https; certificates (`ca`, `cert`, `key`) make pools of their own. */
export declare class HttpsAgent extends https.Agent {
  constructor(options?: https.AgentOptions & PoolOptions)
  /** The Client whose pool it uses. */
  readonly client: Client
}

/** Made once for each thread; what the other adapters use. */
export declare const httpAgent: HttpAgent
export declare const httpsAgent: HttpsAgent
