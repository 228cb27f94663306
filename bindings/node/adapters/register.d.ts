import type { DispatcherOptions, KeepaliveDispatcher } from './dispatcher'

/**
 * Puts a dispatcher with these options into the places where Node's fetch and every copy of undici (6, 7, 8) look for
 * the global one; loading this module did that without options. Limits (`headersTimeout`, `bodyTimeout`,
 * `maxHeaderSize`, `maxResponseSize`, `connections`, the connect timeout), addresses and TLS options (`connect`) that are
 * not given are those of the dispatcher that was there; what cannot be followed of those (a `connect` function, `lookup`,
 * `ciphers`) is refused, and `connect: {}` leaves it out. One pool serves all threads that ask for the same options. It holds for this thread; with `--import`
 * each worker does it for itself.
 *
 * Throws undici's `InvalidArgumentError` or `NotSupportedError` for options that are none; nothing is changed then.
 */
export declare function register(options?: DispatcherOptions): KeepaliveDispatcher

/**
 * Gives back what was there before the first `register`, and says whether it did: what somebody else has put there since
 * stays. Requests under way finish.
 */
export declare function unregister(): boolean
