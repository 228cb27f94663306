/// <reference types="node" />
// What is published on the channels of `node:diagnostics_channel` that begin with `libkeepalive:`.

import type { ErrorCode } from './index'

/** A request, one object in all its messages. */
export interface TracedRequest {
  /** Number of the request in the process; 0 until the engine has it. */
  id: number
  method: string
  /** Without userinfo and fragment. */
  url: string
}

/** What all messages have. */
export interface ChannelMessage {
  /** When it happened, as `performance.now()` counts. */
  time: number
}

export interface RequestMessage extends ChannelMessage {
  request: TracedRequest
}

/** The head of a response. */
export interface TracedHead {
  statusCode: number
  statusText: string
  /** Names and values in turn, as they came. */
  headers: string[]
}

/** Why a request is sent again, or elsewhere. */
export type AgainMessage = RequestMessage &
  (
    | { reason: 'replay'; code: ErrorCode }
    | { reason: 'retry'; pause: number }
    | { reason: 'redirect'; redirects: number }
    | { reason: 'hedge' | 'hedgeWon' }
  )

export interface ConnectionMessage extends ChannelMessage {
  /** Number of the request that it is done for; 0: for none. */
  requestId: number
}

/** The messages by the names of their channels. */
export interface ChannelMessages {
  'libkeepalive:request:create': RequestMessage
  'libkeepalive:request:queued': RequestMessage
  /** `idle`: for how many milliseconds nobody used the connection. */
  'libkeepalive:request:connection': RequestMessage & { connection: { id: number; reused: boolean; idle: number } }
  'libkeepalive:request:sent': RequestMessage & { bytes: number }
  'libkeepalive:request:firstByte': RequestMessage
  'libkeepalive:request:informational': RequestMessage & { response: TracedHead }
  'libkeepalive:request:headers': RequestMessage & { response: TracedHead }
  'libkeepalive:request:again': AgainMessage
  'libkeepalive:request:end': RequestMessage
  /** A KeepaliveError, or the reason of an abort. */
  'libkeepalive:request:error': RequestMessage & { error: unknown }
  /** `subject` is a host or addresses, `code` of a step that failed. */
  'libkeepalive:connection:connecting': ConnectionMessage & {
    dial: number
    step: 'resolving' | 'resolved' | 'connecting' | 'connected' | 'securing' | 'secured'
    subject: string
    code: ErrorCode | null
  }
  'libkeepalive:connection:error': ConnectionMessage & { dial: number; code: ErrorCode; message: string }
  'libkeepalive:connection:connected': ConnectionMessage & {
    connection: { id: number }
    /** Such as `https://example.com:8443`. */
    origin: string | null
    /** Milliseconds. */
    timings: { resolve: number; connect: number; tls: number }
  }
  'libkeepalive:connection:returned': ChannelMessage & { connection: { id: number } }
  'libkeepalive:connection:closed': ChannelMessage & { connection: { id: number }; reason: string }
}
