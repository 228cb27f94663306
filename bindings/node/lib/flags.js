'use strict'
// Flags of `Bridge.submit` for those who make their requests themselves.

module.exports = {
  /** Redirects are followed. */
  FOLLOW: 2,
  /** The body comes in pieces. */
  STREAM: 4,
  /** It can begin again. */
  REWIND: 16,
  /** A redirect is an error. */
  REFUSE: 32,
  /** A redirect is the response. */
  MANUAL: 128,
  /** The connection is handed out. */
  SWITCH: 64,
  /** The request may be sent a second time whatever its method. */
  IDEMPOTENT: 256,
  /** The request may not be sent a second time whatever its method. */
  ONCE: 512,
  /** The heads of interim responses are told as they come. */
  INFORM: 1024,
}
