import keepalive from './index.js'

export const { Client, CookieJar, KeepaliveDispatcher, KeepaliveError, Response, connect, fetch, request, stats, upgrade } = keepalive
export default keepalive
