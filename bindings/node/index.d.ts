/// <reference types="node" />
// One keep-alive HTTP/1.1 connection pool for a whole process. All times are milliseconds; `null` and 0 are "no limit"
// wherever a time is a limit, in a client and in a request (undici's rule for its timeouts, applied everywhere).

import type { Blob } from 'node:buffer'
import type { Readable } from 'node:stream'

/**
 * Options of a client. `null` or 0 for a time means no limit; `null` for a text, not set.
 * An unknown option is a TypeError that names it, and the one that may have been meant.
 */
export interface ClientOptions {
  /**
   * The defaults that the other options change: `default`, or `service` for calls between services
   * (totalTimeout and headerTimeout 5,000, queueTimeout 2,000, queueLimit 1,024, retries 2, circuitBreaker on).
   */
  profile?: 'default' | 'service'
  /** Connections per origin: in use, idle and being opened. Default 128. */
  maxPerHost?: number
  /** Connections over all origins; never more than half of the process's file descriptors. Default 1,024. */
  maxTotal?: number
  /** Connections being opened per origin at a time. Default 16. */
  maxDialsPerHost?: number
  /** How long a request waits for a connection at most, however fast the queue moves. Default none. */
  queueTimeout?: number | null
  /** How long a request waits while no connection of its origin is given back. Default 10,000. */
  queueStallTimeout?: number | null
  /** Requests that may wait for a connection; more fail at once. Default 65,536. */
  queueLimit?: number
  /** How long an idle connection is kept; lowered by the server's `Keep-Alive: timeout=N`. Default 30,000. */
  idleTimeout?: number | null
  /** Age after which a connection is not reused, give or take 20 %. Default 300,000. */
  maxAge?: number | null
  /**
   * How often the names of pooled connections are looked up again, in the background; also how long an answer
   * serves new connections. A connection whose address has left the answer is given up after a third to twice this
   * time. Without it: never. Default 30,000.
   */
  dnsTtl?: number | null
  /** DNS, TCP and TLS together. Default 5,000. */
  connectTimeout?: number | null
  /**
   * From the end of the request to the end of the response head. Default 300,000, as undici's `headersTimeout`
   * (C and Python: 65,000).
   */
  headerTimeout?: number | null
  /** Longest wait without a byte, sending or receiving. Default 300,000, as undici's `bodyTimeout`. */
  stallTimeout?: number | null
  /**
   * How long a response may wait for its body to be read on, before its connection is closed. Default
   * 300,000.
   */
  bodyIdleTimeout?: number | null
  /** The whole exchange with its body, redirects included. Default none. */
  totalTimeout?: number | null
  /** Bytes of a response head. Default 65,536. */
  maxHeadSize?: number
  /** Fields of a response head or trailer section. Default 512. */
  maxFields?: number
  /**
   * Bytes, decoded, of a response body that is collected whole (`text()`, `arrayBuffer()`, ...); more is
   * `KA_BODY_TOO_LARGE`, and no memory is taken for it when its length is known. Streams have no limit. 0: as much as
   * a buffer can have (`buffer.constants.MAX_LENGTH`). Default 2 GiB.
   */
  maxBodySize?: number
  /** Bytes of an unread body that are read to save the connection. Default 262,144. */
  drainLimit?: number
  /** Time spent on reading them. Default 50. */
  drainTimeout?: number | null
  /**
   * Microseconds for which a wait for an answer may watch the socket before it sleeps, on connections whose answers
   * come that fast (a server on the same machine or rack). 0: always sleep. Default 50, at most 1,000.
   */
  busyPoll?: number
  /** Redirects followed when following is asked for. Default 20. */
  maxRedirects?: number
  /**
   * Further tries of a replayable request after a connect failure, a broken connection or status
   * 408, 429, 500, 502, 503 or 504; `Retry-After` is honoured up to `retryMaxWait`. Default 0.
   */
  retries?: number
  /**
   * Retries to an origin in percent of the requests to it, above a reserve of 10 a second, so that they never multiply
   * an outage; 100: no bound. Default 20.
   */
  retryBudget?: number
  /** Longest wait for another try; a longer `Retry-After` returns the response. Default 30,000. */
  retryMaxWait?: number | null
  /** Fail at once, with `KA_CIRCUIT_OPEN`, while an origin keeps failing. Default false. */
  circuitBreaker?: boolean
  /**
   * Send a replayable request a second time, on an idle connection, when its response head has taken longer than 95 %
   * of the last ones of its origin; the first response counts, within `retryBudget`. Default false.
   */
  hedge?: boolean
  /** User-Agent of requests that give none; `null`: not sent. Default `libkeepalive/VERSION`. */
  userAgent?: string | null
  /**
   * Addresses of names, instead of the system's: `host:port:address[,address]`, several separated by spaces; or
   * `@file` with such entries, which is read again at each lookup.
   */
  resolve?: string | null
  /** PEM file of trusted certificates, instead of the system's. */
  caFile?: string | null
  /** The same as text or bytes. */
  caPem?: string | Uint8Array | null
  /** PEM file of the client certificate chain; needs `clientKeyFile`. */
  clientCertFile?: string | null
  /** PEM file of the client certificate's private key. */
  clientKeyFile?: string | null
  /** PEM of the client certificate chain; needs `clientKeyPem`. */
  clientCertPem?: string | Uint8Array | null
  /** PEM of the private key. */
  clientKeyPem?: string | Uint8Array | null
  /** Password of an encrypted private key (PKCS #8). */
  clientKeyPassword?: string | null
}

