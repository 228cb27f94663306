/// <reference types="node" />
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { HttpAgent, HttpsAgent } from './agent'

/**
 * axios's http adapter on the native pool: `axios.create({ adapter })`. Redirects, limits, decoding and errors are
 * axios's own; agents of the request (`httpAgent`, `httpsAgent`) go before. axios is found as this package finds it, else as the
 * program does; without it: an error that names it.
 */
export declare function adapter(config: any): Promise<any>

/** The same for a copy of axios (1.5 or newer), with agents of one's own. Throws a TypeError for what is no axios. */
export declare function createAdapter(
  axios: any,
  options?: { httpAgent?: HttpAgent; httpsAgent?: HttpsAgent },
): (config: any) => Promise<any>

/** For axios's option `transport`, which leaves redirects to it: with `maxRedirects: 0`, or wrapped by follow-redirects. */
export declare const transport: {
  request(options: RequestOptions, callback?: (response: IncomingMessage) => void): ClientRequest
}
