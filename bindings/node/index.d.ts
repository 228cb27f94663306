/// <reference types="node" />
// One keep-alive HTTP/1.1 connection pool for a whole process. All times are milliseconds; `null` and 0 are "no limit"
// wherever a time is a limit, in a client and in a request (undici's rule for its timeouts, applied everywhere).

import type { Blob } from 'node:buffer'
import type { LookupAddress, LookupAllOptions } from 'node:dns'
import type { EventEmitter } from 'node:events'
import type { Duplex, Readable } from 'node:stream'

/** A request that is about to be sent, as an `auth` function sees it. */
export interface AuthRequest {
  method: string
  url: string
  /** What the caller gave; names in lower case, repeated fields are arrays. */
  headers: Record<string, string | string[]>
  /** The body if it is in memory. */
  body?: string | Uint8Array
}

/**
 * Who asks, for the origin of the request and no other: the engine's text (`basic USER:PASSWORD`, `bearer TOKEN`,
 * `digest USER:PASSWORD`; an empty one is nobody), the same as an object (`scheme` is `basic` unless it is given), or a
 * function that gives header fields for a request. What the function throws rejects the call; an abort does not wait
 * for it. It runs once for each call, before anything is sent.
 */
export type Auth =
  | string
  | { username: string; password: string; scheme?: 'basic' | 'digest' }
  | { bearer: string }
  | ((request: AuthRequest) => HeadersInit | undefined | null | void | Promise<HeadersInit | undefined | null | void>)

/** The head of a response that leads elsewhere. */
export interface RedirectResponse {
  statusCode: number
  statusText: string
  url: string
  headers: IncomingHeaders
}

/**
 * Decides about a redirect before it is followed. `false` refuses it, and the call rejects with `KA_REDIRECT_REFUSED`;
 * `true` and nothing do not; what it throws rejects the call as it is. It runs in the async context of the call.
 */
export type OnRedirect = (
  url: string,
  response: RedirectResponse,
) => boolean | undefined | null | void | Promise<boolean | undefined | null | void>

/**
 * Finds the addresses of a host, in the form of `dns.lookup` with `all`: by the callback, once, or by a promise. It is
 * asked before each connection is made, also where the URL has an address in it (which it is asked for then) and where a
 * proxy is used (for the proxy's name), and nothing is connected to but what it gives, in that order: where it refuses an
 * address, nothing is sent there. What it fails with is the `cause` of a `KA_RESOLVE_FAILED`. It runs in the async context
 * of `new Client`. Connections that are idle are not looked up again: `maxAge` ends them.
 */
export type Lookup = (
  hostname: string,
  options: LookupAllOptions,
  callback: (
    error: Error | null | undefined,
    addresses?: string | readonly (string | Pick<LookupAddress, 'address'>)[],
    family?: number,
  ) => void,
) => void | undefined | Promise<void | string | readonly (string | Pick<LookupAddress, 'address'>)[]>

/** A response that led to another one: its head, without its body. */
export interface Hop extends RedirectResponse {
  info: Info
}

/**
 * Options of a client. `null` or 0 for a time means no limit; `null` for a text, not set.
 * An unknown option is a TypeError that names it, and the one that may have been meant.
 */
