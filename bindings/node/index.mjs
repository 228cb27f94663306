import keepalive from './index.js'

export const { Client, CookieJar, FormData, Headers, KeepaliveDispatcher, KeepaliveError, Request, Response, connect, download, fetch, request, stats, upgrade } = keepalive
export default keepalive
