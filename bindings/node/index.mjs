import keepalive from './index.js'

export const { Client, KeepaliveDispatcher, KeepaliveError, Response, connect, download, fetch, request, stats, upgrade } = keepalive
export default keepalive
