/// <reference types="node" />
import type { EventEmitter } from 'node:events'
import type { Client, ClientOptions } from '../index'

/**
 * Options of a dispatcher: a Client's, and undici's names for some of them. Where an Agent of undici has another limit
 * than a Client, the Agent's is the default: connecting 10 s, head and body 300 s each, heads of 16 KiB
 * (`--max-http-header-size`), any number of connections, no User-Agent of our own.
 */
export interface DispatcherOptions extends ClientOptions {
  /** From the end of the request to its head, milliseconds; 0: no limit. Default: 300,000. */
  headersTimeout?: number
  /** Longest wait without a byte of the body, milliseconds; 0: no limit. Default: 300,000. */
  bodyTimeout?: number
  /** How long an idle connection is kept, milliseconds. Default: 30,000, less where the server says so. */
  keepAliveTimeout?: number
  /** Connections per origin. Default: no limit but the process's descriptors. */
  connections?: number | null
  /** Bytes of the names and values of a response's fields. Default: `http.maxHeaderSize`. */
  maxHeaderSize?: number
  /** Bytes of a response's body as it is sent; -1: no limit. Default: -1. */
  maxResponseSize?: number
  /** How connections are made. A function is refused: the native pool makes them. */
  connect?: {
    /** Milliseconds. Default: 10,000. */
    timeout?: number
    rejectUnauthorized?: boolean
    servername?: string
    socketPath?: string
    localAddress?: string
    ca?: string | Uint8Array | string[]
    cert?: string | Uint8Array
    key?: string | Uint8Array
    passphrase?: string
  }
  /** Limits of undici's WebSocket. */
  webSocket?: { maxFragments?: number; maxPayloadSize?: number }
}

/** Of one origin, as undici counts it. */
export interface DispatcherStats {
  connected: number
  free: number
  pending: number
  queued: number
  running: number
  size: number
}

/**
 * A Dispatcher of undici's kind (6, 7 and 8, either shape of handlers) on the native pool: for `setGlobalDispatcher`,
 * the `dispatcher` option, interceptors and `RetryAgent`. Errors are undici's by name, code and `instanceof`, with the
 * `KeepaliveError` as their `cause`. To be used on the thread that made it.
 */
export declare class KeepaliveDispatcher extends EventEmitter {
  /** With a pool of its own, or on the pool of a Client. Throws `InvalidArgumentError`, and what a Client throws. */
  constructor(options?: DispatcherOptions | Client)

  /** On a pool that all threads of the process share which ask for it with the same options. */
  static shared(options?: DispatcherOptions): KeepaliveDispatcher

  /**
   * The class below `undici.Dispatcher`, for programs that ask `instanceof` or call `dispatcher.request()`, `stream()`
   * and so on. `undici` is the module.
   */
  static withUndici<U extends { Dispatcher: abstract new (...options: any[]) => any }>(
    undici: U,
  ): new (options?: DispatcherOptions | Client) => InstanceType<U['Dispatcher']> & KeepaliveDispatcher

  /** Sends a request; what becomes of it is told to `handler`. Always true: it queues by itself. */
  dispatch(options: any, handler: any): boolean

  /** Refuses new requests, and resolves when those under way are over. The pool closes if it is its own. */
  close(): Promise<null>
  close(callback: (error: Error | null, nothing: null) => void): void

  /** Ends those under way, with `error` or `ClientDestroyedError`. */
  destroy(error?: Error | null): Promise<null>
  destroy(callback: (error: Error | null, nothing: null) => void): void
  destroy(error: Error | null, callback: (error: Error | null, nothing: null) => void): void

  /** A dispatcher whose requests pass these interceptors first: undici's, of any of its versions, or one's own. */
  compose(...interceptors: any[]): this

  readonly client: Client
  readonly closed: boolean
  readonly destroyed: boolean
  /** By origin, at the moment. */
  readonly stats: Record<string, DispatcherStats>
}