/** A header value; an array becomes one field for each, `undefined` none. */
export type HeaderValue = string | number | boolean | bigint | undefined

/**
 * Header fields: an object, pairs, a `Headers` or `Map`, or a flat array of names and values.
 * Order and case are kept.
 */
export type HeadersInit =
  | Record<string, HeaderValue | readonly HeaderValue[]>
  | Iterable<readonly [string, HeaderValue | readonly HeaderValue[]] | readonly string[]>
  | readonly string[]

/** One piece of a body that comes in pieces. */
export type BodyPiece = string | ArrayBufferView | ArrayBufferLike

/**
 * A request body. Strings and bytes are copied and sent with their length; so are arrays and Sets of them, Blobs and
 * form data (of the global scope, of undici, of the `form-data` package), and the body of a `Request` that is there
 * within a few turns of the event loop and has at most 1 MB. Streams and other iterables are read as fast as the server
 * takes them, and sent chunked unless a Content-Length header gives their length.
 *
 * All of them can be sent again, on a replay, a retry or a redirect with 307 or 308, except those that give their
 * pieces once: streams, generators and other iterators, `form-data`. A redirect of these is `KA_INVALID_STATE`.
 *
 * A source is released however its request ends: streams are destroyed, iterators get `return()`. It runs in the async
 * context (`AsyncLocalStorage`) of the call that brought it; what it throws is the `cause` of its own request's error.
 */
export type BodyInit =
  | BodyPiece
  | URLSearchParams
  | Blob
  | globalThis.Blob
  | FormData
  | ReadableStream
  | Readable
  | AsyncIterable<BodyPiece>
  | Iterable<BodyPiece>

/** Time limits of one request; absent: the client's, `null` or 0: none. */
export interface Timeouts {
  /** Waiting for a connection. */
  queueTimeout?: number | null
  /** DNS, TCP and TLS together. */
  connectTimeout?: number | null
  /** From the end of the request to the end of the response head. */
  headersTimeout?: number | null
  /** Longest wait without the server taking a byte. */
  sendTimeout?: number | null
  /** Longest wait without a byte of the response body. */
  bodyTimeout?: number | null
  /** The whole exchange with its body. */
  totalTimeout?: number | null
}

