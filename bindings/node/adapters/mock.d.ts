/// <reference types="node" />
import type { Client, IncomingHeaders } from '../index'

type Origin = string | URL | RegExp | ((origin: string) => boolean)
type Matcher = string | RegExp | ((text: string) => boolean)
type Data = string | Uint8Array | ArrayBuffer | object | null | undefined
type Fields = Record<string, string | number | string[]> | Iterable<[string, string]>

/** A request as matchers and callbacks see it. */
export interface MockRequest {
  origin: string
  /** With the query. */
  path: string
  method: string
  /** What the program gave and the cookies of its Client, by lower-case names; `Host`, `User-Agent` and the like are not among them. */
  headers: IncomingHeaders
  /** `null`: none. A body in pieces is collected first. */
  body: string | Uint8Array | null
}

export interface MockConditions {
  /** Path and query; the order of the query's parameters does not matter where it is a string. */
  path: Matcher
  /** Default: `GET`. */
  method?: Matcher
  /** Fields that a request must have, by any case of their names; or what is asked of all of them. */
  headers?: Record<string, Matcher> | ((headers: IncomingHeaders) => boolean)
  /** The body as text; `''` where there is none. */
  body?: Matcher
  /** A slash at the end of a path that is a string, and of the request's, does not count. Default: the pool's, then the agent's, then `false`. */
  ignoreTrailingSlash?: boolean
  /** Parameters behind `path`, which has none of its own then. */
  query?: Record<string, string | number | boolean | Array<string | number | boolean>>
}

export interface MockReplyOptions {
  headers?: Fields
  trailers?: Fields
}

export interface MockReply {
  /** 200 to 599. */
  statusCode: number
  /** Objects are sent as JSON, without a Content-Type of their own. A content coding is not applied, nor undone. */
  data?: Data
  responseOptions?: MockReplyOptions
}

/** How often a reply is given, and when; without: once, at once. */
export interface MockScope {
  /** Milliseconds. A signal of the request ends it; the engine's limits of time do not run. */
  delay(milliseconds: number): this
  persist(): this
  times(count: number): this
}

export interface MockInterceptor {
  reply(statusCode: number, data?: Data | ((request: MockRequest) => Data | Promise<Data>), options?: MockReplyOptions): MockScope
  reply(callback: (request: MockRequest) => MockReply | Promise<MockReply>): MockScope
  /** The request fails with `error`; the code of a `KeepaliveError` (`KA_CONNECT_TIMEOUT`) makes one. `fetch` wraps it as ever. */
  replyWithError(error: Error | string): MockScope
  defaultReplyHeaders(headers: Fields): this
  defaultReplyTrailers(trailers: Fields): this
  /** Adds `content-length` to replies. */
  replyContentLength(): this
}

/** The replies for one origin: what `get` gives, or made for an agent, with which it shares them then. */
export declare class MockPool {
  constructor(origin: Origin, options: { agent: MockAgent; ignoreTrailingSlash?: boolean })
  /** Requests that are meant; the first reply that is left is given. Throws a `TypeError` for conditions that are none. */
  intercept(conditions: MockConditions): MockInterceptor
  cleanMocks(): void
  /** Forgets its replies. */
  close(): Promise<void>
}

/** The same; what an agent with `connections: 1` gives. */
export declare class MockClient extends MockPool {}

export interface PendingInterceptor {
  origin: string | RegExp | ((text: string) => boolean)
  method: Matcher
  path: Matcher
  statusCode: number | undefined
  data: { statusCode: number | undefined }
  persist: boolean
  /** `null`: any number. */
  times: number | null
  timesInvoked: number
  pending: true
}

/** A request that came. */
export declare class MockCallHistoryLog {
  protocol: string
  host: string
  port: string
  origin: string
  /** Without the query. */
  path: string
  searchParams: Record<string, string>
  hash: string
  fullUrl: string
  method: string
  /** A body in pieces is there once it was collected, which happens where a reply may be meant. */
  body: string | Uint8Array | null
  headers: IncomingHeaders
  toMap(): Map<string, unknown>
  /** All of it in one line. */
  toString(): string
}