export interface ClientOptions {
  /**
   * `tlsVerify` by Node's name. Without it, `NODE_TLS_REJECT_UNAUTHORIZED=0` in the environment turns verification off,
   * with Node's own warning.
   */
  rejectUnauthorized?: boolean
  /** `tlsServerName` by Node's name. */
  servername?: string | null
  /** Decides about the redirects of requests that have none of their own. */
  onRedirect?: OnRedirect | null
  /** Finds the addresses of all connections, in place of the system's resolver. Default: not set. */
  lookup?: Lookup | null
  /** Bytes, decoded, of a response body however it is read; more is an error. -1 or `null`: no limit. Default: no limit. */
  maxResponseSize?: number | null
  // <generated options>
  /**
   * The defaults that the other options change: `default` or `service` for calls between services (totalTimeout
   * 5,000, headerTimeout 5,000, queueTimeout 2,000, queueLimit 1,024, retries 2, circuitBreaker true).
   */
  profile?: 'default' | 'service'
  /** Connections per origin, in use, idle and being opened: streams hold one for minutes. At least 1. Default: 128. */
  maxPerHost?: number
  /**
   * Connections of the client over all origins; never more than half of the process's file descriptors (RLIMIT_NOFILE
   * when the pool is opened). At least 1. Default: 1,024.
   */
  maxTotal?: number
  /** Connections being opened per origin at a time, so that a cold burst is no SYN flood. At least 1. Default: 16. */
  maxDialsPerHost?: number
  /**
   * Requests that a connection carries at a time: with more than one, while all connections that the caps allow are in
   * use, a replayable request with no or a small body (16 KiB) is sent behind others, on a connection that has answered
   * as HTTP/1.1 (RFC 9112 9.3.2). Answers come in order, so that a slow one holds up those behind it: for many small
   * requests over a long way to a server that is known to do it well. An origin that mishandles it gets 1 for ten
   * minutes. Not together with `hedge`. 1 to 256. Default: 1.
   */
  pipelining?: number
  /**
   * How long a request waits for a connection at most, however fast the queue moves. 0 or `null`: no limit. Default: no
   * limit.
   */
  queueTimeout?: number | null
  /**
   * How long a request waits while no connection of its origin is given back: a long queue that moves is work, one that
   * stands still is a fault. The error says what holds the connections. 0 or `null`: no limit. Default: 10,000.
   */
  queueStallTimeout?: number | null
  /** Requests that may wait for a connection; more fail at once. Default: 65,536. */
  queueLimit?: number
  /**
   * How long an idle connection is kept; lowered by the server's Keep-Alive: timeout=N minus 1 s. 0 or `null`: no
   * limit. Default: 30,000.
   */
  idleTimeout?: number | null
  /**
   * Age after which a connection is not reused (+-20 % jitter), so that DNS changes reach the pool. 0 or `null`: no
   * limit. Default: 300,000.
   */
  maxAge?: number | null
  /**
   * How often the names of pooled connections are looked up again, in the background; also how long an answer serves
   * new connections. A connection whose address has left the answer is given up after a third to twice this time (10 to
   * 60 s). 0 or `null`: never. Default: 30,000.
   */
  dnsTtl?: number | null
  /** DNS, TCP and TLS together. 0 or `null`: no limit. Default: 5,000. */
  connectTimeout?: number | null
  /**
   * From the end of the request to the end of the response head: just above the 60 s after which gateways (nginx, load
   * balancers) answer 504. 0 or `null`: no limit. Default: 300,000 (C and Python: 65,000).
   */
  headerTimeout?: number | null
  /**
   * Longest wait without a byte, sending or receiving. 0 or `null`: no limit. Default: 300,000 (C and Python: 65,000).
   */
  stallTimeout?: number | null
  /**
   * Bytes per second that a body must move at on average over `minSpeedTime`, as curl's low-speed limit; slower is an
   * error (KA_TOO_SLOW). Bytes are counted as they are on the wire; only time spent on waiting for the peer to send or
   * to take some counts, and the wait for a response head does not. 0: any speed. Default: 0.
   */
  minSpeed?: number
  /** The time over which `minSpeed` is to be reached. 0 or `null`: no limit. Default: 30,000. */
  minSpeedTime?: number | null
  /**
   * Bytes per second that a body, sent or received, moves at on average at most: what comes faster is left in the
   * socket, so that TCP slows the sender down. 0: no limit. Default: 0.
   */
  maxSpeed?: number
  /**
   * How long a response may wait for its body to be read on, before its connection is closed: longer than servers wait
   * for a reader (60 s), and as long as a connection is kept at all. 0 or `null`: for ever. Default: 300,000.
   */
  bodyIdleTimeout?: number | null
  /** The whole exchange with its body, redirects included. 0 or `null`: no limit. Default: no limit. */
  totalTimeout?: number | null
  /** Bytes of a response head, 1xx heads counted in. 64 to 1,073,741,824 (1 GiB). Default: 65,536 (64 KiB). */
  maxHeadSize?: number
  /** Fields of a response head or trailer section. At least 1. Default: 512. */
  maxFields?: number
  /**
   * Bytes, decoded, of a response body that is collected whole; more is an error. Streams have no limit. 0: no limit.
   * Default: 2,147,483,648 (2 GiB).
   */
  maxBodySize?: number
  /**
   * Whether gzip, deflate, br and zstd bodies of responses are decoded, and offered in Accept-Encoding by requests that
   * have no such field. Without, a body is handed out as it came. Python and Node's fetch decode unless told not to, C
   * and Node's request do not. Default: by language.
   */
  decode?: boolean
  /** Bytes of an unread body that are read to save the connection. Default: 262,144 (256 KiB). */
  drainLimit?: number
  /** Time spent on reading the unread rest of a body to save the connection. 0 or `null`: no limit. Default: 50. */
  drainTimeout?: number | null
  /**
   * Microseconds that a wait for an answer watches the socket before the thread sleeps, on connections whose answers
   * come that fast (a server on the same machine or rack; saves the wake-up). 0: always sleep. At most 1,000.
   * Default: 50.
   */
  busyPoll?: number
  /**
   * What becomes of 301, 302, 303, 307 and 308 with a Location (RFC 9110 15.4): "follow"; "manual", they are responses
   * like others; "error", they are errors. `null`: "manual". Default: not set.
   */
  redirect?: 'follow' | 'manual' | 'error' | null
  /** Redirects followed when following is asked for (RFC 9110 15.4; the number of httpx and browsers). Default: 20. */
  maxRedirects?: number
  /**
   * Whether a redirect from https to http is followed: it shows everybody on the way what was to be hidden. Without, it
   * is an error. Default: false.
   */
  redirectDowngrade?: boolean
  /**
   * Names of header fields that a redirect takes to no other origin, as X-Api-Key, separated by commas or blanks:
   * beside Authorization, Cookie and Proxy-Authorization, which are always among them. A request's are in addition to
   * its client's. Default: not set.
   */
  sensitiveHeaders?: string | readonly string[] | null
  /**
   * Who asks, for the origin of the request's URL and no other: "basic USER:PASSWORD" (RFC 7617), "bearer TOKEN" (RFC
   * 6750) or "digest USER:PASSWORD" (RFC 7616: MD5, SHA-256 and SHA-512-256, answers to a server's 401, and from then
   * on with every request to it). A request's own Authorization field goes before it, and it before the URL's user and
   * password. Empty: none, whatever the client has. Default: not set.
   */
  auth?: Auth | null
  /**
   * Further tries of a replayable request after a connect failure, a broken connection or 408, 429, 500, 502, 503, 504;
   * waits are jittered and exponential from 100 ms, or what Retry-After says. Default: 0.
   */
  retries?: number
  /**
   * Retries to an origin as a percentage of the requests to it, above a reserve of 10 retries a second that is always
   * there, so that they never multiply an outage (Finagle's budget). 100: no bound. At most 100. Default: 20.
   */
  retryBudget?: number
  /**
   * Longest wait for another try. A server that asks for a longer one (Retry-After) gets none: its response is
   * returned. 0 or `null`: no limit. Default: 30,000.
   */
  retryMaxWait?: number | null
  /**
   * Fail at once while an origin fails: opens when half of at least 20 requests in 10 s failed, lets one probe through
   * after 5 s (doubled up to 60 s). Default: false.
   */
  circuitBreaker?: boolean
  /**
   * Bytes of a request body above which it, and one of unknown length, waits up to 1 s for the server's 100 (Continue),
   * so that one that is refused is not sent (RFC 9110 10.1.1; curl's threshold). A server that ignores it is remembered
   * for 10 min. A request asks with a field of its own (Expect: 100-continue), and does not with an empty one. 0: never
   * by itself. Default: 1,048,576 (1 MiB).
   */
  expectThreshold?: number
  /**
   * Send a replayable request a second time, on an idle connection, when its response head has taken longer than 95 %
   * of the last ones of its origin; the first response counts, within `retryBudget`. Blocking calls then run on the
   * engine's thread. Default: false.
   */
  hedge?: boolean
  /**
   * Whether cookies of answers are kept and sent with later requests, by a jar of the client's own (RFC 6265bis).
   * Clients in Python keep them unless told not to, the functions of the module do not; a jar that several clients
   * share is given by other means (docs/cookies.md). Default: by language.
   */
  cookies?: boolean | CookieJar
  /** User-Agent of requests that give none. `null`: not sent. Default: libkeepalive/VERSION. */
  userAgent?: string | null
  /**
   * Addresses of names, instead of the system's: "host:port:address[,address]", several separated by spaces; or "@file"
   * with such entries, which is read again at each lookup. Default: not set.
   */
  resolve?: string | null
  /**
   * Proxy for all requests, or for some: a URL (http, https, socks4, socks4a, socks5 or socks5h, with a user name and
   * password percent-encoded; without a scheme http), or several entries "PATTERN=>URL" separated by blanks, where a
   * pattern is http://, https:// or all:// with or without a host (name, *.name, *name) and port, and the URL may be
   * "direct"; the most specific one holds, as in httpx's mounts. An empty text: none, whatever the environment says.
   * Plain http is forwarded, https goes through CONNECT. Default: not set.
   */
  proxy?: string | Record<string, string | null> | null
  /**
   * Hosts that no proxy is used for, separated by commas or blanks: names (and what is below them), *.names, addresses,
   * networks as in 10.0.0.0/8, each with or without a port; * for all. Unless it is given, the environment's list holds
   * for the environment's proxies. Default: not set.
   */
  noProxy?: string | readonly string[] | null
  /**
   * Whether http_proxy, https_proxy, all_proxy and no_proxy of the environment are used, in lower case before upper
   * case; HTTP_PROXY not in a CGI program (REQUEST_METHOD is set). They are read when the client is made. Python reads
   * them unless told not to, Node with NODE_USE_ENV_PROXY=1 or --use-env-proxy, C with KEEPALIVE_TRUST_ENV=1.
   * Default: by language.
   */
  trustEnv?: boolean
  /** Header fields for the proxy alone: "Name: value" lines. Default: not set. */
  proxyHeaders?: string | HeadersInit | null
  /**
   * Unix domain socket that every request goes to, whatever host its URL names: a path, or "@name" for an abstract one.
   * No proxy is used then. Default: not set.
   */
  unixSocket?: string | null
  /** IP address that connections come from, instead of the system's choice. Default: not set. */
  localAddress?: string | null
  /**
   * Network interface that connections go through (SO_BINDTODEVICE), such as eth0, instead of the system's choice.
   * Default: not set.
   */
  interface?: string | null
  /**
   * Other places for hosts, as curl's --connect-to: "HOST:PORT:HOST:PORT" entries separated by blanks; an empty HOST or
   * PORT means any, or no change. Host field, TLS name and pool stay those of the URL. Default: not set.
   */
  connectTo?: string | readonly string[] | null
  /**
   * Whether a server has to prove with its certificate who it is. Without, whoever is on the way can read and change
   * everything; `tlsPins` still hold. Also: verify in Python, rejectUnauthorized in Node. Default: true.
   */
  tlsVerify?: boolean
  /**
   * Whether the certificate has to be for the host that is asked. Without, any server that a trusted authority vouches
   * for will do. Default: true.
   */
  tlsVerifyHost?: boolean
  /** PEM file of trusted certificates, in addition to the system's (`caOnly`: instead of them). Default: not set. */
  caFile?: string | null
  /**
   * Directory whose files are PEM with trusted certificates, as OpenSSL's; in addition to the system's. Default: not
   * set.
   */
  caDir?: string | null
  /** PEM bytes of trusted certificates, in addition to the system's. Default: not set. */
  caPem?: string | Uint8Array | null
  /** Trust what `caFile`, `caDir` and `caPem` have and not the system's certificates. Default: false. */
  caOnly?: boolean
  /** PEM file of the client certificate, its chain behind it; it may hold the private key too. Default: not set. */
  clientCertFile?: string | null
  /** PEM file of the client certificate's private key. Default: not set. */
  clientKeyFile?: string | null
  /** PEM bytes of the client certificate, its chain behind it; they may hold the private key too. Default: not set. */
  clientCertPem?: string | Uint8Array | null
  /** PEM bytes of the client certificate's private key. Default: not set. */
  clientKeyPem?: string | Uint8Array | null
  /** Password of an encrypted private key (PKCS #8). Default: not set. */
  clientKeyPassword?: string | null
  /** Oldest version of TLS: "1.2" (which is also the default) or "1.3". Default: not set. */
  tlsMinVersion?: string | null
  /** Newest version of TLS: "1.2" or "1.3" (which is also the default). Default: not set. */
  tlsMaxVersion?: string | null
  /**
   * Name or IP address that is asked for (SNI) and that the certificate has to be for, instead of the URL's host. Also:
   * servername in Node. Default: not set.
   */
  tlsServerName?: string | null
  /**
   * Public keys of which the server has to have one: "sha256//BASE64", several separated by semicolons, each the
   * SHA-256 of a SubjectPublicKeyInfo (as curl's CURLOPT_PINNEDPUBLICKEY). Checked beside all else, and without
   * `tlsVerify` too. Default: not set.
   */
  tlsPins?: string | null
  /**
   * Whether a GET, HEAD or OPTIONS without a body travels with the TLS handshake on a session that is resumed, which
   * saves a round trip (0-RTT, RFC 8446 2.3). Whoever is on the way can send such a request a second time; what a
   * server does not want so is sent again by itself (425, RFC 8470). Default: false.
   */
  tlsEarlyData?: boolean
  /**
   * File to which the secrets of all sessions are appended, for Wireshark and the like (the form of SSLKEYLOGFILE,
   * which is not looked at). Whoever can read it can read the traffic; it is made for its owner alone. Default: not
   * set.
   */
  keylogFile?: string | null
  // </generated>
}

