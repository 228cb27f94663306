import type { HttpAgent, HttpsAgent } from './agent'

/**
 * The Azure SDK's own HttpClient with agents of the native pool: `new BlobServiceClient(url, credential, { httpClient:
 * httpClient() })`. Requests that bring an agent, a proxy's or TLS settings keep them. Throws when
 * `@azure/core-rest-pipeline` is not there.
 */
export declare function httpClient(options?: { httpAgent?: HttpAgent; httpsAgent?: HttpsAgent }): {
  sendRequest(request: any): Promise<any>
}