/** Options of `request`. An unknown one is a TypeError that names it. */
export interface RequestOptions extends Timeouts {
  /** Default GET. delete, get, head, options, post and put are sent in capitals, others as given. */
  method?: string
  headers?: HeadersInit | null
  body?: BodyInit | null
  /** Appended to the URL; arrays repeat the name, `undefined` is left out. */
  query?: URLSearchParams | Record<string, QueryValue | readonly QueryValue[]>
  /** Aborting rejects with `signal.reason` and closes the connection. */
  signal?: AbortSignal | null
  /** Default `manual`: a redirect is a response like any other. */
  redirect?: 'follow' | 'manual'
  /** Whether gzip, deflate, br and zstd are asked for and decoded. Default false. */
  decompress?: boolean
}

export type QueryValue = string | number | boolean | bigint | null | undefined

/**
 * Options of `fetch`, as WHATWG describes them. What it does not know is ignored; a TypeError are `integrity`,
 * `dispatcher` and `agent`, which cannot be honoured, and names that come near to one of ours.
 */
export interface RequestInit extends Timeouts {
  /** Default GET. */
  method?: string
  headers?: HeadersInit
  body?: BodyInit | null
  /** Aborting rejects with `signal.reason`, also while the body is read. */
  signal?: AbortSignal | null
  /** Default `follow`. With `manual` the redirect itself is the response. */
  redirect?: 'follow' | 'error' | 'manual'
  /** Accepted for the sake of streamed bodies; they are always sent this way. */
  duplex?: 'half'
}

/** How an exchange went. */
export interface Info {
  /** Whether the connection had carried a response before. */
  reused: boolean
  /** Number of the connection, unique in the process. */
  connectionId: number
  /** How often the request was sent again on a fresh connection: 0 or 1. */
  replays: number
  /** Why: the `kind` of the error it met, as `ConnectionReset`; `null` when it was sent once. */
  replayReason: string | null
  /** Tries before this one that failed and were worth another (option `retries`). */
  retries: number
  /** Redirects followed. */
  redirects: number
  /** Whether a second try was sent because the first took long (option `hedge`). */
  hedged: boolean
  /** Whether the response is the second try's. */
  hedgeWon: boolean
  /** Of the response. */
  httpVersion: '1.0' | '1.1'
  /** Milliseconds by phase; 0 where a phase did not happen. */
  timings: {
    /** Waiting for a connection, dialling included. */
    queued: number
    resolve: number
    connect: number
    tls: number
    /** From the first byte of the request to its last. */
    send: number
    /** From then to the end of the response head. */
    wait: number
    /** From the call to the response head. */
    total: number
  }
}

/** Fields by lower-case name; a name that came more than once has an array. */
export type IncomingHeaders = Record<string, string | string[]>

/**
 * The body of `request`: a Node Readable, and the methods that read it whole. Each body is read
 * once; reading it again, in whatever way, is an error. An unread body needs no care: its connection is freed when the
 * body is garbage. Every piece has memory of its own, which may be kept and transferred.
 */
export interface BodyReadable extends Readable {
  /** The whole body as text (UTF-8). */
  text(): Promise<string>
  /** The whole body, parsed. */
  json(): Promise<unknown>
  /** The whole body. */
  bytes(): Promise<Uint8Array>
  /** The whole body. */
  arrayBuffer(): Promise<ArrayBuffer>
  /** The whole body, with the response's content type. */
  blob(): Promise<Blob>
  /** The whole body, when it is multipart/form-data or urlencoded. */
  formData(): Promise<FormData>
  /**
   * Throws the rest away; the connection is kept when little is left (options `drainLimit` and
   * `drainTimeout`), and free for the next request when this resolves.
   */
  dump(): Promise<null>
  /** Whether reading has begun. */
  readonly bodyUsed: boolean
  /** The same body as a web stream. */
  readonly body: ReadableStream<Uint8Array>
}

/**
 * What `request` resolves to. Everything but `statusCode` is decoded when it is first asked for, by
 * getters: destructuring works, `{ ...result }` copies `statusCode` only.
 */
export interface RequestResult {
  readonly statusCode: number
  readonly statusText: string
  readonly headers: IncomingHeaders
  /** Empty until the body has been read to its end. */
  readonly trailers: IncomingHeaders
  /** The URL the response is from, after redirects, without userinfo and fragment. */
  readonly url: string
  readonly body: BodyReadable
  readonly info: Info
}