/** A header value; an array becomes one field for each, `undefined` none. `null`: not sent, also where it would be by default. */
export type HeaderValue = string | number | boolean | bigint | null | undefined

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
 * A request body. Strings and bytes are copied and sent with their length; bytes above 1 MiB are copied while they are
 * sent, as undici and node:http read them, so they must not change until the promise of `request` has settled (`fetch`
 * takes its own copy at once, as WHATWG asks). With their length go also arrays and Sets of them, Blobs and
 * form data (of the global scope, of undici, of the `form-data` package), and the body of a `Request` that is there
 * within a few turns of the event loop and has at most 1 MB. Streams and other iterables are read as fast as the server
 * takes them, and sent chunked unless a Content-Length header gives their length.
 *
 * All of them can be sent again, on a replay, a retry or a redirect with 307 or 308, except those that give their
 * pieces once: streams, generators and other iterators, `form-data`. A redirect of these is `KA_INVALID_REDIRECT`.
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
  // <generated limits>
  /** Waiting for a connection. In place of `queueTimeout`. */
  queueTimeout?: number | null
  /** DNS, TCP and TLS together. In place of `connectTimeout`. */
  connectTimeout?: number | null
  /** From the end of the request to the end of the response head. In place of `headerTimeout`. */
  headersTimeout?: number | null
  /** Longest wait without a byte while sending. In place of `stallTimeout`. */
  sendTimeout?: number | null
  /** Longest wait without a byte while receiving. In place of `stallTimeout`. */
  bodyTimeout?: number | null
  /** The whole exchange with its body, redirects included. In place of `totalTimeout`. */
  totalTimeout?: number | null
  // </generated>
}

