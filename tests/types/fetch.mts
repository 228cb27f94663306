// Compiled, never run: ours in the places of the global scope's, and what goes between them.

import keepalive, { fetch, Client, Response as R, Headers, FormData, type ChannelMessages, type Lookup } from 'libkeepalive'
const a: typeof globalThis.fetch = fetch
const b: typeof globalThis.fetch = new Client().fetch
const c: typeof globalThis.fetch = (...given: Parameters<typeof globalThis.fetch>) => fetch(...given)
globalThis.fetch = fetch
async function x(init: globalThis.RequestInit, request: globalThis.Request) {
  const r = await fetch('http://a', init)
  await fetch(request, { cache: 'no-store', credentials: 'omit', mode: 'cors', duplex: 'half', integrity: '' })
  await fetch(new URL('http://a'), { headers: new Headers({ a: 'b' }), body: new FormData() })
  const g: globalThis.Response = r
  const n = new Response(r.body, r)
  const o = new R(r.body, r)
  const t: string = await R.json({ a: 1 }).text()
  const s: number = R.redirect('http://a', 302).status + R.error().status
  if (r.body !== null) for await (const piece of r.body) piece.byteLength
  return [g, n, o, t, s, r.headers.getSetCookie(), new Uint8Array(await r.arrayBuffer())]
}
const m = (message: ChannelMessages['libkeepalive:request:again']) => message.reason === 'retry' ? message.pause : message.request.id
const l: Lookup = (host, options, callback) => callback(null, [{ address: '127.0.0.1' }])
const l2: Lookup = async (host) => ['127.0.0.1']
import { lookup as dnsLookup } from 'node:dns'
const l3: Lookup = (host, options, callback) => dnsLookup(host, options, callback)
async function y(client: Client) {
  client.on('connect', (origin, { timings }) => origin.href + timings.tls).once('drain', () => {})
  const { headers, opaque } = await client.request({ origin: 'http://a', path: '/' }, { responseHeaders: 'raw', opaque: 1 })
  const list: string[] = headers
  await client.request({ origin: 'http://a', path: '/', method: 'POST', trailers: { a: () => 'b', c: 'd' }, cookies: { a: 'b' }, onInfo: ({ statusCode }) => statusCode, onProgress: ({ bytes }) => bytes, maxRedirections: 2, throwOnError: true })
  await using c = client
  return [list, opaque, c.closed, client.destroy()]
}
new Client({ lookup: l, maxResponseSize: 1 })
export { a, b, c, x, m, l2, l3, y, keepalive }
