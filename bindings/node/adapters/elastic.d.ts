import type { DispatcherOptions } from './dispatcher'

/**
 * The Elasticsearch client's own UndiciConnection on a dispatcher of the native pool: `new Client({ node, Connection:
 * connection() })`. Timeouts and `tls` of the client hold; `caFingerprint` is refused. `options` are the dispatcher's.
 * Throws when `@elastic/transport` is not there.
 */
export declare function connection(options?: DispatcherOptions): any