type LogMatcher = string | RegExp | null | undefined

/** The requests that came, the newest 10,000. */
export declare class MockCallHistory implements Iterable<MockCallHistoryLog> {
  calls(): MockCallHistoryLog[]
  firstCall(): MockCallHistoryLog | undefined
  lastCall(): MockCallHistoryLog | undefined
  /** Counted from 1. */
  nthCall(number: number): MockCallHistoryLog | undefined
  /** Those that a function, or a pattern of their texts, means; or any of the properties given, or all (`operator: 'AND'`). */
  filterCalls(
    criteria: RegExp | ((log: MockCallHistoryLog) => boolean) | Partial<Record<'protocol' | 'host' | 'port' | 'origin' | 'path' | 'hash' | 'fullUrl' | 'method', LogMatcher>>,
    options?: { operator?: 'OR' | 'AND' | 'or' | 'and' },
  ): MockCallHistoryLog[]
  filterCallsByProtocol(wanted: LogMatcher): MockCallHistoryLog[]
  filterCallsByHost(wanted: LogMatcher): MockCallHistoryLog[]
  filterCallsByPort(wanted: LogMatcher): MockCallHistoryLog[]
  filterCallsByOrigin(wanted: LogMatcher): MockCallHistoryLog[]
  filterCallsByPath(wanted: LogMatcher): MockCallHistoryLog[]
  filterCallsByHash(wanted: LogMatcher): MockCallHistoryLog[]
  filterCallsByFullUrl(wanted: LogMatcher): MockCallHistoryLog[]
  filterCallsByMethod(wanted: LogMatcher): MockCallHistoryLog[]
  clear(): void
  [Symbol.iterator](): Iterator<MockCallHistoryLog>
}

export interface MockAgentOptions {
  /** Default: every Client of the thread. */
  client?: Client
  /** 1: `get` gives a `MockClient`. Without any other effect. */
  connections?: number
  /** Requests are written down from the beginning. Default: false. */
  enableCallHistory?: boolean
  /** For all its pools; see `MockConditions`. */
  ignoreTrailingSlash?: boolean
}

/**
 * Answers requests in place of servers, as undici's MockAgent does: those of `request`, `fetch`, every Client and
 * every KeepaliveDispatcher of this thread from its making on, or of one Client. Of several the newest is asked first. Downloads,
 * `upgrade` and `connect` have no replies. Retries, caches and decoding are the engine's and do not take place. Redirects are followed and
 * cookies kept as the request and its Client say. To be used on the thread that made it.
 */
export declare class MockAgent {
  /** Throws a `TypeError` for options that are none. */
  constructor(options?: MockAgentOptions)
  /** An origin, `https://example.com`, or what matches origins. The same object for the same origin. */
  get(origin: Origin): MockPool
  /** Requests without a reply reject with `UND_MOCK_ERR_MOCK_NOT_MATCHED`. Default: they go to the network. */
  disableNetConnect(): void
  /** They go to the network again; with a matcher of hosts (`example.com`, `127.0.0.1:8080`) those to such a host, in addition. */
  enableNetConnect(host?: Matcher): void
  readonly isMockActive: boolean
  activate(): void
  deactivate(): void
  /** Answers nothing any more, and forgets its replies. */
  close(): Promise<void>
  pendingInterceptors(): PendingInterceptor[]
  /** Throws an error that lists them, if there are any: in a line each, or as the formatter writes them. */
  assertNoPendingInterceptors(options?: { pendingInterceptorsFormatter?: { format(pending: readonly PendingInterceptor[]): string } }): void
  /** Requests are written down from now on, with a reply or without. */
  enableCallHistory(): this
  disableCallHistory(): this
  /** `undefined`: none was ever written down. */
  getCallHistory(): MockCallHistory | undefined
  clearCallHistory(): void
}

/** What a request fails with that has no reply and may not go to the network. */
export declare class MockNotMatchedError extends Error {
  readonly code: 'UND_MOCK_ERR_MOCK_NOT_MATCHED'
}