/**
 * What `fetch` resolves to, as WHATWG describes it: an instance of the global scope's `Response`, too. `new Response()`
 * makes one of those.
 */
export class Response extends globalThis.Response {
  readonly type: 'basic'
  /** The URL the response is from, after redirects, without userinfo and fragment. */
  readonly url: string
  /** A second response with the same body; what one half reads is kept for the other. */
  clone(): Response
  /** How the exchange went. Not part of WHATWG. */
  readonly info: Info
}

/** Counters of a pool. */
export interface Stats {
  /** Connections opened. */
  opened: number
  /** Requests sent on a connection that had carried a response before. */
  reused: number
  /** Idle connections found dead. */
  stale: number
  /** Requests sent again on a fresh connection. */
  replayed: number
  /** Further tries after failures (option `retries`). */
  retried: number
  /** Second tries sent because the first took long (option `hedge`). */
  hedged: number
  /** Look-ups of names, of the whole process, that have had no answer for 5 s and more. */
  stuckLookups: number
  /** Connections closed, by reason. */
  closed: Record<string, number>
  /** Requests waiting for a connection, now. */
  waiting: number
  /** Idle connections, now. */
  idle: number
  /** Connections in use, now. */
  active: number
  /** Connections being opened, now. */
  dialing: number
  /** The same moment by origin, in the order they were first used. */
  origins: OriginStats[]
}

/** One origin's part of the counters. */
export interface OriginStats {
  /** `https://example.com:8443`. */
  origin: string
  /** Requests waiting for a connection. */
  waiting: number
  /** Idle connections. */
  idle: number
  /** Connections in use. */
  active: number
  /** Connections being opened. */
  dialing: number
  /** How long a connection may idle, in milliseconds; `null` for ever. */
  idleLimit: number | null
  /** Where that is from: the option, the server's `Keep-Alive`, or what its closes have taught. */
  idleLimitSource: 'option' | 'hint' | 'learnt'
  /** The circuit breaker; shared by all clients of the process. */
  breaker: 'closed' | 'open' | 'half_open'
  /**
   * What its name resolved to last; empty without connections, when the URL has an address, and when names are not
   * looked up again (option `dnsTtl`).
   */
  addresses: string[]
}

/** Stable names of what can go wrong. */
export type ErrorCode =
  | 'KA_INVALID_ARGUMENT'
  | 'KA_INVALID_URL'
  | 'KA_UNSUPPORTED_SCHEME'
  | 'KA_INVALID_METHOD'
  | 'KA_INVALID_HEADER'
  | 'KA_BODY_LENGTH_MISMATCH'
  | 'KA_BODY_SOURCE_FAILED'
  | 'KA_INVALID_STATE'
  | 'KA_RESOLVE_FAILED'
  | 'KA_CONNECT_FAILED'
  | 'KA_CONNECT_TIMEOUT'
  | 'KA_TLS_HANDSHAKE_FAILED'
  | 'KA_CERTIFICATE_REJECTED'
  | 'KA_TLS_PROTOCOL'
  | 'KA_CONNECTION_CLOSED'
  | 'KA_CONNECTION_RESET'
  | 'KA_SEND_TIMEOUT'
  | 'KA_READ_TIMEOUT'
  | 'KA_INVALID_RESPONSE_HEAD'
  | 'KA_HEAD_TOO_LARGE'
  | 'KA_INVALID_FRAMING'
  | 'KA_INVALID_CHUNK'
  | 'KA_BODY_TRUNCATED'
  | 'KA_HEAD_TRUNCATED'
  | 'KA_DECODING_FAILED'
  | 'KA_INVALID_REDIRECT'
  | 'KA_BODY_TOO_LARGE'
  | 'KA_POOL_TIMEOUT'
  | 'KA_TOTAL_TIMEOUT'
  | 'KA_CANCELLED'
  | 'KA_INTERRUPTED'
  | 'KA_CIRCUIT_OPEN'
  | 'KA_QUEUE_FULL'
  | 'KA_TOO_MANY_REDIRECTS'
  | 'KA_PANIC'
  | 'KA_INTERNAL'