/** Options of `request`. An unknown one is a TypeError that names it. */
/** Options of a client that a request can have for itself. */
export interface RoadOptions {
  /** `tlsVerify` by Node's name. */
  rejectUnauthorized?: boolean
  /** `tlsServerName` by Node's name. */
  servername?: string | null
  /** Decides about redirects, in place of the client's. */
  onRedirect?: OnRedirect | null
  // <generated request options>
  /**
   * Bytes per second that a body must move at on average over `minSpeedTime`, as curl's low-speed limit; slower is an
   * error (KA_TOO_SLOW). Bytes are counted as they are on the wire; only time spent on waiting for the peer to send or
   * to take some counts, and the wait for a response head does not. 0: any speed. Default: 0.
   */
  minSpeed?: number
  /** The time over which `minSpeed` is to be reached. 0 or `null`: no limit. Default: 30,000. */
  minSpeedTime?: number | null
  /**
   * Bytes per second that a body, sent or received, moves at on average at most: what comes faster is left in the
   * socket, so that TCP slows the sender down. 0: no limit. Default: 0.
   */
  maxSpeed?: number
  /**
   * Whether gzip, deflate, br and zstd bodies of responses are decoded, and offered in Accept-Encoding by requests that
   * have no such field. Without, a body is handed out as it came. Python and Node's fetch decode unless told not to, C
   * and Node's request do not. Default: by language.
   */
  decode?: boolean
  /**
   * What becomes of 301, 302, 303, 307 and 308 with a Location (RFC 9110 15.4): "follow"; "manual", they are responses
   * like others; "error", they are errors. `null`: "manual". Default: not set.
   */
  redirect?: 'follow' | 'manual' | 'error' | null
  /**
   * Whether a redirect from https to http is followed: it shows everybody on the way what was to be hidden. Without, it
   * is an error. Default: false.
   */
  redirectDowngrade?: boolean
  /**
   * Names of header fields that a redirect takes to no other origin, as X-Api-Key, separated by commas or blanks:
   * beside Authorization, Cookie and Proxy-Authorization, which are always among them. A request's are in addition to
   * its client's. Default: not set.
   */
  sensitiveHeaders?: string | readonly string[] | null
  /**
   * Who asks, for the origin of the request's URL and no other: "basic USER:PASSWORD" (RFC 7617), "bearer TOKEN" (RFC
   * 6750) or "digest USER:PASSWORD" (RFC 7616: MD5, SHA-256 and SHA-512-256, answers to a server's 401, and from then
   * on with every request to it). A request's own Authorization field goes before it, and it before the URL's user and
   * password. Empty: none, whatever the client has. Default: not set.
   */
  auth?: Auth | null
  /**
   * Proxy for all requests, or for some: a URL (http, https, socks4, socks4a, socks5 or socks5h, with a user name and
   * password percent-encoded; without a scheme http), or several entries "PATTERN=>URL" separated by blanks, where a
   * pattern is http://, https:// or all:// with or without a host (name, *.name, *name) and port, and the URL may be
   * "direct"; the most specific one holds, as in httpx's mounts. An empty text: none, whatever the environment says.
   * Plain http is forwarded, https goes through CONNECT. Default: not set.
   */
  proxy?: string | Record<string, string | null> | null
  /**
   * Hosts that no proxy is used for, separated by commas or blanks: names (and what is below them), *.names, addresses,
   * networks as in 10.0.0.0/8, each with or without a port; * for all. Unless it is given, the environment's list holds
   * for the environment's proxies. Default: not set.
   */
  noProxy?: string | readonly string[] | null
  /** Header fields for the proxy alone: "Name: value" lines. Default: not set. */
  proxyHeaders?: string | HeadersInit | null
  /**
   * Unix domain socket that every request goes to, whatever host its URL names: a path, or "@name" for an abstract one.
   * No proxy is used then. Default: not set.
   */
  unixSocket?: string | null
  /** IP address that connections come from, instead of the system's choice. Default: not set. */
  localAddress?: string | null
  /**
   * Network interface that connections go through (SO_BINDTODEVICE), such as eth0, instead of the system's choice.
   * Default: not set.
   */
  interface?: string | null
  /**
   * Other places for hosts, as curl's --connect-to: "HOST:PORT:HOST:PORT" entries separated by blanks; an empty HOST or
   * PORT means any, or no change. Host field, TLS name and pool stay those of the URL. Default: not set.
   */
  connectTo?: string | readonly string[] | null
  /**
   * Whether a server has to prove with its certificate who it is. Without, whoever is on the way can read and change
   * everything; `tlsPins` still hold. Also: verify in Python, rejectUnauthorized in Node. Default: true.
   */
  tlsVerify?: boolean
  /**
   * Whether the certificate has to be for the host that is asked. Without, any server that a trusted authority vouches
   * for will do. Default: true.
   */
  tlsVerifyHost?: boolean
  /** PEM file of trusted certificates, in addition to the system's (`caOnly`: instead of them). Default: not set. */
  caFile?: string | null
  /**
   * Directory whose files are PEM with trusted certificates, as OpenSSL's; in addition to the system's. Default: not
   * set.
   */
  caDir?: string | null
  /** Trust what `caFile`, `caDir` and `caPem` have and not the system's certificates. Default: false. */
  caOnly?: boolean
  /** PEM file of the client certificate, its chain behind it; it may hold the private key too. Default: not set. */
  clientCertFile?: string | null
  /** PEM file of the client certificate's private key. Default: not set. */
  clientKeyFile?: string | null
  /** Password of an encrypted private key (PKCS #8). Default: not set. */
  clientKeyPassword?: string | null
  /** Oldest version of TLS: "1.2" (which is also the default) or "1.3". Default: not set. */
  tlsMinVersion?: string | null
  /** Newest version of TLS: "1.2" or "1.3" (which is also the default). Default: not set. */
  tlsMaxVersion?: string | null
  /**
   * Name or IP address that is asked for (SNI) and that the certificate has to be for, instead of the URL's host. Also:
   * servername in Node. Default: not set.
   */
  tlsServerName?: string | null
  /**
   * Public keys of which the server has to have one: "sha256//BASE64", several separated by semicolons, each the
   * SHA-256 of a SubjectPublicKeyInfo (as curl's CURLOPT_PINNEDPUBLICKEY). Checked beside all else, and without
   * `tlsVerify` too. Default: not set.
   */
  tlsPins?: string | null
  // </generated>
}

