import keepalive from './index.js'

export const { Client, KeepaliveError, Response, fetch, request, stats } = keepalive
export default keepalive