/** Where in an exchange it happened. */
export type Phase = 'request' | 'pool' | 'resolve' | 'connect' | 'tls' | 'send' | 'head' | 'body'

/** What every error of this package says; a caller's mistakes are a TypeError with these fields. */
export interface ErrorDetails {
  /** Decide by this one. */
  code: ErrorCode
  /** The same as a name: `ConnectTimeout`. */
  kind: string
  phase: Phase
  /** Whether it happened on a connection that had carried a response before. */
  reused: boolean
  /** Whether sending the request again cannot make the server act twice. */
  retrySafe: boolean
  /** How much of the request had been written. */
  sent: 'nothing' | 'part' | 'all'
  /** The operating system's error number, negative as Node has it, when there is one. */
  errno?: number
  /** What failed with it, as `connect`, `read`, `write` or `getaddrinfo`. */
  syscall?: string
  /** The peer's IP address, where one was being connected to or was. */
  address?: string
  /** The peer's port, likewise. */
  port?: number
  /** How often the request was tried in all (option `retries`). */
  tries?: number
  /** What was asked for, without userinfo and fragment. */
  url?: string
}

/**
 * A failed exchange. `request` rejects with it; `fetch` with a TypeError whose `cause` it is.
 * `cause` is what a request body's source threw.
 */
export class KeepaliveError extends Error implements ErrorDetails {
  private constructor()
  code: ErrorCode
  kind: string
  phase: Phase
  reused: boolean
  retrySafe: boolean
  sent: 'nothing' | 'part' | 'all'
  errno?: number
  syscall?: string
  address?: string
  port?: number
  tries?: number
  url?: string
}

/** A pool with its limits and TLS settings. Nothing it does blocks the event loop. */
export class Client {
  /** Throws a TypeError that names the option when one is wrong. */
  constructor(options?: ClientOptions)
  /** The process-wide client: one pool for all threads, and what the module's functions use. */
  static shared(): Client
  /**
   * Sends a request. Rejects with a TypeError for wrong arguments (nothing is sent then), a
   * KeepaliveError for a failed exchange, and `signal.reason` when aborted. HTTP statuses are not
   * errors. A URL that another parser would read as one of another host is refused. Works without its client
   * (`const { request } = client`), as `fetch` does.
   */
  request(url: string | URL, options?: RequestOptions | null): Promise<RequestResult>
  /** Sends a request as WHATWG's fetch does, URLs included; decodes gzip, deflate, br and zstd. */
  fetch(input: string | URL | Request, init?: RequestInit | null): Promise<Response>
  /** Counters of the pool. */
  stats(): Stats
  /**
   * Closes idle connections, fails requests that wait for one, and refuses new ones with
   * `KA_INVALID_STATE`; exchanges under way finish. On the process-wide client only idle
   * connections are closed.
   */
  close(): void
  /**
   * Opens connections to the origin of `url` until it has `count` idle ones, within the caps;
   * resolves to how many were opened. Rejects with the first dial's failure; what succeeded is kept.
   */
  warm(url: string | URL, count: number): Promise<number>
  /**
   * The network is another one (a laptop moved, a VPN came up): closes idle connections, so that
   * requests dial anew, and forgets what was learnt of failing origins.
   */
  networkChanged(): void
  /** Closes the circuit breaker of the origin of `url`, for the whole process. */
  resetBreaker(url: string | URL): void
  /** Closes idle connections; the client stays usable. */
  closeIdle(): void
}

/** `Client.shared().request`. */
export function request(url: string | URL, options?: RequestOptions | null): Promise<RequestResult>
/** `Client.shared().fetch`. */
export function fetch(input: string | URL | Request, init?: RequestInit | null): Promise<Response>
/** `Client.shared().stats`. */
export function stats(): Stats