export interface RequestOptions extends Timeouts, RoadOptions {
  /** Default GET. delete, get, head, options, post and put are sent in capitals, others as given. */
  method?: string
  headers?: HeadersInit | null
  body?: BodyInit | null
  /** Appended to the URL; arrays repeat the name, `undefined` is left out, `null` is a name without a value. */
  query?: URLSearchParams | Record<string, QueryValue | readonly QueryValue[]>
  /** Aborting rejects with `signal.reason` and closes the connection. */
  signal?: AbortSignal | null
  /** Default: the client's, `manual`: a redirect is a response like any other. With `error` it rejects with `KA_INVALID_REDIRECT`. */
  redirect?: 'follow' | 'error' | 'manual'
  /** `decode` by the name that got and others have for it. */
  decompress?: boolean
  /**
   * The request target, sent byte for byte in place of the URL's path and query: for signed URLs, keys with `..` in
   * them, `OPTIONS *`. What cannot be sent in one is a TypeError with `KA_INVALID_ARGUMENT`.
   */
  rawTarget?: string
  /** In place of the URL's path and query. */
  path?: string
  /**
   * Cookies of this request alone, beside those that the client keeps, and in place of those of their names; `false`: none
   * at all, and none are kept. They go to no other origin. With a Cookie field of the request's own none are sent.
   */
  cookies?: Record<string, string> | false | null
  /**
   * Fields behind the body, which is then sent chunked (RFC 9110 6.5). A function tells its value when the body has been
   * given, as a checksum is known then; it runs again when the body is sent again, and what it throws fails the request.
   */
  trailers?: Record<string, HeaderValue | (() => HeaderValue)> | null
  /** Follows so many redirects at most; the one after them is the response. 0: as `redirect: 'manual'`. */
  maxRedirections?: number | null
  /** Bytes, decoded, of the response's body however it is read; more is `KA_BODY_TOO_LARGE`. -1 or `null`: the client's. */
  maxResponseSize?: number | null
  /** Called with each interim response (1xx) as it comes. What it throws ends the request and rejects. */
  onInfo?: ((info: { statusCode: number; headers: IncomingHeaders }) => void) | null
  /** Called at most ten times a second and at the end of each body, sent and received. What it throws ends the request. */
  onProgress?: ((progress: Progress) => void) | null
  /** Comes back as the result's `opaque`. */
  opaque?: unknown
  /** The result's `headers` are `[name, value, name, value, ...]` as they came. */
  responseHeaders?: 'raw' | null
  /** Rejects with a `ResponseStatusCodeError` (undici's name) when the status is 400 or more. Default: no. */
  throwOnError?: boolean | null
}

/** A URL in parts, as undici takes it: an `origin`, or `protocol`, `hostname` and `port`; and `path`, or `pathname` and `search`. */
export interface UrlParts {
  origin?: string | URL
  protocol?: string
  hostname?: string
  port?: string | number | null
  path?: string
  pathname?: string
  search?: string
}

/** What `throwOnError` rejects with. */
export interface ResponseStatusCodeError extends Error {
  name: 'ResponseStatusCodeError'
  code: 'UND_ERR_RESPONSE_STATUS_CODE'
  status: number
  statusCode: number
  /** Not shown with the error. */
  headers: IncomingHeaders | string[]
  /** Parsed JSON or text of at most 128 KiB, else `null`. */
  body: unknown
  url: string
  readonly info: Info
}

/** How far a body has come. */
export interface Progress {
  /** Bytes so far, as they are on the wire. Of a download that was taken up again, those that were there count too. */
  bytes: number
  /** All bytes; `null` while that is not known. */
  total: number | null
  /** Bytes per second, of the last few seconds. */
  rate: number
  /** Whether it is a request's body. */
  upload: boolean
}

/** What was written of a response's body. */
export interface Saved {
  /** Bytes of the whole body. */
  bytes: number
  /** Of these, those that an earlier download had left. */
  kept: number
  /** How often the connection broke and the rest was asked for. */
  resumes: number
}

/** A path (UTF-8), a `file:` URL, a file descriptor, or an object that has one, as a `FileHandle` of `fs.promises`. */
export type DownloadTarget = string | URL | number | { readonly fd: number }

/** Options of `download`: those of `request`, and how the file is written. */
export interface DownloadOptions extends RequestOptions {
  /** Whether the file, with its directory entry, is on the disk before the promise resolves. Default false. */
  fsync?: boolean
  /**
   * Whether what came before a failure stays as `PATH.part`, with what it is a part of in `PATH.part.info`, and is gone
   * on with by the next download of the same URL to the same path. Default false.
   */
  resume?: boolean
}

/** What `download` resolves to. */
export interface DownloadResult extends RequestResult {
  /** `null` when nothing was written. */
  readonly saved: Saved | null
}

/** Options of `upgrade`: those of `request` that concern a request without a body. */
export interface UpgradeOptions extends Omit<RequestOptions, 'body' | 'redirect'> {
  /** What the Upgrade field asks for. Default `websocket`. */
  protocol?: string
}

/** Options of `connect`: those of `request` that concern a request without a body. */
export interface ConnectOptions extends Omit<RequestOptions, 'body' | 'method' | 'query' | 'redirect'> {
  /** The `host:port` that is asked for; the URL has no path then. Without it, the URL's path is that. */
  path?: string
}

/** A connection that speaks another protocol. */
export interface UpgradeResult {
  /** 101 of `upgrade`, 200 to 299 of `connect`. */
  statusCode: number
  /** Names in lower case; repeated fields are arrays. */
  headers: IncomingHeaders
  /**
   * The connection, with what came behind the head; it has left the client's pool. It has no limit of time. The
   * peer's end is answered with one unless `socket.allowHalfOpen` is set to true; with TLS both are close_notify, and an
   * end without is an error (`KA_TLS_PROTOCOL`). Errors are KeepaliveErrors.
   */
  socket: Duplex & { readonly encrypted: boolean }
  info: Info
}

export type QueryValue = string | number | boolean | bigint | null | undefined

/**
 * Options of `fetch`, as WHATWG describes them. What it does not know is ignored; a TypeError are `dispatcher` and
 * `agent`, which cannot be honoured, and names that come near to one of ours. Relative URLs, and the header fields Origin
 * and Referer, are those of the origin that undici's `setGlobalOrigin` has set.
 */
export interface RequestInit extends Timeouts, Omit<RoadOptions, 'redirect'> {
  /** Default GET. */
  method?: string
  /**
   * Fields of one name are sent as one, their values joined by a comma; `null` sends none. `Host` is not heard, nor
   * `Content-Length` but of a stream.
   */
  headers?: HeadersInit | ConstructorParameters<typeof globalThis.Headers>[0]
  body?: BodyInit | ConstructorParameters<typeof globalThis.Response>[0] | null
  /** Aborting rejects with `signal.reason`, also while the body is read. */
  signal?: AbortSignal | null
  /**
   * Default `follow`. With `manual` the redirect itself is the response: its `type` is `opaqueredirect`, and, as in Node's
   * own fetch, it has its status, fields and body.
   */
  redirect?: 'follow' | 'error' | 'manual'
  /** The request target, sent byte for byte in place of the URL's path and query. */
  rawTarget?: string
  /** Has to be given with a body that comes in pieces by a stream or an async iterable. */
  duplex?: 'half'
  /** Digests of which the body has to have one; it is received whole before the promise resolves then. */
  integrity?: string
  /** No cache answers; `no-store`, `reload` and `no-cache` are told to those on the way. */
  cache?: 'default' | 'force-cache' | 'no-cache' | 'no-store' | 'only-if-cached' | 'reload'
  /** Checked, and without effect: there is no page whose cookies those were. See the option `cookies` of `Client`. */
  credentials?: 'include' | 'omit' | 'same-origin'
  /**
   * Default `cors`, which follows no redirect to a URL with credentials; `same-origin` follows none to another origin. A
   * response by way of another origin is of type `cors`, or `opaque` with `no-cors`: without status, fields and body. No
   * server is asked for its leave, as in Node's own fetch.
   */
  mode?: 'cors' | 'navigate' | 'no-cors' | 'same-origin'
  /** Without effect. */
  keepalive?: boolean
  /** Checked, and without effect. */
  priority?: 'auto' | 'high' | 'low'
  /** A URL of which `Referer` is told what the policy allows; '' for nothing. Default: the origin's URL, where one is set. */
  referrer?: string
  /** Default `strict-origin-when-cross-origin`. A redirect may change it. */
  referrerPolicy?:
    | '' | 'no-referrer' | 'no-referrer-when-downgrade' | 'origin' | 'origin-when-cross-origin' | 'same-origin'
    | 'strict-origin' | 'strict-origin-when-cross-origin' | 'unsafe-url'
  /** Nothing else. */
  window?: null
}

