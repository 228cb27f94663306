/// <reference types="node" />
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { RequestOptions as SecureOptions } from 'node:https'
import type { HttpAgent, HttpsAgent } from './agent'

type Options = RequestOptions | SecureOptions
type Callback = (response: IncomingMessage) => void

/** `http.request` or `https.request`, by the URL, on the native pool unless an agent is given: `got.extend({ request })`. */
export declare function request(url: string | URL, options?: Options, callback?: Callback): ClientRequest
export declare function request(url: string | URL, callback?: Callback): ClientRequest
export declare function request(options: Options, callback?: Callback): ClientRequest

/** For got's option `agent`. */
export declare const agent: { http: HttpAgent; https: HttpsAgent }
