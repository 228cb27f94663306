/// <reference types="node" />
import type { Client, IncomingHeaders } from '../index'

type Matcher = string | RegExp | ((text: string) => boolean)
type Data = string | Uint8Array | ArrayBuffer | object | null | undefined
type Fields = Record<string, string | number | string[]> | Iterable<[string, string]>

/** A request as matchers and callbacks see it. */
export interface MockRequest {
  origin: string
  /** With the query. */
  path: string
  method: string
  /** What the program gave, by lower-case names; what the engine adds (`Host`, `User-Agent`) is not among them. */
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

/** The replies for one origin. */
export interface MockPool {
  /** Requests that are meant; the first reply that is left is given. Throws a `TypeError` for conditions that are none. */
  intercept(conditions: MockConditions): MockInterceptor
  cleanMocks(): void
}

export interface PendingInterceptor {
  origin: string | RegExp | ((text: string) => boolean)
  method: Matcher
  path: Matcher
  statusCode: number | undefined
  persist: boolean
  /** `null`: any number. */
  times: number | null
  timesInvoked: number
  pending: true
}

/**
 * Answers requests in place of servers, as undici's MockAgent does: those of `request`, `fetch`, every Client and
 * every KeepaliveDispatcher of this thread from its making on, or of one Client. Of several the newest is asked first. Downloads,
 * `upgrade` and `connect` have no replies. Retries, caches, cookies and decoding are the engine's and do not take place; redirects do,
 * where the request itself asks for them. To be used on the thread that made it.
 */
export declare class MockAgent {
  /** Throws a `TypeError` for options that are none. */
  constructor(options?: { client?: Client })
  /** An origin, `https://example.com`, or what matches origins. The same object for the same origin. */
  get(origin: string | URL | RegExp | ((origin: string) => boolean)): MockPool
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
  /** Throws an error that lists them, if there are any. */
  assertNoPendingInterceptors(): void
}

/** What a request fails with that has no reply and may not go to the network. */
export declare class MockNotMatchedError extends Error {
  readonly code: 'UND_MOCK_ERR_MOCK_NOT_MATCHED'
}