/** How an exchange went. */
export interface Info {
  // <generated info>
  /** Whether the connection had carried a response before. */
  reused: boolean
  /** Number of the connection, unique in the process. */
  connectionId: number
  /** Requests that the connection has carried, this one counted in. */
  requests: number
  /** Whether it was sent behind other requests on its connection (option `pipelining`). */
  pipelined: boolean
  /** How often the request was sent again on a fresh connection: 0 or 1. */
  replays: number
  /** Why it was sent again: the kind of the error that it met. Such as `ConnectionReset`; `null`: it was not. */
  replayReason: string | null
  /** Tries before this one that failed and were worth another (option `retries`). */
  retries: number
  /** Redirects followed before this response. */
  redirects: number
  /** Whether a second try was sent because the first took long (option `hedge`). */
  hedged: boolean
  /** Whether the response is the second try's. */
  hedgeWon: boolean
  /** What was sent of the request, in bytes: head and body as they stood in the connection, before TLS. */
  bytesSent: number
  /**
   * What has come of the response, in bytes: 1xx heads, head and body as they stood in the connection, chunked and
   * coded, after TLS. While the body is being read, what came with the head.
   */
  bytesReceived: number
  /** Address and port of this end of the connection. `null` where there is none. */
  localAddress: string | null
  /**
   * Address and port that the connection leads to, which are a proxy's where there is one; of a Unix domain socket its
   * path, as the option `unixSocket` has it. `null` where there is none.
   */
  peerAddress: string | null
  // </generated>
  /** Of the response. */
  httpVersion: '1.0' | '1.1'
  /** The 1xx heads that came before the response, such as 103 (Early Hints). */
  informational: { statusCode: number; headers: Record<string, string | string[]> }[]
  /**
   * Milliseconds by phase; 0 where a phase did not happen. All but `total` add up to it. They are of the try that was
   * answered: what was before it is in `stalled`. Look again at `info` for what the end of a streamed body adds.
   */
  timings: {
    // <generated timings>
    /** Waiting for a connection or for leave to open one: the limits of the pool. */
    queued: number
    /**
     * What is none of the others: tries before this one with the pauses between them, the redirects that led to it, and
     * what opening a connection cost beside the next three.
     */
    stalled: number
    /** Resolving the host name, as far as the request waited for it. */
    resolve: number
    /** The TCP handshake, and what a proxy took to open the way, as far as the request waited for them. */
    connect: number
    /** The TLS handshakes, as far as the request waited for them. */
    tls: number
    /** From the connection to the last byte of the request. */
    send: number
    /** From the last byte of the request to the end of the response head. */
    wait: number
    /** From the response head to the end of the body; 0 before that end, and when all came with the head. */
    receive: number
    /** From the call to the end of the response, or to its head while the body is still to come. */
    total: number
    // </generated>
  }
  /**
   * How TLS was agreed on when the connection was opened; `null` without TLS. Made when it is first looked at; `null`
   * too when 1,024 connections have brought their first responses since.
   */
  readonly tls: TlsInfo | null
  /** The responses that led here: redirects, and challenges that were answered; the first one first, the last 64 of them. */
  readonly history: Hop[]
}

/** How TLS was agreed on. */
export interface TlsInfo {
  version: 'TLSv1.2' | 'TLSv1.3'
  /** The cipher suite by its IANA name, such as `TLS_AES_128_GCM_SHA256`. */
  cipher: string
  /** The group of the key exchange, such as `X25519`; `null` when a session of TLS 1.2 was resumed. */
  group: string | null
  /** The protocol that the server chose by ALPN; `null`: it chose none. */
  alpn: string | null
  /** Whether an earlier session was resumed. The certificates are then those of that session. */
  resumed: boolean
  /** Whether the request travelled with the handshake (0-RTT): always false in this version. */
  early: boolean
  /** What the server's own certificate says; `null` when it is malformed, as an unverified one may be. */
  certificate: CertificateInfo | null
  /** The certificates that the server sent, in DER, its own first. */
  chain: Buffer[]
}

