import keepalive from './index.js'

export const { Client, CookieJar, KeepaliveDispatcher, KeepaliveError, Response, connect, download, fetch, request, stats, upgrade } = keepalive
export default keepalive