/** What a server's certificate says. */
export interface CertificateInfo {
  /** Whose it is (RFC 4514), such as `CN=example.com,O=Example`. */
  subject: string
  /** Who vouches for it, in the same form. */
  issuer: string
  /** The serial number in hexadecimal. */
  serial: string
  /** The host names and IP addresses that it is for. */
  names: string[]
  notBefore: Date
  notAfter: Date
  /** Its public key as option `tlsPins` takes it: `sha256//...`. */
  pin: string
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
export interface RequestResult<Fields = IncomingHeaders> {
  readonly statusCode: number
  readonly statusText: string
  readonly headers: Fields
  /** What the options had as `opaque`. */
  readonly opaque?: unknown
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
export interface Response extends globalThis.Response {
  readonly type: 'basic' | 'cors' | 'opaque' | 'opaqueredirect'
  /** The URL the response is from, after redirects, without userinfo and fragment. */
  readonly url: string
  /** A second response with the same body; what one half reads is kept for the other. */
  clone(): Response
  /** How the exchange went. Not part of WHATWG. */
  readonly info: Info
}
export const Response: typeof globalThis.Response & { readonly prototype: Response }

/** Counters of a pool. */
export interface Stats {
  // <generated totals>
  /** Connections opened. */
  opened: number
  /** Requests sent on a connection that had carried a response before. */
  reused: number
  /** Requests sent behind others on their connection (option `pipelining`). */
  pipelined: number
  /** Idle connections found dead, at checkout or while idle. */
  stale: number
  /** Requests sent again on a fresh connection. */
  replayed: number
  /** Further tries after failures (option `retries`). */
  retried: number
  /** Second tries sent because the first took long (option `hedge`). */
  hedged: number
  /** Look-ups of names, of the whole process, that have had no answer for 5 s and more. */
  stuckLookups: number
  // </generated>
  /** Connections closed, by reason. */
  closed: Record<string, number>
  // <generated moments>
  /** Requests waiting for a connection, at this moment. */
  waiting: number
  /** Idle connections, at this moment. */
  idle: number
  /** Connections in use, at this moment. */
  active: number
  /** Connections being opened, at this moment. */
  dialing: number
  // </generated>
  /** The same moment by origin, in the order they were first used. */
  origins: OriginStats[]
}

/** One origin's part of the counters. */
export interface OriginStats {
  // <generated origin>
  /** The origin, such as "https://example.com:8443". */
  origin: string
  /** Requests waiting for a connection. */
  waiting: number
  /** Idle connections. */
  idle: number
  /** Connections in use. */
  active: number
  /** Connections being opened. */
  dialing: number
  /** How long a connection may idle. `null`: for ever. */
  idleLimit: number | null
  /** Where that limit is from: the option `idleTimeout`, the server's Keep-Alive, or what its closes have taught. */
  idleLimitSource: 'option' | 'hint' | 'learnt'
  /** The circuit breaker, which all clients of the process share. */
  breaker: 'closed' | 'open' | 'half_open'
  /**
   * What its name resolved to last; empty without connections, when the URL has an address, and when names are not
   * looked up again (option `dnsTtl`).
   */
  addresses: string[]
  // </generated>
}

/** Stable names of what can go wrong. */
export type ErrorCode =
  // <generated codes>
  /** An argument or option has a value that is not allowed; the message names it. */
  | 'KA_INVALID_ARGUMENT'
  /** The URL cannot be parsed or lacks a host. */
  | 'KA_INVALID_URL'
  /** The URL's scheme is not http or https. */
  | 'KA_UNSUPPORTED_SCHEME'
  /** The method is not a token (RFC 9110 9.1). */
  | 'KA_INVALID_METHOD'
  /** A header name or value is not allowed (RFC 9110 5). */
  | 'KA_INVALID_HEADER'
  /** The request body is shorter or longer than declared. */
  | 'KA_BODY_LENGTH_MISMATCH'
  /** The source of a streamed request body failed. */
  | 'KA_BODY_SOURCE_FAILED'
  /** The object is closed, consumed or in use. */
  | 'KA_INVALID_STATE'
  /**
   * What a body was to be written to failed: no permission, no room, a directory, gone; the system's number says which.
   */
  | 'KA_FILE_FAILED'
  /** The host name could not be resolved. */
  | 'KA_RESOLVE_FAILED'
  /** No address of the host accepted a connection. */
  | 'KA_CONNECT_FAILED'
  /** Resolving, connecting and the TLS handshake took too long. */
  | 'KA_CONNECT_TIMEOUT'
  /** The proxy refused to open the way to the server, or broke the protocol. */
  | 'KA_PROXY_FAILED'
  /**
   * The proxy asks for credentials (407) that it was not given, or refused those it got; the message has its
   * challenges.
   */
  | 'KA_PROXY_AUTHENTICATION_REQUIRED'
  /** The TLS handshake failed. */
  | 'KA_TLS_HANDSHAKE_FAILED'
  /** The server's certificate is not trusted or not for this host. */
  | 'KA_CERTIFICATE_REJECTED'
  /** The peer broke the TLS protocol after the handshake. */
  | 'KA_TLS_PROTOCOL'
  /** The server closed the connection before any byte of the response. */
  | 'KA_CONNECTION_CLOSED'
  /** The connection was reset. */
  | 'KA_CONNECTION_RESET'
  /** The server accepted no byte of the request for too long. */
  | 'KA_SEND_TIMEOUT'
  /** No byte of the response came for too long. */
  | 'KA_READ_TIMEOUT'
  /** A body moved at less than `minSpeed` over `minSpeedTime`. */
  | 'KA_TOO_SLOW'
  /** The response head breaks RFC 9112. */
  | 'KA_INVALID_RESPONSE_HEAD'
  /** The response head exceeds a limit. */
  | 'KA_HEAD_TOO_LARGE'
  /** The response's framing fields are faulty. */
  | 'KA_INVALID_FRAMING'
  /** The chunked coding of the response is faulty. */
  | 'KA_INVALID_CHUNK'
  /** The connection ended before the response body was complete. */
  | 'KA_BODY_TRUNCATED'
  /** The connection ended inside the response head. */
  | 'KA_HEAD_TRUNCATED'
  /** The response body does not decode by its Content-Encoding. */
  | 'KA_DECODING_FAILED'
  /** A redirect has no usable Location. */
  | 'KA_INVALID_REDIRECT'
  /** The response body, decoded, exceeds `maxBodySize` and was to be collected whole. */
  | 'KA_BODY_TOO_LARGE'
  /** What the server sends is no part of what is there of a download, also when asked for all of it again. */
  | 'KA_RESUME_FAILED'
  /** No connection became free in time. */
  | 'KA_POOL_TIMEOUT'
  /** The whole exchange took too long. */
  | 'KA_TOTAL_TIMEOUT'
  /** The caller cancelled the request. */
  | 'KA_CANCELLED'
  /** A signal handler asked for the wait to end. */
  | 'KA_INTERRUPTED'
  /** The origin's circuit breaker is open. */
  | 'KA_CIRCUIT_OPEN'
  /** Too many requests already wait for a connection. */
  | 'KA_QUEUE_FULL'
  /** More redirects than allowed. */
  | 'KA_TOO_MANY_REDIRECTS'
  /**
   * A redirect was not followed: the caller's function refused it, or it leads from https to http without
   * `redirectDowngrade`.
   */
  | 'KA_REDIRECT_REFUSED'
  /** A bug: a panic was caught at the boundary. */
  | 'KA_PANIC'
  /** A bug, or a failure of the operating system. */
  | 'KA_INTERNAL'
  // </generated>

// <generated words>
/** Where in an exchange it happened. */
export type Phase = 'request' | 'pool' | 'resolve' | 'connect' | 'tls' | 'send' | 'head' | 'body'

/** How much of a request had left the process. */
export type Sent = 'nothing' | 'part' | 'all'
// </generated>

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
  sent: Sent
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
  /** How the exchange went until it failed, if one had begun; not shown with the error. */
  readonly info?: Info
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
  sent: Sent
  errno?: number
  syscall?: string
  address?: string
  port?: number
  tries?: number
  url?: string
  readonly info?: Info
}

/** A cookie as it was when it was asked for; its form for people does not show its value. */
export interface Cookie {
  /** Its name; may be empty. */
  readonly key: string
  readonly value: string
  /** Without a leading dot; empty for all hosts. */
  readonly domain: string
  /** For that host alone and not for those below it. */
  readonly hostOnly: boolean
  readonly path: string
  /** `'Infinity'`: it ends with the jar. */
  readonly expires: Date | 'Infinity'
  /** For https alone, and for servers of this machine. */
  readonly secure: boolean
  readonly httpOnly: boolean
  /** `key=value`. */
  cookieString(): string
}

/**
 * Cookies that servers set and get back (RFC 6265bis), for the clients that have it as option `cookies`. Bounded: 180
 * cookies of a site, 3,000 and 4 MiB in all, of which the longest unused go first. Named as tough-cookie's where it does
 * the same.
 */
export class CookieJar {
  constructor()
  /** Keeps a cookie as if the server at `url` had set it by that Set-Cookie field. A TypeError says why it is refused. */
  setCookie(cookie: string, url: string | URL): Promise<void>
  setCookieSync(cookie: string, url: string | URL): void
  /** The cookies of a request to `url`, in the order in which they are sent; without a URL all, the oldest first. */
  getCookies(url?: string | URL): Promise<Cookie[]>
  getCookiesSync(url?: string | URL): Cookie[]
  /** The value of the Cookie field of a request to `url`; empty for none. */
  getCookieString(url: string | URL): Promise<string>
  getCookieStringSync(url: string | URL): string
  /** Removes the cookies of that domain, path and name, each of which may be left out; how many those were. */
  removeCookies(which?: { domain?: string; path?: string; name?: string }): number
  removeAllCookies(): Promise<void>
  removeAllCookiesSync(): void
  /** Writes all cookies to a file of its owner's (mode 0600), as curl does or as JSON. */
  save(path: string, options?: { format?: 'netscape' | 'json' }): Promise<void>
  /** Adds the cookies of a file in either form; how many. */
  load(path: string): Promise<number>
  toJSON(): { cookies: object[] }
  /** A jar of what `toJSON` gave, also tough-cookie's or Playwright's. */
  static fromJSON(value: string | object): CookieJar
}

/** Of a connection that was opened, or closed. */
export interface ConnectionEvent {
  connection: { id: number }
}

/** What a `Client` emits, and with what. The URL is the origin; `null` where the connection was opened before anybody listened. */
export interface ClientEvents {
  connect: [origin: URL, about: ConnectionEvent & { timings: { resolve: number; connect: number; tls: number } }]
  disconnect: [origin: URL | null, about: ConnectionEvent & { reason: string }]
  /** No request is under way any more. */
  drain: []
}

/**
 * A pool with its limits and TLS settings. Nothing it does blocks the event loop. It emits `connect`, `disconnect` and
 * `drain` (`ClientEvents`); of the process-wide client, `connect` and `disconnect` tell of all its threads.
 */
export class Client extends EventEmitter {
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
  request(url: string | URL | UrlParts, options: RequestOptions & { responseHeaders: 'raw' }): Promise<RequestResult<string[]>>
  request(parts: UrlParts & RequestOptions): Promise<RequestResult>
  request(url: string | URL | UrlParts, options?: RequestOptions | null): Promise<RequestResult>
  /** Sends a request as WHATWG's fetch does, URLs included; decodes gzip, deflate, br and zstd. */
  fetch(input: string | URL | Request, init?: RequestInit | null): Promise<Response>
  /**
   * Sends a request and has the engine write the body of the response to `path`. A path gets the whole body or keeps what
   * it had: it is written beside and put in its place. A descriptor is written to in place. Where the connection breaks,
   * the rest is asked for, if the request is a GET and the response had a strong validator; a file is never made of two
   * versions. Of a status that is not 2xx nothing is written: `saved` is `null`, and the body is there to read. Rejects
   * with `KA_FILE_FAILED`, `KA_RESUME_FAILED` and what `request` rejects with.
   */
  download(url: string | URL, path: DownloadTarget, options?: DownloadOptions | null): Promise<DownloadResult>
  /**
   * Asks for another protocol (`Connection: upgrade`, `Upgrade: <protocol>`) and resolves to the connection once the
   * server has answered 101. Any other answer rejects with `KA_INVALID_STATE`; the error has its `statusCode` and
   * `headers`. Through a proxy it takes a tunnel. Aborting the signal later does nothing.
   */
  upgrade(url: string | URL, options?: UpgradeOptions | null): Promise<UpgradeResult>
  /**
   * Sends CONNECT to the server at `url`, a proxy, for a way to `path`, and resolves to the connection once it has
   * answered 2xx. Any other answer rejects as that of `upgrade` does. Userinfo in the URL becomes Proxy-Authorization.
   */
  connect(url: string | URL, options?: ConnectOptions | null): Promise<UpgradeResult>
  /** Counters of the pool. */
  stats(): Stats
  /** The jar of the client's cookies, its own or the one that it was given; `null` when it keeps none. */
  readonly cookies: CookieJar | null
  /**
   * Closes idle connections, fails requests that wait for one, and refuses new ones with
   * `KA_INVALID_STATE`; exchanges under way finish, and the promise resolves when they have. On the process-wide client
   * only idle connections are closed, and it resolves at once.
   */
  close(): Promise<void>
  /**
   * Closes it as `close` does, and rejects what is under way with `error`, by default a KeepaliveError with
   * `KA_CANCELLED`; of the process-wide client, what is under way in this thread.
   */
  destroy(error?: unknown): Promise<void>
  /** Whether it was closed. */
  readonly closed: boolean
  /** Whether it was destroyed. */
  readonly destroyed: boolean
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
  on<Name extends keyof ClientEvents>(name: Name, listener: (...told: ClientEvents[Name]) => void): this
  on(name: string | symbol, listener: (...told: any[]) => void): this
  once<Name extends keyof ClientEvents>(name: Name, listener: (...told: ClientEvents[Name]) => void): this
  once(name: string | symbol, listener: (...told: any[]) => void): this
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

/** `Client.shared().download`. */
export function download(url: string | URL, path: DownloadTarget, options?: DownloadOptions | null): Promise<DownloadResult>
/** `Client.shared().request`. */
export function request(url: string | URL | UrlParts, options: RequestOptions & { responseHeaders: 'raw' }): Promise<RequestResult<string[]>>
export function request(parts: UrlParts & RequestOptions): Promise<RequestResult>
export function request(url: string | URL | UrlParts, options?: RequestOptions | null): Promise<RequestResult>
/** `Client.shared().fetch`. */
export function fetch(input: string | URL | Request, init?: RequestInit | null): Promise<Response>
/** `Client.shared().upgrade`. */
export function upgrade(url: string | URL, options?: UpgradeOptions | null): Promise<UpgradeResult>
/** `Client.shared().connect`. */
export function connect(url: string | URL, options?: ConnectOptions | null): Promise<UpgradeResult>
/** `Client.shared().stats`. */
export function stats(): Stats

declare const Headers: typeof globalThis.Headers
type Headers = globalThis.Headers
declare const Request: typeof globalThis.Request
type Request = globalThis.Request
declare const FormData: typeof globalThis.FormData
type FormData = globalThis.FormData
export { FormData, Headers, Request }

export type * from './channels'
export { KeepaliveDispatcher, type DispatcherOptions, type DispatcherStats } from './adapters/dispatcher'
