/*
 * libkeepalive: one pool of HTTP/1.1 keep-alive connections for a whole process.
 * Generated from ffi/ by cbindgen; do not edit.
 *
 *     #include <stdio.h>
 *     #include <keepalive.h>
 *
 *     int main(void) {
 *         ka_request *request = NULL; ka_response *response = NULL; ka_error *error = NULL;
 *         ka_bytes body;
 *         ka_status s = ka_request_new("GET", "http://example.com/", &request, &error);
 *         if (s == KA_OK) s = ka_client_send(ka_client_shared(), request, &response, &error);
 *         if (s == KA_OK) s = ka_response_read_all(response, &body, &error);
 *         if (s == KA_OK) printf("%u, %zu bytes\n", (unsigned)ka_response_status(response), body.len);
 *         else printf("%s: %.*s\n", ka_status_name(s), (int)ka_error_message(error).len,
 *                     ka_error_message(error).ptr);
 *         ka_error_free(error); ka_response_free(response); ka_request_free(request);
 *         return s == KA_OK ? 0 : 1;
 *     }
 *
 * Build: cc program.c $(pkg-config --cflags --libs libkeepalive)
 *
 * THE CONTRACT
 *
 * Status.    A function that can fail returns ka_status; KA_OK is 0. An HTTP status such as 404 is
 *            not an error. The last parameter `error` may be NULL; otherwise it is set to NULL on
 *            success and to an error of the caller's (ka_error_free) on failure. (Two functions have
 *            none, since only their arguments can be wrong: ka_response_header_at and
 *            ka_response_trailer_at.) A NULL or faulty argument is KA_INVALID_ARGUMENT, and the
 *            message names it. A failed check inside the library is KA_PANIC or KA_INTERNAL for the
 *            call it happened in, not the end of the process. No message holds a password or the
 *            value of a header field.
 * Outputs.   Output parameters are written on success only; on failure pointers are NULL and
 *            numbers 0.
 * Text.      Text goes in as a `const char *` that ends in a NUL, and is UTF-8 where it is not a header
 *            field. A function that takes such text has a twin, whose name ends in `_str`, that takes a
 *            ka_str instead: a pointer and a length, as views of a response are; KA_STR("text") is one.
 *            (Functions about forms and files have none.)
 * Ownership. What a `_new` function or an output parameter gives out is freed with the `_free`
 *            function of its type; `_free(NULL)` does nothing. Inputs are copied before the call
 *            returns. ka_str and ka_bytes are views: valid until the object they came from is freed
 *            or, where the comment says so, until the next call on it; they do not end in a NUL.
 * Threads.   A ka_client may be used from any number of threads at once. Every other object is used
 *            by one thread at a time, and may move between threads; but a ka_stream and a
 *            ka_cookies by any number.
 *            ka_client_send runs on the calling thread; ka_client_submit on the engine's thread, and
 *            its events are fetched with ka_queue_take or its short form ka_queue_wait. Nothing calls
 *            back into the program from a foreign thread, except a body reader of a submitted
 *            request, a progress or redirect callback of one, a socket callback, a verifier and hooks. A
 *            `user_data` that is not theirs is handed back and never looked at.
 * Leaving.   A call ends by returning. pthread_cancel is put off while a thread is in a call; the
 *            type PTHREAD_CANCEL_ASYNCHRONOUS is not supported. A function of the
 *            program's (of a body reader, a verifier) that leaves by a C++ exception or pthread_exit
 *            ends the process with a message. longjmp out of a call, from such a function or a signal
 *            handler, is undefined.
 * Stack.     A thread needs KA_MIN_STACK_SIZE bytes of it for a call. The engine's threads have 2 MiB.
 * Memory.    When the process has no memory left, an allocation ends it (abort), with a message. A
 *            server can make the library use what the limits of the client allow, and no more.
 * Structs.   A struct that starts with `size` may grow at its end in later versions. Programs built
 *            against an older or newer header keep working: pass sizeof of the struct. A ka_event has
 *            no `size` and always the same: what later versions tell is in what is `reserved` now.
 * Units.     Lengths of time have their unit in their name: _ms is milliseconds, _us microseconds, _ns
 *            nanoseconds. As a limit, 0 means none. A _size is a number of bytes.
 * Signals.   No signal handler is installed, engine threads block all signals, and SIGPIPE is never
 *            raised.
 * fork().    A child may use the clients, requests and jars of cookies of its parent at once; it gets
 *            connections of its own, and a copy of each jar. Queues, calls, responses and streams stay
 *            with the parent; the child may free them, which closes its copy of a descriptor and
 *            leaves the parent's as it is.
 */


#ifndef KEEPALIVE_H
#define KEEPALIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version of this header; ka_version() is the version of the library that runs. */
#define KA_VERSION "0.1.0"
#define KA_VERSION_MAJOR 0
#define KA_VERSION_MINOR 1
#define KA_VERSION_PATCH 0
#define KA_VERSION_NUMBER ((KA_VERSION_MAJOR << 16) | (KA_VERSION_MINOR << 8) | KA_VERSION_PATCH)

#ifndef KA_API
#  define KA_API extern
#endif

/* A ka_str of a literal: ka_request_new_str(KA_STR("GET"), url, &request, &error). */
#ifdef __cplusplus
#  define KA_STR(literal) (ka_str{literal, sizeof(literal) - 1})
#else
#  define KA_STR(literal) ((ka_str){literal, sizeof(literal) - 1})
#endif

/**
 * How many bytes a `ka_origin_stats` has for the origin: the longest host name fits.
 */
#define KA_ORIGIN_SIZE 288

/**
 * How many bytes a `ka_origin_stats` has for addresses: eight of the longest fit.
 */
#define KA_ADDRESSES_SIZE 384

/**
 * How many bytes of stack a thread must have left for any call. Measured (tests/c/stack.c): 100 KiB
 * in a debug build, TLS and every coding included.
 */
#define KA_MIN_STACK_SIZE (192 * 1024)

/**
 * What a ka_read_fn returns when it has nothing yet. The call that sends the body has to have a ka_call:
 * ka_client_submit or ka_client_send_cancellable with one; else the request fails with
 * KA_BODY_SOURCE_FAILED, as it does when the ka_call is freed meanwhile. A blocking call waits within its
 * total_timeout_ms.
 */
#define KA_READ_LATER -2

/**
 * For ka_request_set_decode: bodies are handed out as they came.
 */
#define KA_DECODE_NONE false

/**
 * For ka_request_set_decode: gzip, deflate, br and zstd are decoded.
 */
#define KA_DECODE_ALL true

/**
 * `total_size` of a ka_progress that is not known.
 */
#define KA_TOTAL_UNKNOWN UINT64_MAX

/**
 * What became of a call. Numbers are stable and never reused. 1xx: the caller's mistake, or a
 * failure of its body source; 2xx: the server was not reached; 3xx: TLS failed: the handshake, or
 * the protocol after it; 4xx: the connection failed under the exchange; 5xx: the server broke the
 * protocol, or sent what the caller does not accept; 6xx: a limit or the caller ended it; 9xx: a
 * bug of the library, or a failure of the operating system.
 */
enum ka_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Success.
     */
    KA_OK = 0,
    /**
     * An argument or option has a value that is not allowed; the message names it.
     */
    KA_INVALID_ARGUMENT = 100,
    /**
     * The URL cannot be parsed or lacks a host.
     */
    KA_INVALID_URL = 101,
    /**
     * The URL's scheme is not http or https.
     */
    KA_UNSUPPORTED_SCHEME = 102,
    /**
     * The method is not a token (RFC 9110 9.1).
     */
    KA_INVALID_METHOD = 103,
    /**
     * A header name or value is not allowed (RFC 9110 5).
     */
    KA_INVALID_HEADER = 104,
    /**
     * The request body is shorter or longer than declared.
     */
    KA_BODY_LENGTH_MISMATCH = 105,
    /**
     * The source of a streamed request body failed.
     */
    KA_BODY_SOURCE_FAILED = 106,
    /**
     * The object is closed, consumed or in use.
     */
    KA_INVALID_STATE = 107,
    /**
     * What a body was to be written to failed: no permission, no room, a directory, gone; the
     * system's number says which.
     */
    KA_FILE_FAILED = 108,
    /**
     * The host name could not be resolved.
     */
    KA_RESOLVE_FAILED = 200,
    /**
     * No address of the host accepted a connection.
     */
    KA_CONNECT_FAILED = 201,
    /**
     * Resolving, connecting and the TLS handshake took too long.
     */
    KA_CONNECT_TIMEOUT = 202,
    /**
     * The proxy refused to open the way to the server, or broke the protocol.
     */
    KA_PROXY_FAILED = 203,
    /**
     * The proxy asks for credentials (407) that it was not given, or refused those it got; the
     * message has its challenges.
     */
    KA_PROXY_AUTHENTICATION_REQUIRED = 204,
    /**
     * The TLS handshake failed.
     */
    KA_TLS_HANDSHAKE_FAILED = 300,
    /**
     * The server's certificate is not trusted or not for this host.
     */
    KA_CERTIFICATE_REJECTED = 301,
    /**
     * The peer broke the TLS protocol after the handshake.
     */
    KA_TLS_PROTOCOL = 302,
    /**
     * The server closed the connection before any byte of the response.
     */
    KA_CONNECTION_CLOSED = 400,
    /**
     * The connection was reset.
     */
    KA_CONNECTION_RESET = 401,
    /**
     * The server accepted no byte of the request for too long.
     */
    KA_SEND_TIMEOUT = 402,
    /**
     * No byte of the response came for too long.
     */
    KA_READ_TIMEOUT = 403,
    /**
     * A body moved at less than `min_speed_size` over `min_speed_time_ms`.
     */
    KA_TOO_SLOW = 404,
    /**
     * The response head breaks RFC 9112.
     */
    KA_INVALID_RESPONSE_HEAD = 500,
    /**
     * The response head exceeds a limit.
     */
    KA_HEAD_TOO_LARGE = 501,
    /**
     * The response's framing fields are faulty.
     */
    KA_INVALID_FRAMING = 502,
    /**
     * The chunked coding of the response is faulty.
     */
    KA_INVALID_CHUNK = 503,
    /**
     * The connection ended before the response body was complete.
     */
    KA_BODY_TRUNCATED = 504,
    /**
     * The connection ended inside the response head.
     */
    KA_HEAD_TRUNCATED = 505,
    /**
     * The response body does not decode by its Content-Encoding.
     */
    KA_DECODING_FAILED = 506,
    /**
     * A redirect has no usable Location.
     */
    KA_INVALID_REDIRECT = 507,
    /**
     * The response body, decoded, exceeds `max_body_size` and was to be collected whole.
     */
    KA_BODY_TOO_LARGE = 508,
    /**
     * What the server sends is no part of what is there of a download, also when asked for all of
     * it again.
     */
    KA_RESUME_FAILED = 509,
    /**
     * No connection became free in time.
     */
    KA_POOL_TIMEOUT = 600,
    /**
     * The whole exchange took too long.
     */
    KA_TOTAL_TIMEOUT = 601,
    /**
     * The caller cancelled the request.
     */
    KA_CANCELLED = 602,
    /**
     * A signal handler asked for the wait to end.
     */
    KA_INTERRUPTED = 603,
    /**
     * The origin's circuit breaker is open.
     */
    KA_CIRCUIT_OPEN = 604,
    /**
     * Too many requests already wait for a connection.
     */
    KA_QUEUE_FULL = 605,
    /**
     * More redirects than allowed.
     */
    KA_TOO_MANY_REDIRECTS = 606,
    /**
     * A redirect was not followed: the caller's function refused it, or it leads from https to
     * http without `redirect_downgrade`.
     */
    KA_REDIRECT_REFUSED = 607,
    /**
     * A bug: a panic was caught at the boundary.
     */
    KA_PANIC = 900,
    /**
     * A bug, or a failure of the operating system.
     */
    KA_INTERNAL = 901,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ka_status ka_status;
#else
typedef int32_t ka_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How much of a request had left this process when it failed.
 */
enum ka_sent
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not a byte: the server cannot have seen the request.
     */
    KA_SENT_NOTHING = 0,
    /**
     * Some bytes.
     */
    KA_SENT_PART = 1,
    /**
     * The whole request.
     */
    KA_SENT_ALL = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ka_sent ka_sent;
#else
typedef int32_t ka_sent;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a hook is told of, in the order in which it happens to a request; in brackets what Go's httptrace
 * calls it. Later versions may have more kinds: a hook passes over those that it does not know.
 *
 * The steps of a dial (those with `dial`) happen on the engine's thread. A client's hook is told of each
 * dial, a request's of those that were begun for it: another connection may come first, and the dial goes on.
 */
enum ka_hook_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A request begins: `method`, and its URL in `text`.
     */
    KA_HOOK_REQUEST = 1,
    /**
     * It asks the pool for a connection (GetConn).
     */
    KA_HOOK_QUEUED = 2,
    /**
     * A name is being resolved, which is in `text` (DNSStart).
     */
    KA_HOOK_RESOLVING = 3,
    /**
     * That has ended, with `count` addresses or the failure in `status` (DNSDone).
     */
    KA_HOOK_RESOLVED = 4,
    /**
     * The address in `text` is being connected to (ConnectStart).
     */
    KA_HOOK_CONNECTING = 5,
    /**
     * That has ended, `status` saying how (ConnectDone). An address that another overtakes has no end.
     */
    KA_HOOK_CONNECTED = 6,
    /**
     * A TLS handshake begins with the host in `text`, a proxy or the server (TLSHandshakeStart).
     */
    KA_HOOK_SECURING = 7,
    /**
     * That has ended, `status` saying how (TLSHandshakeDone).
     */
    KA_HOOK_SECURED = 8,
    /**
     * A dial has failed: `status` and `failed`.
     */
    KA_HOOK_DIAL_FAILED = 9,
    /**
     * A connection was opened, which took `resolve_ns`, `connect_ns` and `tls_ns`: of a client, each; of a
     * request, the one that it then gets.
     */
    KA_HOOK_OPENED = 10,
    /**
     * The request has a connection (GotConn): `count` is 1 if it has carried a response before, `spent_ns` how
     * long it was idle.
     */
    KA_HOOK_GOT_CONNECTION = 11,
    /**
     * The head of the request is written (WroteHeaders).
     */
    KA_HOOK_HEAD_SENT = 12,
    /**
     * The body waits for the server's word (Wait100Continue).
     */
    KA_HOOK_AWAITING_CONTINUE = 13,
    /**
     * The request is written to its last byte (WroteRequest): `count` bytes, TLS and all.
     */
    KA_HOOK_SENT = 14,
    /**
     * The first bytes of the answer came (GotFirstResponseByte).
     */
    KA_HOOK_FIRST_BYTE = 15,
    /**
     * A 1xx head came, which is in `response` (Got100Continue, Got1xxResponse).
     */
    KA_HOOK_INFORMATIONAL = 16,
    /**
     * The final head came, which is in `response`.
     */
    KA_HOOK_HEAD = 17,
    /**
     * The connection has gone back to the pool (PutIdleConn).
     */
    KA_HOOK_RETURNED = 18,
    /**
     * The response came to its verified end.
     */
    KA_HOOK_END = 19,
    /**
     * The connection died under the request, for the reason in `status`; it is sent again on a fresh one.
     */
    KA_HOOK_REPLAY = 20,
    /**
     * The request is tried again after `spent_ns`.
     */
    KA_HOOK_RETRY = 21,
    /**
     * The request is sent a second time beside the first.
     */
    KA_HOOK_HEDGE = 22,
    /**
     * The second of the two was answered first.
     */
    KA_HOOK_HEDGE_WON = 23,
    /**
     * The circuit breaker of the origin refused the request.
     */
    KA_HOOK_BREAKER = 24,
    /**
     * A redirect is followed, `count` being its number from 1 on.
     */
    KA_HOOK_REDIRECT = 25,
    /**
     * The request failed, or the body of its response did: `status` and `failed`. One that is cancelled is
     * told of no end.
     */
    KA_HOOK_FAILED = 26,
    /**
     * A connection was closed, for the reason in `text`, a name as of ka_client_close_reasons.
     */
    KA_HOOK_CLOSED = 27,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ka_hook_kind ka_hook_kind;
#else
typedef int32_t ka_hook_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What an event tells of. Later versions may have more kinds, and give them only to programs that ask
 * for them.
 */
enum ka_event_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The end of a request: ka_client_submit.
     */
    KA_EVENT_RESPONSE = 1,
    /**
     * A piece of a response's body, or its end: ka_response_submit_read.
     */
    KA_EVENT_READ = 2,
    /**
     * Connections were opened: ka_client_submit_warm.
     */
    KA_EVENT_WARM = 3,
    /**
     * Bytes of a stream are at hand, or its end: ka_stream_submit_read.
     */
    KA_EVENT_STREAM_READ = 4,
    /**
     * Bytes of a stream were written, or its sending half ended: ka_stream_submit_write and
     * ka_stream_submit_shutdown.
     */
    KA_EVENT_STREAM_WRITE = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ka_event_kind ka_event_kind;
#else
typedef int32_t ka_event_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A time limit of one request, in place of an option of its client.
 */
enum ka_timeout
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Waiting for a connection. In place of `queue_timeout_ms`.
     */
    KA_TIMEOUT_QUEUE = 0,
    /**
     * DNS, TCP and TLS together. In place of `connect_timeout_ms`.
     */
    KA_TIMEOUT_CONNECT = 1,
    /**
     * From the end of the request to the end of the response head. In place of
     * `header_timeout_ms`.
     */
    KA_TIMEOUT_HEADER = 2,
    /**
     * Longest wait without a byte while sending. In place of `stall_timeout_ms`.
     */
    KA_TIMEOUT_SEND = 3,
    /**
     * Longest wait without a byte while receiving. In place of `stall_timeout_ms`.
     */
    KA_TIMEOUT_READ = 4,
    /**
     * The whole exchange with its body, redirects included. In place of `total_timeout_ms`.
     */
    KA_TIMEOUT_TOTAL = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ka_timeout ka_timeout;
#else
typedef int32_t ka_timeout;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The form of a file of cookies.
 */
enum ka_cookie_format
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Lines of seven fields between tabs, as curl and wget read and write them (cookies.txt).
     */
    KA_COOKIES_NETSCAPE = 0,
    /**
     * An object with a list `cookies`.
     */
    KA_COOKIES_JSON = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ka_cookie_format ka_cookie_format;
#else
typedef int32_t ka_cookie_format;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Something under way, for ending it: a request, a read or warming that was submitted, or a request that
 * is sent on its caller's thread (ka_client_send_cancellable).
 */
typedef struct ka_call ka_call;

/**
 * A pool of connections with its limits and TLS settings. Make one for a program, or one for each
 * set of options, and keep it: a client for each request throws the reuse away.
 */
typedef struct ka_client ka_client;

/**
 * A jar of cookies (RFC 6265bis): what servers set is kept and sent back to them. It is bounded: 180 cookies
 * of a site (what is directly below a public suffix), 3,000 and 4 MiB in all, the longest unused go first;
 * a request gets 8,190 bytes of them at most.
 */
typedef struct ka_cookies ka_cookies;

/**
 * Why a call failed. Decide by the status; the message is for people and may change.
 */
typedef struct ka_error ka_error;

/**
 * A multipart/form-data body (RFC 7578): fields, files and what readers produce. Nothing of it is
 * collected: files are read while they are sent.
 */
typedef struct ka_multipart ka_multipart;

/**
 * Collects the events of submitted requests for one consumer.
 */
typedef struct ka_queue ka_queue;

/**
 * A request. It may be sent any number of times, unless its body comes from a reader that cannot
 * start again.
 */
typedef struct ka_request ka_request;

/**
 * A response: its head, and a body that is here already or read from the connection.
 */
typedef struct ka_response ka_response;

/**
 * A connection that speaks another protocol now: after 101 to a request with Upgrade (RFC 9110 7.8), or
 * 2xx to CONNECT (RFC 9110 9.3.6).
 */
typedef struct ka_stream ka_stream;

/**
 * A view of text that belongs to another object, or to the caller: `len` bytes at `ptr`, no NUL at
 * the end; print it with "%.*s". In a view that a function gives out `ptr` is not NULL, unless the
 * function failed: then both are 0. In one that a function takes it may be NULL when `len` is 0.
 */
typedef struct {
    /**
     * The first byte.
     */
    const char *ptr;
    /**
     * The number of bytes.
     */
    size_t len;
} ka_str;

/**
 * How an exchange went: ka_response_info, ka_error_info. Durations are nanoseconds, 0 where a
 * phase did not happen; all but `total_ns` add up to it. They are of the try that was answered:
 * what was before it is in `stalled_ns`.
 */
typedef struct {
    /**
     * The number of bytes of this struct that the running library knows.
     */
    size_t size;
    /**
     * Whether the connection had carried a response before. 0: no, 1: yes.
     */
    uint64_t reused;
    /**
     * Number of the connection, unique in the process.
     */
    uint64_t connection_id;
    /**
     * How often the request was sent again on a fresh connection: 0 or 1.
     */
    uint64_t replays;
    /**
     * Why it was sent again: the kind of the error that it met. KA_OK: it was not.
     */
    ka_status replay_reason;
    /**
     * Always 0.
     */
    uint32_t replay_reason_reserved;
    /**
     * Tries before this one that failed and were worth another (option `retries`).
     */
    uint64_t retries;
    /**
     * Redirects followed before this response.
     */
    uint64_t redirects;
    /**
     * Whether a second try was sent because the first took long (option `hedge`). 0: no, 1: yes.
     */
    uint64_t hedged;
    /**
     * Whether the response is the second try's. 0: no, 1: yes.
     */
    uint64_t hedge_won;
    /**
     * Waiting for a connection or for leave to open one: the limits of the pool.
     */
    uint64_t queued_ns;
    /**
     * Resolving the host name, as far as the request waited for it.
     */
    uint64_t resolve_ns;
    /**
     * The TCP handshake, and what a proxy took to open the way, as far as the request waited for
     * them.
     */
    uint64_t connect_ns;
    /**
     * The TLS handshakes, as far as the request waited for them.
     */
    uint64_t tls_ns;
    /**
     * From the connection to the last byte of the request.
     */
    uint64_t send_ns;
    /**
     * From the last byte of the request to the end of the response head.
     */
    uint64_t wait_ns;
    /**
     * From the call to the end of the response, or to its head while the body is still to come.
     */
    uint64_t total_ns;
    /**
     * Requests that the connection has carried, this one counted in.
     */
    uint64_t requests;
    /**
     * What was sent of the request, in bytes: head and body as they stood in the connection,
     * before TLS.
     */
    uint64_t bytes_sent;
    /**
     * What has come of the response, in bytes: 1xx heads, head and body as they stood in the
     * connection, chunked and coded, after TLS. While the body is being read, what came with the
     * head.
     */
    uint64_t bytes_received;
    /**
     * Address and port of this end of the connection. Empty where there is none; a view, valid as
     * long as what it was asked of.
     */
    ka_str local_address;
    /**
     * Address and port that the connection leads to, which are a proxy's where there is one; of a
     * Unix domain socket its path, as the option `unix_socket` has it. Empty where there is none;
     * a view, valid as long as what it was asked of.
     */
    ka_str peer_address;
    /**
     * What is none of the others: tries before this one with the pauses between them, the
     * redirects that led to it, and what opening a connection cost beside the next three.
     */
    uint64_t stalled_ns;
    /**
     * From the response head to the end of the body; 0 before that end, and when all came with the
     * head.
     */
    uint64_t receive_ns;
    /**
     * The number of 1xx heads that came before it: ka_response_informational_at has them.
     */
    uint64_t informational_count;
    /**
     * Whether it was sent behind other requests on its connection (option `pipelining`). 0: no,
     * 1: yes.
     */
    uint64_t pipelined;
} ka_info;

/**
 * A view of bytes that belong to another object.
 */
typedef struct {
    /**
     * The first byte.
     */
    const uint8_t *ptr;
    /**
     * The number of bytes.
     */
    size_t len;
} ka_bytes;

/**
 * The options of a client. Set the defaults with ka_client_options_init, then change fields; the
 * strings and bytes are copied by ka_client_new. Names of lengths of time and of sizes end in
 * their unit: milliseconds `_ms`, microseconds `_us`, bytes `_size`. The profile "service", for
 * calls between services, has total_timeout_ms 5,000, header_timeout_ms 5,000, queue_timeout_ms
 * 2,000, queue_limit 1,024, retries 2, circuit_breaker 1.
 */
typedef struct {
    /**
     * sizeof(ka_client_options), written by ka_client_options_init.
     */
    size_t size;
    /**
     * Connections per origin, in use, idle and being opened: streams hold one for minutes. At
     * least 1. Default: 128.
     */
    uint64_t max_per_host;
    /**
     * Connections of the client over all origins; never more than half of the process's file
     * descriptors (RLIMIT_NOFILE when the pool is opened). At least 1. Default: 1,024.
     */
    uint64_t max_total;
    /**
     * Connections being opened per origin at a time, so that a cold burst is no SYN flood. At
     * least 1. Default: 16.
     */
    uint64_t max_dials_per_host;
    /**
     * How long a request waits for a connection at most, however fast the queue moves. 0: no
     * limit. Default: 0.
     */
    uint64_t queue_timeout_ms;
    /**
     * How long a request waits while no connection of its origin is given back: a long queue that
     * moves is work, one that stands still is a fault. The error says what holds the connections.
     * 0: no limit. Default: 10,000 ms.
     */
    uint64_t queue_stall_timeout_ms;
    /**
     * Requests that may wait for a connection; more fail at once. Default: 65,536.
     */
    uint64_t queue_limit;
    /**
     * How long an idle connection is kept; lowered by the server's Keep-Alive: timeout=N minus
     * 1 s. 0: no limit. Default: 30,000 ms.
     */
    uint64_t idle_timeout_ms;
    /**
     * Age after which a connection is not reused (+-20 % jitter), so that DNS changes reach the
     * pool. 0: no limit. Default: 300,000 ms.
     */
    uint64_t max_age_ms;
    /**
     * How often the names of pooled connections are looked up again, in the background; also how
     * long an answer serves new connections. A connection whose address has left the answer is
     * given up after a third to twice this time (10 to 60 s). 0: never. Default: 30,000 ms.
     */
    uint64_t dns_ttl_ms;
    /**
     * DNS, TCP and TLS together. 0: no limit. Default: 5,000 ms.
     */
    uint64_t connect_timeout_ms;
    /**
     * From the end of the request to the end of the response head: just above the 60 s after which
     * gateways (nginx, load balancers) answer 504. 0: no limit. Default: 65,000 ms.
     */
    uint64_t header_timeout_ms;
    /**
     * Longest wait without a byte, sending or receiving. 0: no limit. Default: 65,000 ms.
     */
    uint64_t stall_timeout_ms;
    /**
     * How long a response may wait for its body to be read on, before its connection is closed:
     * longer than servers wait for a reader (60 s), and as long as a connection is kept at all.
     * 0: for ever. Default: 300,000 ms.
     */
    uint64_t body_idle_timeout_ms;
    /**
     * The whole exchange with its body, redirects included. 0: no limit. Default: 0.
     */
    uint64_t total_timeout_ms;
    /**
     * Bytes of a response head, 1xx heads counted in. 64 to 1,073,741,824 (1 GiB). Default: 65,536
     * (64 KiB).
     */
    uint64_t max_head_size;
    /**
     * Fields of a response head or trailer section. At least 1. Default: 512.
     */
    uint64_t max_fields;
    /**
     * Bytes, decoded, of a response body that is collected whole; more is an error. Streams have
     * no limit. 0: no limit. Default: 2,147,483,648 (2 GiB).
     */
    uint64_t max_body_size;
    /**
     * Bytes of an unread body that are read to save the connection. Default: 262,144 (256 KiB).
     */
    uint64_t drain_limit_size;
    /**
     * Time spent on reading the unread rest of a body to save the connection. 0: no limit.
     * Default: 50 ms.
     */
    uint64_t drain_timeout_ms;
    /**
     * Microseconds that a wait for an answer watches the socket before the thread sleeps, on
     * connections whose answers come that fast (a server on the same machine or rack; saves the
     * wake-up). 0: always sleep. At most 1,000. Default: 50.
     */
    uint64_t busy_poll_us;
    /**
     * Redirects followed when following is asked for (RFC 9110 15.4; the number of httpx and
     * browsers). Default: 20.
     */
    uint64_t max_redirects;
    /**
     * Further tries of a replayable request after a connect failure, a broken connection or
     * 408, 429, 500, 502, 503, 504; waits are jittered and exponential from 100 ms, or what
     * Retry-After says. Default: 0.
     */
    uint64_t retries;
    /**
     * Retries to an origin as a percentage of the requests to it, above a reserve of 10 retries a
     * second that is always there, so that they never multiply an outage (Finagle's budget).
     * 100: no bound. At most 100. Default: 20.
     */
    uint64_t retry_budget;
    /**
     * Longest wait for another try. A server that asks for a longer one (Retry-After) gets none:
     * its response is returned. 0: no limit. Default: 30,000 ms.
     */
    uint64_t retry_max_wait_ms;
    /**
     * Fail at once while an origin fails: opens when half of at least 20 requests in 10 s failed,
     * lets one probe through after 5 s (doubled up to 60 s). 0 is off, 1 is on. Default: 0.
     */
    uint64_t circuit_breaker;
    /**
     * Send a replayable request a second time, on an idle connection, when its response head has
     * taken longer than 95 % of the last ones of its origin; the first response counts, within
     * `retry_budget`. Blocking calls then run on the engine's thread. 0 is off, 1 is on.
     * Default: 0.
     */
    uint64_t hedge;
    /**
     * User-Agent of requests that give none. NULL: not sent. Default: libkeepalive/VERSION.
     */
    const char *user_agent;
    /**
     * Addresses of names, instead of the system's: "host:port:address[,address]", several
     * separated by spaces; or "@file" with such entries, which is read again at each lookup.
     * Default: NULL.
     */
    const char *resolve;
    /**
     * PEM file of trusted certificates, in addition to the system's (`ca_only`: instead of them).
     * Default: NULL.
     */
    const char *ca_file;
    /**
     * PEM bytes of trusted certificates, in addition to the system's. Default: empty.
     */
    ka_bytes ca_pem;
    /**
     * PEM file of the client certificate, its chain behind it; it may hold the private key too.
     * Default: NULL.
     */
    const char *client_cert_file;
    /**
     * PEM file of the client certificate's private key. Default: NULL.
     */
    const char *client_key_file;
    /**
     * PEM bytes of the client certificate, its chain behind it; they may hold the private key too.
     * Default: empty.
     */
    ka_bytes client_cert_pem;
    /**
     * PEM bytes of the client certificate's private key. Default: empty.
     */
    ka_bytes client_key_pem;
    /**
     * Password of an encrypted private key (PKCS #8). Default: NULL.
     */
    const char *client_key_password;
    /**
     * Proxy for all requests, or for some: a URL (http, https, socks4, socks4a, socks5 or socks5h,
     * with a user name and password percent-encoded; without a scheme http), or several entries
     * "PATTERN=>URL" separated by blanks, where a pattern is http://, https:// or all:// with or
     * without a host (name, *.name, *name) and port, and the URL may be "direct"; the most
     * specific one holds, as in httpx's mounts. An empty text: none, whatever the environment
     * says. Plain http is forwarded, https goes through CONNECT. Default: NULL.
     */
    const char *proxy;
    /**
     * Hosts that no proxy is used for, separated by commas or blanks: names (and what is below
     * them), *.names, addresses, networks as in 10.0.0.0/8, each with or without a port; * for
     * all. Unless it is given, the environment's list holds for the environment's proxies.
     * Default: NULL.
     */
    const char *no_proxy;
    /**
     * Whether http_proxy, https_proxy, all_proxy and no_proxy of the environment are used, in
     * lower case before upper case; HTTP_PROXY not in a CGI program (REQUEST_METHOD is set). They
     * are read when the client is made. Python reads them unless told not to, Node with
     * NODE_USE_ENV_PROXY=1 or --use-env-proxy, C with KEEPALIVE_TRUST_ENV=1. 0 is off, 1 is on.
     * Default: by language.
     */
    uint64_t trust_env;
    /**
     * Header fields for the proxy alone: "Name: value" lines. Default: NULL.
     */
    const char *proxy_headers;
    /**
     * Unix domain socket that every request goes to, whatever host its URL names: a path, or
     * "@name" for an abstract one. No proxy is used then. Default: NULL.
     */
    const char *unix_socket;
    /**
     * IP address that connections come from, instead of the system's choice. Default: NULL.
     */
    const char *local_address;
    /**
     * Network interface that connections go through (SO_BINDTODEVICE), such as eth0, instead of
     * the system's choice. Default: NULL.
     */
    const char *interface;
    /**
     * Other places for hosts, as curl's --connect-to: "HOST:PORT:HOST:PORT" entries separated by
     * blanks; an empty HOST or PORT means any, or no change. Host field, TLS name and pool stay
     * those of the URL. Default: NULL.
     */
    const char *connect_to;
    /**
     * Whether a server has to prove with its certificate who it is. Without, whoever is on the way
     * can read and change everything; `tls_pins` still hold. Also: verify in Python,
     * rejectUnauthorized in Node. 0 is off, 1 is on. Default: 1.
     */
    uint64_t tls_verify;
    /**
     * Whether the certificate has to be for the host that is asked. Without, any server that a
     * trusted authority vouches for will do. 0 is off, 1 is on. Default: 1.
     */
    uint64_t tls_verify_host;
    /**
     * Directory whose files are PEM with trusted certificates, as OpenSSL's; in addition to the
     * system's. Default: NULL.
     */
    const char *ca_dir;
    /**
     * Trust what `ca_file`, `ca_dir` and `ca_pem` have and not the system's certificates. 0 is
     * off, 1 is on. Default: 0.
     */
    uint64_t ca_only;
    /**
     * Oldest version of TLS: "1.2" (which is also the default) or "1.3". Default: NULL.
     */
    const char *tls_min_version;
    /**
     * Newest version of TLS: "1.2" or "1.3" (which is also the default). Default: NULL.
     */
    const char *tls_max_version;
    /**
     * Name or IP address that is asked for (SNI) and that the certificate has to be for, instead
     * of the URL's host. Also: servername in Node. Default: NULL.
     */
    const char *tls_server_name;
    /**
     * Public keys of which the server has to have one: "sha256//BASE64", several separated by
     * semicolons, each the SHA-256 of a SubjectPublicKeyInfo (as curl's CURLOPT_PINNEDPUBLICKEY).
     * Checked beside all else, and without `tls_verify` too. Default: NULL.
     */
    const char *tls_pins;
    /**
     * File to which the secrets of all sessions are appended, for Wireshark and the like (the form
     * of SSLKEYLOGFILE, which is not looked at). Whoever can read it can read the traffic; it is
     * made for its owner alone. Default: NULL.
     */
    const char *keylog_file;
    /**
     * Whether a GET, HEAD or OPTIONS without a body travels with the TLS handshake on a session
     * that is resumed, which saves a round trip (0-RTT, RFC 8446 2.3). Whoever is on the way can
     * send such a request a second time; what a server does not want so is sent again by itself
     * (425, RFC 8470). 0 is off, 1 is on. Default: 0.
     */
    uint64_t tls_early_data;
    /**
     * Requests that a connection carries at a time: with more than one, while all connections that
     * the caps allow are in use, a replayable request with no or a small body (16 KiB) is sent
     * behind others, on a connection that has answered as HTTP/1.1 (RFC 9112 9.3.2). Answers come
     * in order, so that a slow one holds up those behind it: for many small requests over a long
     * way to a server that is known to do it well. An origin that mishandles it gets 1 for ten
     * minutes. Not together with `hedge`. 1 to 256. Default: 1.
     */
    uint64_t pipelining;
    /**
     * Bytes per second that a body must move at on average over `min_speed_time_ms`, as curl's
     * low-speed limit; slower is an error (KA_TOO_SLOW). Bytes are counted as they are on the
     * wire; only time spent on waiting for the peer to send or to take some counts, and the wait
     * for a response head does not. 0: any speed. Default: 0.
     */
    uint64_t min_speed_size;
    /**
     * The time over which `min_speed_size` is to be reached. 0: no limit. Default: 30,000 ms.
     */
    uint64_t min_speed_time_ms;
    /**
     * Bytes per second that a body, sent or received, moves at on average at most: what comes
     * faster is left in the socket, so that TCP slows the sender down. 0: no limit. Default: 0.
     */
    uint64_t max_speed_size;
    /**
     * Whether gzip, deflate, br and zstd bodies of responses are decoded, and offered in
     * Accept-Encoding by requests that have no such field. Without, a body is handed out as it
     * came. Python and Node's fetch decode unless told not to, C and Node's request do not. 0 is
     * off, 1 is on. Default: by language.
     */
    uint64_t decode;
    /**
     * What becomes of 301, 302, 303, 307 and 308 with a Location (RFC 9110 15.4): "follow";
     * "manual", they are responses like others; "error", they are errors. NULL: "manual".
     * Default: NULL.
     */
    const char *redirect;
    /**
     * Whether a redirect from https to http is followed: it shows everybody on the way what was to
     * be hidden. Without, it is an error. 0 is off, 1 is on. Default: 0.
     */
    uint64_t redirect_downgrade;
    /**
     * Names of header fields that a redirect takes to no other origin, as X-Api-Key, separated by
     * commas or blanks: beside Authorization, Cookie and Proxy-Authorization, which are always
     * among them. A request's are in addition to its client's. Default: NULL.
     */
    const char *sensitive_headers;
    /**
     * Who asks, for the origin of the request's URL and no other: "basic USER:PASSWORD" (RFC
     * 7617), "bearer TOKEN" (RFC 6750) or "digest USER:PASSWORD" (RFC 7616: MD5, SHA-256 and
     * SHA-512-256, answers to a server's 401, and from then on with every request to it). A
     * request's own Authorization field goes before it, and it before the URL's user and password.
     * Empty: none, whatever the client has. Default: NULL.
     */
    const char *auth;
    /**
     * Bytes of a request body above which it, and one of unknown length, waits up to 1 s for the
     * server's 100 (Continue), so that one that is refused is not sent (RFC 9110 10.1.1; curl's
     * threshold). A server that ignores it is remembered for 10 min. A request asks with a field
     * of its own (Expect: 100-continue), and does not with an empty one. 0: never by itself.
     * Default: 1,048,576 (1 MiB).
     */
    uint64_t expect_threshold_size;
    /**
     * Whether cookies of answers are kept and sent with later requests, by a jar of the client's
     * own (RFC 6265bis). Clients in Python keep them unless told not to, the functions of the
     * module do not; a jar that several clients share is given by other means (docs/cookies.md).
     * 0 is off, 1 is on. Default: by language.
     */
    uint64_t cookies;
} ka_client_options;

/**
 * Counters of a client's pool: ka_client_stats. What is not of the moment counts since the client
 * was made.
 */
typedef struct {
    /**
     * The number of bytes of this struct that the running library knows.
     */
    size_t size;
    /**
     * Connections opened.
     */
    uint64_t opened;
    /**
     * Requests sent on a connection that had carried a response before.
     */
    uint64_t reused;
    /**
     * Idle connections found dead, at checkout or while idle.
     */
    uint64_t stale;
    /**
     * Requests sent again on a fresh connection.
     */
    uint64_t replayed;
    /**
     * Further tries after failures (option `retries`).
     */
    uint64_t retried;
    /**
     * Second tries sent because the first took long (option `hedge`).
     */
    uint64_t hedged;
    /**
     * Look-ups of names, of the whole process, that have had no answer for 5 s and more.
     */
    uint64_t stuck_lookups;
    /**
     * Connections closed, for whatever reason; ka_client_close_reasons has the reasons.
     */
    uint64_t closed;
    /**
     * Requests waiting for a connection, at this moment.
     */
    uint64_t waiting;
    /**
     * Idle connections, at this moment.
     */
    uint64_t idle;
    /**
     * Connections in use, at this moment.
     */
    uint64_t active;
    /**
     * Connections being opened, at this moment.
     */
    uint64_t dialing;
    /**
     * The number of origins that ka_client_origin_stats tells about.
     */
    uint64_t origin_count;
    /**
     * Requests sent behind others on their connection (option `pipelining`).
     */
    uint64_t pipelined;
} ka_stats;

/**
 * How many connections were closed for one reason: ka_client_close_reasons.
 */
typedef struct {
    /**
     * Stable name such as "idle_timeout" or "response_said_close"; static.
     */
    ka_str reason;
    /**
     * Connections closed for it.
     */
    uint64_t count;
} ka_close_count;

/**
 * One origin's part of a client's counters, at this moment: ka_client_origin_stats.
 */
typedef struct {
    /**
     * The number of bytes of this struct that the running library knows.
     */
    size_t size;
    /**
     * The origin, such as "https://example.com:8443". Ends in a NUL.
     */
    char origin[KA_ORIGIN_SIZE];
    /**
     * Requests waiting for a connection.
     */
    uint64_t waiting;
    /**
     * Idle connections.
     */
    uint64_t idle;
    /**
     * Connections in use.
     */
    uint64_t active;
    /**
     * Connections being opened.
     */
    uint64_t dialing;
    /**
     * How long a connection may idle. UINT64_MAX: for ever.
     */
    uint64_t idle_limit_ns;
    /**
     * Where that limit is from: the option `idle_timeout_ms`, the server's Keep-Alive, or what its
     * closes have taught. "option", "hint" or "learnt"; static.
     */
    ka_str idle_limit_source;
    /**
     * The circuit breaker, which all clients of the process share. "closed", "open" or
     * "half_open"; static.
     */
    ka_str breaker;
    /**
     * What its name resolved to last; empty without connections, when the URL has an address, and
     * when names are not looked up again (option `dns_ttl_ms`). Separated by commas, as far as
     * there is room; ends in a NUL.
     */
    char addresses[KA_ADDRESSES_SIZE];
} ka_origin_stats;

/**
 * Sees a socket that was made and is not connected yet, to set options that this library does not know
 * (marks, priorities, a VPN's binding). `fd` is a TCP or Unix socket, borrowed for the call: it must
 * neither be closed nor connected. False ends the attempt: the request fails with KA_CONNECT_FAILED
 * unless another address serves.
 */
typedef bool (*ka_socket_fn)(void *user_data, int fd);

/**
 * Tells the value of a trailer when the body is over: a text that ends in a NUL, which is read before the
 * function is called again; NULL fails the request with KA_BODY_SOURCE_FAILED.
 */
typedef const char *(*ka_trailer_fn)(void *user_data);

/**
 * What a server has shown of itself, for the time of a call of `verify`.
 */
typedef struct {
    /**
     * The number of bytes of this struct that the running library knows.
     */
    size_t size;
    /**
     * The name or address that the certificate has to be for.
     */
    ka_str host;
    /**
     * The certificates that the server sent, in DER, its own first.
     */
    const ka_bytes *chain;
    /**
     * How many there are.
     */
    size_t chain_count;
    /**
     * Why the certificate is rejected by the options of the client, in words; empty: it is not.
     */
    ka_str rejected;
} ka_peer;

/**
 * Decides about the certificate of a server: true is that it is believed.
 */
typedef bool (*ka_verify_fn)(void *user_data, const ka_peer *peer);

/**
 * Gives up `user_data`.
 */
typedef void (*ka_destroy_fn)(void *user_data);

/**
 * A function that decides about certificates: ka_client_new_with_verifier. Set what is not used to
 * NULL, as an initialiser does: `ka_verifier verifier = {sizeof verifier, verify, NULL, data};`.
 *
 * `verify` is asked in each handshake that resumes no session, and its word counts, whatever the
 * options of the client come to: `rejected` tells that. Pinned keys (option `tls_pins`) are checked
 * besides. It runs on the engine's thread, where it must not block: all connections wait meanwhile. It
 * may call the library; what would wait is refused there (KA_INVALID_STATE). It ends by returning: see
 * "Leaving" at the head of this file.
 */
typedef struct {
    /**
     * sizeof(ka_verifier).
     */
    size_t size;
    /**
     * Decides. Never NULL.
     */
    ka_verify_fn verify;
    /**
     * Called exactly once, after the last call of `verify`: when the client was freed and its last
     * connection is closed. It runs in that call, or on the engine's thread, where it must not block. A
     * forked child has a copy, and calls it for the clients that it frees. Not called for what is left
     * when the process ends. NULL: nothing is to be done.
     */
    ka_destroy_fn destroy;
    /**
     * Handed to the functions; never looked at.
     */
    void *user_data;
} ka_verifier;

/**
 * Produces a request body piece by piece: writes up to `capacity` bytes to `buffer` and returns
 * their number, 0 at the end, -1 when it failed; the request then fails with
 * KA_BODY_SOURCE_FAILED. KA_READ_LATER: nothing is there yet; it is called again after
 * ka_call_resume_upload. Other negative numbers fail too and are reserved. `capacity` is at least 1.
 */
typedef ptrdiff_t (*ka_read_fn)(void *user_data, uint8_t *buffer, size_t capacity);

/**
 * Starts the body again from its first byte; false when that is impossible.
 */
typedef bool (*ka_rewind_fn)(void *user_data);

/**
 * A request body from functions of the program: ka_request_set_body_reader. Set what is not used to
 * NULL, as an initialiser does: `ka_body_reader reader = {sizeof reader, read, NULL, NULL, data};`.
 *
 * The functions are called one at a time. For ka_client_send that is on its thread, where they may
 * block. For a submitted request it is within ka_client_submit, or on the engine's thread, where they
 * must not block: all submitted requests wait meanwhile. They may call the library, but not with the
 * request that they serve; what would wait on the engine's thread is refused there
 * (KA_INVALID_STATE). They end by returning: see "Leaving" at the head of this file.
 */
typedef struct {
    /**
     * sizeof(ka_body_reader).
     */
    size_t size;
    /**
     * Produces the body. Never NULL.
     */
    ka_read_fn read;
    /**
     * Starts it again, after `read` was called, for a replay, a retry, a redirect or another call
     * with the request. NULL: it can be sent once, and what would send it again fails with an error
     * that says so.
     */
    ka_rewind_fn rewind;
    /**
     * Called exactly once, after the last call of `read` and `rewind`: when the request is freed or
     * has got another body, and the calls that send it have ended, by ka_call_cancel or after
     * ka_queue_free too. It runs in the last of these calls, or on the engine's thread, where it must
     * not block. A forked child has a copy of its parent's requests, and calls it for those it frees;
     * not for one that the parent was sending at the fork. Nor is it called for what is left when the
     * process ends: `read` may then be called until the process is gone. NULL: nothing is to be done.
     */
    ka_destroy_fn destroy;
    /**
     * Handed to the three functions; never looked at.
     */
    void *user_data;
} ka_body_reader;

/**
 * A cookie: ka_cookies_each. Texts are bytes as servers sent them.
 */
typedef struct {
    /**
     * The number of bytes of this struct that the running library knows.
     */
    size_t size;
    /**
     * Its name; may be empty.
     */
    ka_str name;
    /**
     * Its value. It may say who somebody is: it belongs into no log.
     */
    ka_str value;
    /**
     * The host that it is for, in lower case and without a leading dot. Empty: for all hosts.
     */
    ka_str domain;
    /**
     * The path that it is for, with what lies below.
     */
    ka_str path;
    /**
     * When it ends, in seconds since 1970; 0: with the jar.
     */
    int64_t expires;
    /**
     * Whether it is for `domain` alone and not for the hosts below it. 0: no, 1: yes.
     */
    uint64_t host_only;
    /**
     * Whether it is for https alone, and for servers of this machine. 0: no, 1: yes.
     */
    uint64_t secure;
    /**
     * Whether scripts of browsers may not see it. 0: no, 1: yes.
     */
    uint64_t http_only;
} ka_cookie;

/**
 * Is shown a cookie. `cookie` and its views are valid during the call. False ends ka_cookies_each.
 */
typedef bool (*ka_cookie_fn)(void *user_data, const ka_cookie *cookie);

/**
 * How far a body has come. The size of this struct stays: what later versions tell is in what is
 * `reserved` now.
 */
typedef struct {
    /**
     * Bytes so far, as they are on the wire: of a coded body before it is decoded. Of a download that
     * was taken up again, those that were there count too.
     */
    uint64_t done_size;
    /**
     * Bytes in all, or KA_TOTAL_UNKNOWN.
     */
    uint64_t total_size;
    /**
     * How many bytes a second, of the last few seconds.
     */
    double rate;
    /**
     * 0 for a response's body, 1 for a request's.
     */
    uint64_t upload;
    /**
     * 0.
     */
    uint64_t reserved[4];
} ka_progress;

/**
 * Is told how far a body has come, at most ten times a second and at its end; `progress` is borrowed for
 * the call. False ends the request with KA_CANCELLED.
 */
typedef bool (*ka_progress_fn)(void *user_data, const ka_progress *progress);

/**
 * A redirect that is about to be followed, for the time of a call of a ka_redirect_fn.
 */
typedef struct {
    /**
     * The number of bytes of this struct that the running library knows.
     */
    size_t size;
    /**
     * Where it leads: an absolute URL, without userinfo.
     */
    ka_str url;
    /**
     * The method of the next request.
     */
    ka_str method;
    /**
     * The response that leads there, without its body: ka_response_status, ka_response_url and its header
     * fields.
     */
    const ka_response *response;
} ka_redirect;

/**
 * Decides about a redirect: true is that it is followed, false that the request fails with
 * KA_REDIRECT_REFUSED.
 */
typedef bool (*ka_redirect_fn)(void *user_data, const ka_redirect *redirect);

/**
 * Something that happened, for the time of a call of a ka_hook_fn. Fields that its kind does not name are 0,
 * empty or NULL.
 */
typedef struct {
    /**
     * The number of bytes of this struct that the running library knows.
     */
    size_t size;
    /**
     * What happened.
     */
    ka_hook_kind kind;
    /**
     * Why it failed, KA_OK if it did not.
     */
    ka_status status;
    /**
     * Number of the request that it happened to, unique in the process; 0: to none.
     */
    uint64_t request;
    /**
     * Number of the dial, unique in the process; 0 for what is not a step of one.
     */
    uint64_t dial;
    /**
     * Number of the connection, unique in the process.
     */
    uint64_t connection_id;
    /**
     * What the kind says.
     */
    uint64_t count;
    /**
     * What the kind says, in nanoseconds.
     */
    uint64_t spent_ns;
    /**
     * Spent on resolving the name, in nanoseconds.
     */
    uint64_t resolve_ns;
    /**
     * Spent on the TCP handshake, in nanoseconds.
     */
    uint64_t connect_ns;
    /**
     * Spent on the TLS handshake, in nanoseconds.
     */
    uint64_t tls_ns;
    /**
     * The method of the request.
     */
    ka_str method;
    /**
     * What the kind says.
     */
    ka_str text;
    /**
     * A head that came, without body: ka_response_status and its header fields.
     */
    const ka_response *response;
    /**
     * The failure.
     */
    const ka_error *failed;
} ka_hook_event;

/**
 * Is told that something happened.
 */
typedef void (*ka_hook_fn)(void *user_data, const ka_hook_event *event);

/**
 * A function of the program's that is told what happens: ka_client_set_hooks, ka_request_set_hooks. Set what
 * is not used to NULL, as an initialiser does: `ka_hooks hooks = {sizeof hooks, hook, NULL, data};`.
 *
 * The function is called where the thing happens: on the thread of ka_client_send and of ka_response_read, on
 * the engine's for submitted requests (and within ka_client_submit), for the steps of every dial and for what
 * the pool does by itself; by several threads at once, if several send. It is never called under a lock and must not block: on the
 * engine's thread all submitted requests wait meanwhile, and what would wait is refused there
 * (KA_INVALID_STATE). It may call the library, also with the client that it is told of: send (not on the
 * engine's thread), submit, cancel its own call, close the client; only not change the request that it serves.
 * It ends by returning: see "Leaving" at the head of this file. A forked child calls it for its own requests
 * and connections, not for those of its parent.
 */
typedef struct {
    /**
     * sizeof(ka_hooks).
     */
    size_t size;
    /**
     * Is told what happens. Never NULL.
     */
    ka_hook_fn hook;
    /**
     * Called exactly once, after the last call of `hook`: when the client or request is freed, or the request
     * has got other hooks, and the calls that use them have ended. It runs in the last of these calls or on
     * the engine's thread, where it must not block. NULL: nothing is to be done.
     */
    ka_destroy_fn destroy;
    /**
     * Handed to the functions; never looked at.
     */
    void *user_data;
} ka_hooks;

/**
 * How TLS was agreed on when the connection of a response was opened: ka_response_tls.
 */
typedef struct {
    /**
     * The number of bytes of this struct that the running library knows.
     */
    size_t size;
    /**
     * "TLSv1.2" or "TLSv1.3"; static.
     */
    ka_str version;
    /**
     * The cipher suite by its IANA name, such as "TLS_AES_128_GCM_SHA256"; static.
     */
    ka_str cipher;
    /**
     * The group of the key exchange, such as "X25519"; static. Empty when a session of TLS 1.2 was
     * resumed, which exchanges no keys.
     */
    ka_str group;
    /**
     * The protocol that the server chose by ALPN; empty: it chose none.
     */
    ka_str alpn;
    /**
     * Whether an earlier session was resumed; the certificates are then those of that session. 0: no,
     * 1: yes.
     */
    uint64_t resumed;
    /**
     * Whether the request travelled with the handshake (0-RTT): always 0 in this version.
     */
    uint64_t early;
    /**
     * How many certificates the server sent: ka_response_certificate.
     */
    uint64_t certificate_count;
} ka_tls_info;

/**
 * A certificate of a server: ka_response_certificate. Of a malformed one, as an unverified server may
 * send, all but `der` is empty.
 */
typedef struct {
    /**
     * The number of bytes of this struct that the running library knows.
     */
    size_t size;
    /**
     * All of it, in DER.
     */
    ka_bytes der;
    /**
     * Whose it is (RFC 4514), such as "CN=example.com,O=Example".
     */
    ka_str subject;
    /**
     * Who vouches for it, in the same form.
     */
    ka_str issuer;
    /**
     * The serial number in hexadecimal.
     */
    ka_str serial;
    /**
     * The host names and IP addresses that it is for, separated by commas.
     */
    ka_str names;
    /**
     * Its public key as option `tls_pins` takes it: "sha256//...".
     */
    ka_str pin;
    /**
     * From when on it is valid, in seconds since 1970.
     */
    int64_t not_before;
    /**
     * Until when.
     */
    int64_t not_after;
} ka_certificate;

/**
 * What became of something that was submitted. The receiver owns `response` and `error`, and frees
 * them. The size of this struct stays: what later versions tell is in what is `reserved` now.
 */
typedef struct {
    /**
     * As given when it was submitted.
     */
    void *user_data;
    /**
     * KA_OK or why it failed.
     */
    ka_status status;
    /**
     * On KA_OK the response, if one was asked for or read; on failure NULL, but for ka_response_submit_read, which gives its
     * response back in any case.
     */
    ka_response *response;
    /**
     * NULL on KA_OK.
     */
    ka_error *error;
    /**
     * What was submitted.
     */
    ka_event_kind kind;
    /**
     * KA_EVENT_READ: the bytes of the piece, 0 at the verified end of the body. KA_EVENT_WARM: the
     * connections opened. KA_EVENT_STREAM_READ: the bytes that ka_stream_read has without waiting, 0 at
     * the end. Else, and on failure, 0.
     */
    uint64_t count;
    /**
     * 0.
     */
    uint64_t reserved[2];
} ka_event;

/**
 * Where the body of a response goes: `ka_download_options to = {sizeof to, "file", 0, 0, 0};`.
 */
typedef struct {
    /**
     * sizeof(ka_download_options).
     */
    size_t size;
    /**
     * A path. The body is written beside it and put in its place when it is whole, with the permissions
     * of a file that is opened to be written (what is there keeps its own; else 0666 without the umask).
     * Symbolic links stay; a device or pipe is written to in place. NULL: `fd`.
     */
    const char *path;
    /**
     * Without `path`: an open descriptor, written to in place from where it stands.
     */
    int64_t fd;
    /**
     * 1: the file is on the disk, with its directory entry, before the call ends. 0: when the system likes.
     */
    uint64_t fsync;
    /**
     * 1: what came before a failure stays as PATH.part, with what it is a part of in PATH.part.info, and is
     * gone on with by the next download of the same URL to the same path, if the server's answer had a
     * strong validator. 0: it is removed.
     */
    uint64_t resume;
} ka_download_options;

/**
 * What was written of a response's body.
 */
typedef struct {
    /**
     * Bytes of the whole body.
     */
    uint64_t body_size;
    /**
     * Bytes of these that an earlier download had left.
     */
    uint64_t kept_size;
    /**
     * How often the connection broke and the rest was asked for.
     */
    uint64_t resumes;
} ka_saved;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library that runs, as (major << 16) | (minor << 8) | patch.
 * Ownership: nothing to free.
 * Threads: any.
 * Errors: none.
 */
KA_API uint32_t ka_version_number(void);

/**
 * The version of the library that runs, as in "0.1.0".
 * Ownership: static, ends in a NUL; nothing to free.
 * Threads: any.
 * Errors: none.
 */
KA_API const char *ka_version(void);

/**
 * The name of a status, as in "KA_CONNECT_TIMEOUT".
 * Ownership: static, ends in a NUL; nothing to free.
 * Threads: any.
 * Errors: "KA_UNKNOWN" for a number that is no status of this version.
 */
KA_API const char *ka_status_name(ka_status status);

/**
 * What went wrong.
 * Ownership: `error` stays the caller's.
 * Threads: one at a time for one error.
 * Errors: KA_OK when `error` is NULL.
 */
KA_API ka_status ka_error_status(const ka_error *error);

/**
 * The reason in one line: it names the argument or the server, and the rule that was broken.
 * Ownership: a view, valid until ka_error_free.
 * Threads: one at a time for one error.
 * Errors: an empty view when `error` is NULL.
 */
KA_API ka_str ka_error_message(const ka_error *error);

/**
 * Where in the exchange it happened: "request" (before anything was done with the network), "pool",
 * "resolve", "connect", "tls", "send", "head" or "body".
 * Ownership: static, ends in a NUL; nothing to free.
 * Threads: one at a time for one error.
 * Errors: "" when `error` is NULL.
 */
KA_API const char *ka_error_phase(const ka_error *error);

/**
 * The operating system's error number (errno), 0 when there is none.
 * Ownership: `error` stays the caller's.
 * Threads: one at a time for one error.
 * Errors: 0 when `error` is NULL.
 */
KA_API int32_t ka_error_os_errno(const ka_error *error);

/**
 * Whether it happened on a connection that had carried a response before.
 * Ownership: `error` stays the caller's.
 * Threads: one at a time for one error.
 * Errors: false when `error` is NULL.
 */
KA_API bool ka_error_reused(const ka_error *error);

/**
 * How much of the request had been handed to the operating system.
 * Ownership: `error` stays the caller's.
 * Threads: one at a time for one error.
 * Errors: KA_SENT_NOTHING when `error` is NULL.
 */
KA_API ka_sent ka_error_sent(const ka_error *error);

/**
 * Whether sending the request again cannot make the server act twice (RFC 9110 9.2.2): nothing was
 * sent, or the method is idempotent and no byte of a response came. Never for a caller's mistake.
 * Ownership: `error` stays the caller's.
 * Threads: one at a time for one error.
 * Errors: false when `error` is NULL.
 */
KA_API bool ka_error_retry_safe(const ka_error *error);

/**
 * Writes how the exchange went that `failed` ended, and where its time went: the phase in which it failed has
 * what it took to fail. `size` is sizeof(ka_info).
 * Ownership: the struct stays the caller's; the views in it are valid until ka_error_free.
 * Threads: one at a time for one error.
 * Errors: KA_INVALID_STATE when no exchange had begun; KA_INVALID_ARGUMENT for NULL or an impossible size.
 */
KA_API
ka_status ka_error_info(const ka_error *failed,
                        ka_info *info,
                        size_t size,
                        ka_error **error);

/**
 * The body bytes that came before a submitted request failed. (A blocking read delivers them
 * itself.)
 * Ownership: a view, valid until ka_error_free.
 * Threads: one at a time for one error.
 * Errors: an empty view when there are none or `error` is NULL.
 */
KA_API ka_bytes ka_error_partial_body(const ka_error *error);

/**
 * Frees an error.
 * Ownership: takes `error`; NULL is fine.
 * Threads: any, once.
 * Errors: none.
 */
KA_API void ka_error_free(ka_error *error);

/**
 * Fills `options` with the defaults. The environment variable KEEPALIVE_TRUST_ENV=1 makes `trust_env` 1,
 * for programs that have no option for it; what is set afterwards counts. `size` is sizeof(ka_client_options): a program and a library of
 * different versions then agree on the fields that both know.
 * Ownership: `options` stays the caller's; its pointers are static.
 * Threads: any.
 * Errors: none; NULL, or a `size` that holds not even the first field, is left alone.
 */
KA_API
void ka_client_options_init(ka_client_options *options,
                            size_t size);

/**
 * Fills `options` with the defaults of a profile: "default", or "service" for calls between services.
 * ka_client_options tells what it has; KEEPALIVE_TRUST_ENV is as in ka_client_options_init.
 * Ownership: all stays the caller's; the pointers in `options` are static.
 * Threads: any.
 * Errors: KA_INVALID_ARGUMENT for NULL, another profile, or a `size` that holds not even the first
 * field.
 */
KA_API
ka_status ka_client_options_init_profile(ka_client_options *options,
                                         size_t size,
                                         const char *profile,
                                         ka_error **error);

/**
 * Makes a client. `options` NULL means the defaults.
 * Ownership: `options` stays the caller's, its strings and bytes are copied. On KA_OK `*client` is
 * owned: ka_client_free.
 * Threads: any; the client may be used by many at once.
 * Errors: KA_INVALID_ARGUMENT names the option; an unreadable or faulty certificate file too.
 */
KA_API
ka_status ka_client_new(const ka_client_options *options,
                        ka_client **client,
                        ka_error **error);

/**
 * The process-wide client, with default options: one pool for all threads and all libraries in the
 * process that use this copy of libkeepalive. Before the process ends, ka_client_close tells servers
 * that its connections are over, rather than cutting them off.
 * Ownership: the library's; ka_client_free on it does nothing.
 * Threads: any.
 * Errors: NULL when it cannot be made; ka_client_new then says why.
 */
KA_API
ka_client *ka_client_shared(void);

/**
 * Sends `request` and waits for the head of the response, all on this thread. The body is then read
 * with ka_response_read or ka_response_read_all.
 * Ownership: `request` stays the caller's. On KA_OK `*response` is owned: ka_response_free. A body
 * reader is called on this thread, and no more after the return.
 * Threads: any; many may send with one client, also one request, as long as nobody changes it.
 * Errors: any status but KA_CANCELLED. ka_error_retry_safe says whether to try again.
 */
KA_API
ka_status ka_client_send(ka_client *client,
                         const ka_request *request,
                         ka_response **response,
                         ka_error **error);

/**
 * Opens connections to the origin of `url` until it has `count` idle ones, within the caps, all at
 * once and waiting on this thread. `*opened` is how many were opened.
 * Ownership: all stays the caller's.
 * Threads: any.
 * Errors: KA_INVALID_URL and the like, or the first dial's that failed; what succeeded is kept.
 */
KA_API
ka_status ka_client_warm(ka_client *client,
                         const char *url,
                         size_t count,
                         size_t *opened,
                         ka_error **error);

/**
 * Opens connections to the origin of `url`, a text with its length, until it has `count` idle ones,
 * within the caps, all at once and waiting on this thread. `*opened` is how many were opened.
 * Ownership: all stays the caller's.
 * Threads: any.
 * Errors: as ka_client_warm.
 */
KA_API
ka_status ka_client_warm_str(ka_client *client,
                             ka_str url,
                             size_t count,
                             size_t *opened,
                             ka_error **error);

/**
 * The network is another one (a laptop moved, a VPN came up): closes idle connections, so that
 * requests dial anew, and resets the circuit breakers of the origins in use.
 * Ownership: `client` stays the caller's.
 * Threads: any.
 * Errors: none; NULL does nothing.
 */
KA_API void ka_client_network_changed(ka_client *client);

/**
 * Writes the counters of a client's pool. `size` is sizeof(ka_stats).
 * Ownership: all stays the caller's; the names in it are static.
 * Threads: any.
 * Errors: KA_INVALID_ARGUMENT for NULL or an impossible size.
 */
KA_API
ka_status ka_client_stats(const ka_client *client,
                          ka_stats *stats,
                          size_t size,
                          ka_error **error);

/**
 * Tells for which reasons connections were closed, and how many for each: one entry for each reason
 * that happened since the client was made, sorted by name, all of one moment. At most `capacity` are
 * written to `reasons`, which may be NULL when that is 0; `*count` is how many there are, which may be
 * more. Versions add reasons: there are about 25 names in this one.
 * Ownership: all stays the caller's; the names are static.
 * Threads: any.
 * Errors: KA_INVALID_ARGUMENT for NULL.
 */
KA_API
ka_status ka_client_close_reasons(const ka_client *client,
                                  ka_close_count *reasons,
                                  size_t capacity,
                                  size_t *count,
                                  ka_error **error);

/**
 * Writes the counters of one origin, `index` being below `origin_count` of ka_stats: which limit
 * its idle connections have and why, and its circuit breaker. `size` is sizeof(ka_origin_stats). Each
 * call looks anew: an origin that comes or goes between two of them moves those behind it.
 * Ownership: all stays the caller's; the names in it are static.
 * Threads: any.
 * Errors: KA_INVALID_ARGUMENT for NULL, an impossible size or an index without an origin.
 */
KA_API
ka_status ka_client_origin_stats(const ka_client *client,
                                 size_t index,
                                 ka_origin_stats *stats,
                                 size_t size,
                                 ka_error **error);

/**
 * Closes idle connections, fails requests that wait for one and refuses new ones with
 * KA_INVALID_STATE. Exchanges under way finish. Servers are told at once (TLS close_notify and a FIN);
 * what they still send is read for up to 50 ms. The process-wide client stays usable: only its idle
 * connections are closed.
 * Ownership: `client` stays the caller's.
 * Threads: any; a second call does nothing.
 * Errors: none; NULL is fine.
 */
KA_API
void ka_client_close(ka_client *client);

/**
 * Frees a client. Requests under way, on other threads too, run to their end.
 * Ownership: takes `client`; NULL and the process-wide client are fine and left alone.
 * Threads: any, once; no call with `client` may begin afterwards.
 * Errors: none.
 */
KA_API void ka_client_free(ka_client *client);

/**
 * Has `callback` see every socket that the client opens from now on, before it is connected. A client
 * has one for all its life.
 * Ownership: `user_data` stays the caller's, and lives until the client is freed and every call on it
 * has ended.
 * Threads: any. The callback runs on the engine's thread, where it must not block and calls of this
 * library that wait are refused (KA_INVALID_STATE); it ends by returning: see "Leaving" at the head of
 * this file. A forked child calls it for the sockets that it opens.
 * Errors: KA_INVALID_ARGUMENT for NULL; KA_INVALID_STATE when the client has one already.
 */
KA_API
ka_status ka_client_set_socket_callback(ka_client *client,
                                        ka_socket_fn callback,
                                        void *user_data,
                                        ka_error **error);

/**
 * Sets a file as the body: it is opened and read while the request is sent, with Content-Length, and again
 * for a replay, a retry or a redirect. It replaces an earlier body. What has no length (a pipe, a file
 * of /proc) is sent chunked, once.
 * Ownership: `path` is copied.
 * Threads: one at a time for one request. On the engine a helper thread reads it.
 * Errors: KA_INVALID_ARGUMENT when there is no such file, it is a directory or may not be read
 * (ka_error_os_errno). When it is sent: KA_BODY_SOURCE_FAILED when it is gone or cannot be read,
 * KA_BODY_LENGTH_MISMATCH when it has become shorter or longer; the server then gets no whole request.
 */
KA_API
ka_status ka_request_set_body_file(ka_request *request,
                                   const char *path,
                                   ka_error **error);

/**
 * Appends a field to what follows the body (RFC 9110 6.5), which is then sent chunked, also one of known
 * length. A Trailer field announces it, unless the request has its own.
 * Ownership: inputs are copied.
 * Threads: one at a time for one request.
 * Errors: KA_INVALID_HEADER: no name or value of a field, or one that must stand before the body, such as
 * Content-Length, Host, Authorization or Content-Type (RFC 9110 6.5.1). When it is sent: a request
 * without a body, or with a Content-Length of its own.
 */
KA_API
ka_status ka_request_add_trailer(ka_request *request,
                                 const char *name,
                                 const char *value,
                                 ka_error **error);

/**
 * Appends a field to what follows the body, whose name and value come with their lengths.
 * Ownership: inputs are copied.
 * Threads: one at a time for one request.
 * Errors: as ka_request_add_trailer.
 */
KA_API
ka_status ka_request_add_trailer_str(ka_request *request,
                                     ka_str name,
                                     ka_str value,
                                     ka_error **error);

/**
 * Appends a field to what follows the body, whose value `told` tells when the body is over: a checksum of
 * what was streamed. When the body is sent again, it is asked again.
 * Ownership: `name` is copied. `user_data` is the caller's, for as long as the request or a call that
 * sends it is there.
 * Threads: one at a time for one request. `told` is called where a body reader is, under the same rules.
 * Errors: as ka_request_add_trailer; KA_INVALID_ARGUMENT when `told` is NULL. What it tells that is no
 * value of a field fails the request with KA_INVALID_HEADER.
 */
KA_API
ka_status ka_request_add_told_trailer(ka_request *request,
                                      const char *name,
                                      ka_trailer_fn told,
                                      void *user_data,
                                      ka_error **error);

/**
 * Makes a client whose `verifier` decides about the certificates of its servers. `options` NULL means
 * the defaults, `verifier` NULL that there is none, as with ka_client_new.
 * Ownership: `options` and `verifier` stay the caller's and are copied; what `user_data` of the verifier
 * points to is the client's until `destroy`, which is called also when this fails. On KA_OK `*client` is
 * owned: ka_client_free.
 * Threads: any; the client may be used by many at once.
 * Errors: KA_INVALID_ARGUMENT names the option, or what is wrong with the verifier.
 */
KA_API
ka_status ka_client_new_with_verifier(const ka_client_options *options,
                                      const ka_verifier *verifier,
                                      ka_client **client,
                                      ka_error **error);

/**
 * Makes a request without body. `url` is absolute, http or https; its userinfo becomes Basic
 * credentials, its fragment is not sent.
 * Ownership: inputs are copied. On KA_OK `*request` is owned: ka_request_free.
 * Threads: any.
 * Errors: KA_INVALID_METHOD, KA_INVALID_URL, KA_UNSUPPORTED_SCHEME, KA_INVALID_ARGUMENT.
 */
KA_API
ka_status ka_request_new(const char *method,
                         const char *url,
                         ka_request **request,
                         ka_error **error);

/**
 * Makes a request without body, from texts with their lengths: such as a URL that is a view of a
 * response's field.
 * Ownership: inputs are copied. On KA_OK `*request` is owned: ka_request_free.
 * Threads: any.
 * Errors: as ka_request_new.
 */
KA_API
ka_status ka_request_new_str(ka_str method,
                             ka_str url,
                             ka_request **request,
                             ka_error **error);

/**
 * Appends a header field; order, case and duplicates are kept. "Host" replaces the URL's;
 * "Content-Length" and "Transfer-Encoding" must agree with the body.
 * Ownership: inputs are copied.
 * Threads: one at a time for one request.
 * Errors: KA_INVALID_HEADER names the field and the reason. The request is then unchanged.
 */
KA_API
ka_status ka_request_add_header(ka_request *request,
                                const char *name,
                                const char *value,
                                ka_error **error);

/**
 * Appends a header field whose name and value come with their lengths; order, case and duplicates are
 * kept.
 * Ownership: inputs are copied.
 * Threads: one at a time for one request.
 * Errors: as ka_request_add_header.
 */
KA_API
ka_status ka_request_add_header_str(ka_request *request,
                                    ka_str name,
                                    ka_str value,
                                    ka_error **error);

/**
 * Sets the body: `len` bytes at `data`, sent with Content-Length. It replaces an earlier one. `data`
 * may be NULL when `len` is 0.
 * Ownership: the bytes are copied.
 * Threads: one at a time for one request.
 * Errors: KA_INVALID_ARGUMENT.
 */
KA_API
ka_status ka_request_set_body(ka_request *request,
                              const uint8_t *data,
                              size_t len,
                              ka_error **error);

/**
 * Sets a body that the functions of `reader` produce while the request is sent: with Content-Length
 * when `length` is known, chunked when it is -1. It replaces an earlier body. With `rewind` the
 * request can be sent any number of times, one after the other; without it once.
 * Ownership: the struct is copied. Takes `reader->user_data`, also on failure: from now on it lives
 * until `destroy` is called with it. Only with a NULL `reader`, or one whose `size` is impossible, is
 * nothing taken.
 * Threads: one at a time for one request. For those of the functions see ka_body_reader.
 * Errors: KA_INVALID_ARGUMENT when `reader` or its `read` is NULL or `length` below -1.
 */
KA_API
ka_status ka_request_set_body_reader(ka_request *request,
                                     const ka_body_reader *reader,
                                     int64_t length,
                                     ka_error **error);

/**
 * Sets a time limit of this request; 0 is no limit.
 * Ownership: nothing is kept.
 * Threads: one at a time for one request.
 * Errors: KA_INVALID_ARGUMENT when `which` is no ka_timeout.
 */
KA_API
ka_status ka_request_set_timeout(ka_request *request,
                                 ka_timeout which,
                                 uint64_t limit_ms,
                                 ka_error **error);

/**
 * Gives the request an option of its own, in place of the client's: "auth", "redirect",
 * "redirect_downgrade", "sensitive_headers" (in addition to the client's), "proxy", "no_proxy",
 * "proxy_headers", "unix_socket", "local_address", "interface", "connect_to", "tls_verify",
 * "tls_verify_host", "ca_file", "ca_dir", "ca_only", "client_cert_file", "client_key_file",
 * "client_key_password", "tls_min_version", "tls_max_version", "tls_server_name", "tls_pins", "decode",
 * "min_speed", "min_speed_time" (milliseconds) or "max_speed", each as the field of that name in
 * ka_client_options; flags are "true" or "false", numbers are decimal. `value` NULL: as the client's;
 * empty: none. Requests with other TLS options never share a connection or a session.
 * Ownership: inputs are copied.
 * Threads: one at a time for one request.
 * Errors: KA_INVALID_ARGUMENT names the option and what is wrong with it; the request is then
 * unchanged.
 */
KA_API
ka_status ka_request_set_option(ka_request *request,
                                const char *name,
                                const char *value,
                                ka_error **error);

/**
 * Gives the request an option of its own, from texts with their lengths. A `value` whose pointer is NULL
 * means: as the client has it.
 * Ownership: inputs are copied.
 * Threads: one at a time for one request.
 * Errors: as ka_request_set_option.
 */
KA_API
ka_status ka_request_set_option_str(ka_request *request,
                                    ka_str name,
                                    ka_str value,
                                    ka_error **error);

/**
 * Whether gzip, deflate, br and zstd bodies of the response are decoded, and asked for with
 * Accept-Encoding unless the request has that field: KA_DECODE_ALL or KA_DECODE_NONE, which hands them
 * out as they came. Default: as the client's option decode, which is no.
 * Ownership: nothing is kept.
 * Threads: one at a time for one request.
 * Errors: KA_INVALID_ARGUMENT when `request` is NULL.
 */
KA_API
ka_status ka_request_set_decode(ka_request *request,
                                bool decode,
                                ka_error **error);

/**
 * Leaves out a field that the request would get by default: "User-Agent", "Accept-Encoding", or the
 * "Authorization" of the URL's userinfo. A field that is added by name is sent all the same.
 * Ownership: `name` is copied.
 * Threads: one at a time for one request.
 * Errors: KA_INVALID_HEADER for "Host", "Content-Length" and "Transfer-Encoding", without which the
 * message has no host or no end, and for what is no name.
 */
KA_API ka_status ka_request_omit_header(ka_request *request, const char *name, ka_error **error);

/**
 * Leaves out a field that the request would get by default, whose name comes with its length.
 * Ownership: `name` is copied.
 * Threads: one at a time for one request.
 * Errors: as ka_request_omit_header.
 */
KA_API ka_status ka_request_omit_header_str(ka_request *request, ka_str name, ka_error **error);

/**
 * Sends `target` as the request target (RFC 9112 3.2) in place of the URL's path and query, byte for
 * byte: nothing is encoded and no dot segment removed, as signed URLs and keys of object stores want it;
 * "*" for OPTIONS. The connection is the URL's. A redirect does not inherit it.
 * Ownership: `target` is copied.
 * Threads: one at a time for one request.
 * Errors: KA_INVALID_ARGUMENT names the byte that cannot be in a target (only visible ASCII can, without
 * "#") and its place; also for CONNECT, whose target is in its URL. The request is then unchanged.
 */
KA_API
ka_status ka_request_set_raw_target(ka_request *request,
                                    const char *target,
                                    ka_error **error);

/**
 * Sends `target`, a text with its length, as the request target in place of the URL's path and query,
 * byte for byte.
 * Ownership: `target` is copied.
 * Threads: one at a time for one request.
 * Errors: as ka_request_set_raw_target.
 */
KA_API
ka_status ka_request_set_raw_target_str(ka_request *request,
                                        ka_str target,
                                        ka_error **error);

/**
 * Whether redirects (301, 302, 303, 307, 308) are followed. Default: as option `redirect` of the client
 * says. ka_request_set_option with "redirect" can make them errors, too.
 * Ownership: nothing is kept.
 * Threads: one at a time for one request.
 * Errors: KA_INVALID_ARGUMENT when `request` is NULL.
 */
KA_API
ka_status ka_request_set_follow_redirects(ka_request *request,
                                          bool follow,
                                          ka_error **error);

/**
 * Whether the event of this request, when it is submitted, comes with the head of the response
 * instead of with its whole body, which ka_response_submit_read then fetches in pieces. Default: no.
 * Ownership: nothing is kept.
 * Threads: one at a time for one request.
 * Errors: KA_INVALID_ARGUMENT when `request` is NULL.
 */
KA_API
ka_status ka_request_set_stream_response(ka_request *request,
                                         bool stream,
                                         ka_error **error);

/**
 * Frees a request. It may have been submitted: what runs is not affected.
 * Ownership: takes `request`; NULL is fine.
 * Threads: any, once.
 * Errors: none.
 */
KA_API void ka_request_free(ka_request *request);

/**
 * Makes an empty form, with a boundary of 128 random bits.
 * Ownership: on KA_OK `*multipart` is owned: ka_request_set_multipart or ka_multipart_free.
 * Threads: any.
 * Errors: KA_INTERNAL when the system has no random numbers.
 */
KA_API ka_status ka_multipart_new(ka_multipart **multipart, ka_error **error);

/**
 * Appends a plain field. Line ends of name and value become CRLF, and what could end the name is escaped
 * (WHATWG HTML, multipart/form-data encoding algorithm).
 * Ownership: inputs are copied.
 * Threads: one at a time for one form.
 * Errors: KA_INVALID_ARGUMENT for NULL, and for what is not UTF-8.
 */
KA_API
ka_status ka_multipart_add_field(ka_multipart *multipart,
                                 const char *name,
                                 const char *value,
                                 ka_error **error);

/**
 * Appends the file at `path`. `filename` NULL is the last part of `path`, `content_type` NULL is
 * application/octet-stream. The file is opened and read when the form is sent, with the length it has now.
 * Ownership: inputs are copied.
 * Threads: one at a time for one form.
 * Errors: KA_INVALID_ARGUMENT when there is no such file, it is a directory or may not be read
 * (ka_error_os_errno), for a text that is not UTF-8 and a media type with line ends; the form is then
 * unchanged. When it is sent: as ka_request_set_body_file.
 */
KA_API
ka_status ka_multipart_add_file(ka_multipart *multipart,
                                const char *name,
                                const char *path,
                                const char *filename,
                                const char *content_type,
                                ka_error **error);

/**
 * Appends `len` bytes at `data` as a file, or with `filename` NULL as a field of any content.
 * `content_type` NULL is application/octet-stream for a file, none for a field.
 * Ownership: inputs are copied.
 * Threads: one at a time for one form.
 * Errors: KA_INVALID_ARGUMENT for NULL, a text that is not UTF-8 and a media type with line ends.
 */
KA_API
ka_status ka_multipart_add_bytes(ka_multipart *multipart,
                                 const char *name,
                                 const char *filename,
                                 const char *content_type,
                                 const uint8_t *data,
                                 size_t len,
                                 ka_error **error);

/**
 * Appends what the functions of `reader` produce while the form is sent, `length` bytes, or -1 when only
 * its end tells: the form then goes in chunks. `filename` and `content_type` as in
 * ka_multipart_add_bytes. A form can be sent again when all its readers have `rewind`. KA_READ_LATER is not
 * for a reader in a form: it fails the request.
 * Ownership: the struct is copied. Takes `reader->user_data`, also on failure, as
 * ka_request_set_body_reader does: `destroy` is called with it exactly once.
 * Threads: one at a time for one form. For those of the functions see ka_body_reader.
 * Errors: KA_INVALID_ARGUMENT when `reader` or its `read` is NULL, or `length` below -1; as
 * ka_multipart_add_bytes. When it is sent: KA_BODY_LENGTH_MISMATCH.
 */
KA_API
ka_status ka_multipart_add_reader(ka_multipart *multipart,
                                  const char *name,
                                  const char *filename,
                                  const char *content_type,
                                  const ka_body_reader *reader,
                                  int64_t length,
                                  ka_error **error);

/**
 * Makes a form the body of a request, in place of an earlier one, and its type the Content-Type, with
 * Content-Length when all its parts have a length.
 * Ownership: takes `multipart`, also on failure.
 * Threads: one at a time for one request and one form.
 * Errors: KA_INVALID_HEADER when the request has a Content-Type; KA_INVALID_ARGUMENT for NULL.
 */
KA_API
ka_status ka_request_set_multipart(ka_request *request,
                                   ka_multipart *multipart,
                                   ka_error **error);

/**
 * Frees a form that no request took, with its readers.
 * Ownership: takes `multipart`; NULL is fine.
 * Threads: any, once.
 * Errors: none.
 */
KA_API void ka_multipart_free(ka_multipart *multipart);

/**
 * Makes an empty jar of cookies.
 * Ownership: on KA_OK `*cookies` is owned: ka_cookies_free.
 * Threads: any; the jar may be used by many at once. A forked child has a copy of it.
 * Errors: KA_INVALID_ARGUMENT.
 */
KA_API ka_status ka_cookies_new(ka_cookies **cookies, ka_error **error);

/**
 * Puts a cookie into the jar as if the server at `url` had set it: `set_cookie` is the value of a
 * Set-Cookie field, such as "name=value; Path=/; Max-Age=3600". One that is over removes that cookie.
 * Ownership: inputs are copied.
 * Threads: any.
 * Errors: KA_INVALID_ARGUMENT says why the cookie is refused (a public suffix, Secure over plain http, a
 * name and value of more than 4096 bytes, ...).
 */
KA_API
ka_status ka_cookies_add(const ka_cookies *cookies,
                         const char *url,
                         const char *set_cookie,
                         ka_error **error);

/**
 * Puts a cookie into the jar as if the server at `url` had set it, from texts with their lengths: such as
 * views of a response's URL and Set-Cookie field.
 * Ownership: inputs are copied.
 * Threads: any.
 * Errors: as ka_cookies_add.
 */
KA_API
ka_status ka_cookies_add_str(const ka_cookies *cookies,
                             ka_str url,
                             ka_str set_cookie,
                             ka_error **error);

/**
 * Calls `function` for each cookie that a request to `url` would have, in the order in which they are
 * sent; with a `url` whose pointer is NULL for all cookies of the jar, the oldest first. `*count` is how many it was
 * called for.
 * Ownership: all stays the caller's; `user_data` is handed to the function.
 * Threads: any. The function runs on this thread and may call this library, with this jar too: it is
 * shown the cookies that there were at the beginning. It ends by returning: see "Leaving" at the head
 * of this file.
 * Errors: KA_INVALID_ARGUMENT for a `url` without a host.
 */
KA_API
ka_status ka_cookies_each(const ka_cookies *cookies,
                          ka_str url,
                          ka_cookie_fn function,
                          void *user_data,
                          size_t *count,
                          ka_error **error);

/**
 * Removes the cookies of that domain, path and name; one of them whose pointer is NULL stands for any, so
 * that three such empty the jar. `*count` is how many were removed.
 * Ownership: inputs stay the caller's.
 * Threads: any.
 * Errors: KA_INVALID_ARGUMENT.
 */
KA_API
ka_status ka_cookies_remove(const ka_cookies *cookies,
                            ka_str domain,
                            ka_str path,
                            ka_str name,
                            size_t *count,
                            ka_error **error);

/**
 * Writes all cookies of the jar to a file, those that end with the jar too. The file is replaced when the
 * new one is whole, and made for its owner alone: whoever reads it can act for its owner. `format` is a
 * ka_cookie_format.
 * Ownership: inputs stay the caller's.
 * Threads: any; it waits for the disk.
 * Errors: KA_INVALID_ARGUMENT names the file and what the system says, or an unknown format.
 */
KA_API
ka_status ka_cookies_save(const ka_cookies *cookies,
                          const char *path,
                          ka_cookie_format format,
                          ka_error **error);

/**
 * Writes all cookies of the jar to a file whose path comes with its length.
 * Ownership: inputs stay the caller's.
 * Threads: any; it waits for the disk.
 * Errors: as ka_cookies_save.
 */
KA_API
ka_status ka_cookies_save_str(const ka_cookies *cookies,
                              ka_str path,
                              ka_cookie_format format,
                              ka_error **error);

/**
 * Adds the cookies of a file to the jar: in either form of ka_cookie_format, also as curl, wget, Playwright
 * and tough-cookie write them. `*count` is how many; what is over, and what no jar keeps, is left out.
 * Ownership: inputs stay the caller's.
 * Threads: any; it waits for the disk.
 * Errors: KA_INVALID_ARGUMENT names the file and what the system says, or the line that is wrong; nothing
 * is added then.
 */
KA_API
ka_status ka_cookies_load(const ka_cookies *cookies,
                          const char *path,
                          size_t *count,
                          ka_error **error);

/**
 * Adds the cookies of a file, whose path comes with its length, to the jar.
 * Ownership: inputs stay the caller's.
 * Threads: any; it waits for the disk.
 * Errors: as ka_cookies_load.
 */
KA_API
ka_status ka_cookies_load_str(const ka_cookies *cookies,
                              ka_str path,
                              size_t *count,
                              ka_error **error);

/**
 * Has the cookies of a client's requests kept in `cookies` from now on. Several clients may have one jar. A
 * client has one for all its life; one of its own with option `cookies`.
 * Ownership: `cookies` stays the caller's, who may free it at once: the client goes on using the jar.
 * Threads: any.
 * Errors: KA_INVALID_ARGUMENT for NULL; KA_INVALID_STATE when the client has a jar already.
 */
KA_API
ka_status ka_client_set_cookies(ka_client *client,
                                const ka_cookies *cookies,
                                ka_error **error);

/**
 * The jar of a client, whether it is its own (option `cookies`) or was given to it.
 * Ownership: on KA_OK `*cookies` is owned, a further handle of that jar: ka_cookies_free.
 * Threads: any.
 * Errors: KA_INVALID_STATE when the client has none.
 */
KA_API ka_status ka_client_cookies(const ka_client *client, ka_cookies **cookies, ka_error **error);

/**
 * Has the cookies of this request kept in `cookies`, in place of its client's jar; NULL: none are kept
 * or sent but those of ka_request_add_cookie.
 * Ownership: `cookies` stays the caller's, who may free it at once.
 * Threads: one at a time for one request.
 * Errors: KA_INVALID_ARGUMENT when `request` is NULL.
 */
KA_API
ka_status ka_request_set_cookies(ka_request *request,
                                 const ka_cookies *cookies,
                                 ka_error **error);

/**
 * Adds a cookie to this request, beside those of its jar and in place of one of that name. It is sent to
 * the origin of the request's URL, also after redirects, and to no other; no jar keeps it. With a field
 * "Cookie" of the request's own, that alone is sent.
 * Ownership: inputs are copied.
 * Threads: one at a time for one request.
 * Errors: KA_INVALID_ARGUMENT says why it cannot be sent, such as a semicolon in its value.
 */
KA_API
ka_status ka_request_add_cookie(ka_request *request,
                                const char *name,
                                const char *value,
                                ka_error **error);

/**
 * Adds a cookie to this request, from texts with their lengths; ka_request_add_cookie tells where it is
 * sent.
 * Ownership: inputs are copied.
 * Threads: one at a time for one request.
 * Errors: as ka_request_add_cookie.
 */
KA_API
ka_status ka_request_add_cookie_str(ka_request *request,
                                    ka_str name,
                                    ka_str value,
                                    ka_error **error);

/**
 * Frees a handle of a jar. Clients and requests that have the jar go on using it.
 * Ownership: takes `cookies`; NULL is fine.
 * Threads: any, once.
 * Errors: none.
 */
KA_API void ka_cookies_free(ka_cookies *cookies);

/**
 * Has `callback` told how far the bodies of the request and of its response have come: of a download, of
 * ka_response_read and ka_response_read_all, and of what is submitted. It replaces an earlier one.
 * Ownership: takes `user_data`, also on failure: it lives until `destroy` is called with it, once, after
 * the last call of `callback`: when the request is freed or has got another one, and the calls and
 * responses that it is for have ended. `destroy` may be NULL.
 * Threads: one at a time for one request. `callback` runs on the thread of a blocking call or read, else
 * on the engine's, where it must not block and calls of this library that wait are refused
 * (KA_INVALID_STATE); for a request that is sent several times at once, on several threads at once. It
 * ends by returning: see "Leaving" at the head of this file. `destroy` runs on any of these threads.
 * Errors: KA_INVALID_ARGUMENT for a NULL `request` or `callback`.
 */
KA_API
ka_status ka_request_set_progress(ka_request *request,
                                  ka_progress_fn callback,
                                  void *user_data,
                                  ka_destroy_fn destroy,
                                  ka_error **error);

/**
 * The status code, 100 to 999.
 * Ownership: `response` stays the caller's.
 * Threads: one at a time for one response.
 * Errors: 0 when `response` is NULL.
 */
KA_API uint16_t ka_response_status(const ka_response *response);

/**
 * The reason phrase as sent; it may be empty.
 * Ownership: a view, valid until ka_response_free.
 * Threads: one at a time for one response.
 * Errors: an empty view when `response` is NULL.
 */
KA_API ka_str ka_response_reason(const ka_response *response);

/**
 * The HTTP version of the response: 10 for 1.0, 11 for 1.1.
 * Ownership: `response` stays the caller's.
 * Threads: one at a time for one response.
 * Errors: 0 when `response` is NULL.
 */
KA_API int32_t ka_response_version(const ka_response *response);

/**
 * The URL the response is from, after redirects: without userinfo, with the fragment of the
 * request or of the last Location that had one (RFC 9110 10.2.2).
 * Ownership: a view, valid until ka_response_free.
 * Threads: one at a time for one response.
 * Errors: an empty view when `response` is NULL.
 */
KA_API ka_str ka_response_url(const ka_response *response);

/**
 * The number of header fields.
 * Ownership: `response` stays the caller's.
 * Threads: one at a time for one response.
 * Errors: 0 when `response` is NULL.
 */
KA_API size_t ka_response_header_count(const ka_response *response);

/**
 * One header field, from 0, in the order, case and number they came in.
 * Ownership: `*name` and `*value` are views, valid until ka_response_free.
 * Threads: one at a time for one response.
 * Errors: KA_INVALID_ARGUMENT when `index` is not below ka_response_header_count.
 */
KA_API
ka_status ka_response_header_at(const ka_response *response,
                                size_t index,
                                ka_str *name,
                                ka_str *value);

/**
 * The first header field of a name, compared without regard to case; false when there is none.
 * `value` may be NULL.
 * Ownership: `*value` is a view, valid until ka_response_free; an empty one on false.
 * Threads: one at a time for one response.
 * Errors: false when `response` or `name` is NULL.
 */
KA_API bool ka_response_header(const ka_response *response, const char *name, ka_str *value);

/**
 * The first header field of a name that comes with its length, compared without regard to case; false
 * when there is none. `value` may be NULL.
 * Ownership: `*value` is a view, valid until ka_response_free; an empty one on false.
 * Threads: one at a time for one response.
 * Errors: false when `response` is NULL.
 */
KA_API
bool ka_response_header_str(const ka_response *response,
                            ka_str name,
                            ka_str *value);

/**
 * The number of trailer fields: known once the body has been read to its end, 0 before.
 * Ownership: `response` stays the caller's.
 * Threads: one at a time for one response.
 * Errors: 0 when `response` is NULL.
 */
KA_API size_t ka_response_trailer_count(const ka_response *response);

/**
 * One trailer field, from 0, in the order they came in.
 * Ownership: `*name` and `*value` are views, valid until ka_response_free.
 * Threads: one at a time for one response.
 * Errors: KA_INVALID_ARGUMENT when `index` is not below ka_response_trailer_count.
 */
KA_API
ka_status ka_response_trailer_at(const ka_response *response,
                                 size_t index,
                                 ka_str *name,
                                 ka_str *value);

/**
 * Reads up to `capacity` bytes of the body, waiting on this thread for at least one. `*count` 0 is
 * the verified end: a body that was cut off is an error, never an end.
 * Ownership: the bytes are copied to `buffer`.
 * Threads: any, one at a time for one response.
 * Errors: KA_BODY_TRUNCATED, KA_INVALID_CHUNK, KA_READ_TIMEOUT and others, after the bytes that came
 * before; KA_INVALID_STATE when nobody had read on for body_idle_timeout_ms; KA_INVALID_ARGUMENT when
 * `capacity` is 0.
 */
KA_API
ka_status ka_response_read(ka_response *response,
                           uint8_t *buffer,
                           size_t capacity,
                           size_t *count,
                           ka_error **error);

/**
 * Reads the rest of the body, waiting on this thread for its verified end.
 * Ownership: `*body` is a view, valid until the next ka_response_read_all or ka_response_free.
 * Threads: any, one at a time for one response.
 * Errors: as ka_response_read; the bytes that did come can then be read with ka_response_read. And
 * KA_BODY_TOO_LARGE beyond option max_body_size; then nothing can.
 */
KA_API ka_status ka_response_read_all(ka_response *response, ka_bytes *body, ka_error **error);

/**
 * Whether the connection had carried a response before this one.
 * Ownership: `response` stays the caller's.
 * Threads: one at a time for one response.
 * Errors: false when `response` is NULL.
 */
KA_API bool ka_response_reused(const ka_response *response);

/**
 * Writes how the exchange went, as far as it has come: connection, replays, bytes, time by phase. What the
 * body adds (`receive_ns`, `bytes_received`) is there once it has been read to its end. `size` is
 * sizeof(ka_info).
 * Ownership: the struct stays the caller's; the views in it are valid until ka_response_free.
 * Threads: one at a time for one response.
 * Errors: KA_INVALID_ARGUMENT for NULL or an impossible size.
 */
KA_API
ka_status ka_response_info(const ka_response *response,
                           ka_info *info,
                           size_t size,
                           ka_error **error);

/**
 * Tells of one of the 1xx heads that came before the response, such as 103 (Early Hints): `index` is below
 * `informational_count` of ka_info. Its fields are asked for with ka_response_informational_header_at.
 * Ownership: all stays the caller's.
 * Threads: one at a time for one response.
 * Errors: KA_INVALID_ARGUMENT when there is no such head.
 */
KA_API
ka_status ka_response_informational_at(const ka_response *response,
                                       size_t index,
                                       uint16_t *http_status,
                                       size_t *header_count,
                                       ka_error **error);

/**
 * One header field of a 1xx head, both from 0, in the order, case and number they came in.
 * Ownership: `*name` and `*value` are views, valid until ka_response_free.
 * Threads: one at a time for one response.
 * Errors: KA_INVALID_ARGUMENT when there is no such head or field.
 */
KA_API
ka_status ka_response_informational_header_at(const ka_response *response,
                                              size_t index,
                                              size_t header,
                                              ka_str *name,
                                              ka_str *value,
                                              ka_error **error);

/**
 * Frees a response. A short unread rest of the body is read by the engine to save the connection
 * (options drain_limit_size and drain_timeout_ms); a longer one costs the connection.
 * Ownership: takes `response`; NULL is fine.
 * Threads: any, once; it does not wait.
 * Errors: none.
 */
KA_API void ka_response_free(ka_response *response);

/**
 * Has `callback` decide about each redirect that is followed for the client from now on, unless its request
 * has one of its own. A client has one for all its life.
 * Ownership: `user_data` stays the caller's, and lives until the client is freed and every call on it
 * has ended.
 * Threads: any. The callback runs on the thread of ka_client_send, or for a submitted request on the
 * engine's, where it must not block and calls of this library that wait are refused (KA_INVALID_STATE); on
 * several threads at once, if several send. It ends by returning: see "Leaving" at the head of this file.
 * Errors: KA_INVALID_ARGUMENT for NULL; KA_INVALID_STATE when the client has one already.
 */
KA_API
ka_status ka_client_set_redirect_callback(ka_client *client,
                                          ka_redirect_fn callback,
                                          void *user_data,
                                          ka_error **error);

/**
 * Has `callback` decide about each redirect that is followed for this request, in place of its client's.
 * Ownership: `user_data` stays the caller's, and lives until the request is freed and every call with it
 * has ended.
 * Threads: one at a time for one request; those of the callback are as of ka_client_set_redirect_callback.
 * Errors: KA_INVALID_ARGUMENT for NULL.
 */
KA_API
ka_status ka_request_set_redirect_callback(ka_request *request,
                                           ka_redirect_fn callback,
                                           void *user_data,
                                           ka_error **error);

/**
 * The number of responses that led to this one by redirects and are still known: the last 64.
 * Ownership: `response` stays the caller's.
 * Threads: one at a time for one response.
 * Errors: 0 when `response` is NULL.
 */
KA_API size_t ka_response_history_count(const ka_response *response);

/**
 * One of the responses that led to this one, the first at 0: its status, URL, header fields and
 * ka_response_info can be asked for; it has no body.
 * Ownership: a view, valid until ka_response_free of `response`; it must not be freed.
 * Threads: one at a time for one response.
 * Errors: NULL when `response` is NULL or `index` not below ka_response_history_count.
 */
KA_API const ka_response *ka_response_history_at(const ka_response *response, size_t index);

/**
 * Has the function of `hooks` be told what happens to all requests and connections of the client from now on.
 * A client has one for all its life.
 * Ownership: the struct is copied. Takes `hooks->user_data`, also on failure: from now on it lives until
 * `destroy` is called with it. Only with NULL `hooks`, or a `size` that is impossible, is nothing taken.
 * Threads: any. For those of the function see ka_hooks.
 * Errors: KA_INVALID_ARGUMENT when `hooks` or its `hook` is NULL; KA_INVALID_STATE when the client has some
 * already.
 */
KA_API
ka_status ka_client_set_hooks(ka_client *client,
                              const ka_hooks *hooks,
                              ka_error **error);

/**
 * Has the function of `hooks` be told what happens to this request, beside that of its client. They take the
 * place of earlier ones.
 * Ownership: the struct is copied. Takes `hooks->user_data`, also on failure: from now on it lives until
 * `destroy` is called with it. Only with NULL `hooks`, or a `size` that is impossible, is nothing taken.
 * Threads: one at a time for one request. For those of the function see ka_hooks.
 * Errors: KA_INVALID_ARGUMENT when `hooks` or its `hook` is NULL.
 */
KA_API
ka_status ka_request_set_hooks(ka_request *request,
                               const ka_hooks *hooks,
                               ka_error **error);

/**
 * Writes how TLS was agreed on for the connection that a response came over. `size` is
 * sizeof(ka_tls_info).
 * Ownership: the struct stays the caller's; the views in it are valid until ka_response_free.
 * Threads: one at a time for one response.
 * Errors: KA_INVALID_STATE when the response came without TLS; KA_INVALID_ARGUMENT for NULL or an
 * impossible size.
 */
KA_API
ka_status ka_response_tls(const ka_response *response,
                          ka_tls_info *tls,
                          size_t size,
                          ka_error **error);

/**
 * Writes what one of the certificates says that the server sent: 0 is its own, others vouch for it.
 * `size` is sizeof(ka_certificate).
 * Ownership: the struct stays the caller's; the views in it are valid until ka_response_free.
 * Threads: one at a time for one response.
 * Errors: KA_INVALID_STATE when the response came without TLS; KA_INVALID_ARGUMENT for NULL, an
 * impossible size, or an `index` that is not below `certificate_count` of ka_tls_info.
 */
KA_API
ka_status ka_response_certificate(const ka_response *response,
                                  size_t index,
                                  ka_certificate *certificate,
                                  size_t size,
                                  ka_error **error);

/**
 * Makes a queue.
 * Ownership: on KA_OK `*queue` is owned: ka_queue_free.
 * Threads: any. Any thread may submit to it; one at a time waits on it.
 * Errors: KA_INTERNAL when the process has no descriptor left.
 */
KA_API ka_status ka_queue_new(ka_queue **queue, ka_error **error);

/**
 * A descriptor for poll, epoll, select and event loops: readable while events wait. It may become
 * readable once too often; taking events with timeout 0 then gives none and clears it. It is always the
 * same one.
 * Ownership: the queue's. ka_queue_free closes it, whatever is still under way: take it out of event
 * loops before. Do not read from it, write to it or close it.
 * Threads: any.
 * Errors: -1 when `queue` is NULL or of another process.
 */
KA_API
int32_t ka_queue_fd(const ka_queue *queue);

/**
 * Takes up to `capacity` events, in the order in which they came, and writes their number to `*count`.
 * Waits up to `timeout_ms` for the first: 0 does not wait, a negative number waits for ever. When the
 * time is over `*count` is 0, which is no error.
 * Ownership: the events' responses and errors are the caller's from now on.
 * Threads: one at a time for one queue.
 * Errors: KA_INVALID_ARGUMENT for NULL or a `capacity` of 0. KA_INVALID_STATE for a queue of another
 * process, and when a function of the program's on the engine's thread would wait. No event is lost then.
 */
KA_API
ka_status ka_queue_take(ka_queue *queue,
                        ka_event *events,
                        size_t capacity,
                        int32_t timeout_ms,
                        size_t *count,
                        ka_error **error);

/**
 * Takes up to `capacity` events, in the order in which they came, and returns their number: the short
 * form of ka_queue_take, for a program that has no use for its errors. Waits up to `timeout_ms` for the
 * first: 0 does not wait, a negative number waits for ever.
 * Ownership: the events' responses and errors are the caller's from now on.
 * Threads: one at a time for one queue.
 * Errors: 0, as when the time is over; at once, whatever `timeout_ms` says. ka_queue_take tells which.
 */
KA_API
size_t ka_queue_wait(ka_queue *queue,
                     ka_event *events,
                     size_t capacity,
                     int32_t timeout_ms);

/**
 * Frees a queue and closes its descriptor. Events that wait in it are dropped, those of requests under
 * way never come; the requests run on to their end unless they are cancelled. A forked child closes its
 * copy of the descriptor only: the parent's queue goes on.
 * Ownership: takes `queue`; NULL is fine. The `user_data` of its events is not used any more; that of
 * a body reader is until its `destroy` is called.
 * Threads: any, once.
 * Errors: none.
 */
KA_API
void ka_queue_free(ka_queue *queue);

/**
 * Starts `request` on the engine's thread and returns at once. Exactly one event with `user_data`
 * comes to `queue`: with the whole body received, or with its head only after
 * ka_request_set_stream_response.
 * Ownership: `request` stays the caller's, and may be freed at once; `user_data` is only handed back.
 * On KA_OK `*call` is owned: ka_call_free, before or after the event. `call` may be NULL when the
 * request will not be cancelled.
 * Threads: any; many may submit to one queue.
 * Errors: bad input, a closed client, a queue of another process (KA_INVALID_STATE). Then no event
 * comes; every later failure is an event.
 */
KA_API
ka_status ka_client_submit(ka_client *client,
                           const ka_request *request,
                           ka_queue *queue,
                           void *user_data,
                           ka_call **call,
                           ka_error **error);

/**
 * Has the engine receive the next piece of the body, at most `max_size` bytes. Exactly one event with
 * `user_data` comes to `queue` and brings the response back; ka_response_read then gives the piece
 * without waiting, or 0 at the verified end. What an earlier piece has left unread is the next one.
 * Ownership: takes `response`, also on failure; do not use it until the event gives it back, perhaps
 * at another address. `queue` stays the caller's. On KA_OK `*call` is owned: ka_call_free; it is NULL
 * when the event is there already. `call` may be NULL.
 * Threads: any, one at a time for one response.
 * Errors: KA_INVALID_ARGUMENT, KA_INVALID_STATE for a queue of another process. Then no event comes
 * and the response is freed. In an event with a failure the response is given back too.
 */
KA_API
ka_status ka_response_submit_read(ka_response *response,
                                  size_t max_size,
                                  ka_queue *queue,
                                  void *user_data,
                                  ka_call **call,
                                  ka_error **error);

/**
 * Has the engine open connections to the origin of `url` until it has `count` idle ones, within the
 * caps, and returns at once. Exactly one event with `user_data` comes to `queue`, without a response;
 * its `count` is how many were opened.
 * Ownership: all stays the caller's; `url` is copied. On KA_OK `*call` is owned: ka_call_free. `call`
 * may be NULL.
 * Threads: any.
 * Errors: KA_INVALID_URL and the like, a closed client, a queue of another process. Then no event
 * comes; a dial's failure is an event.
 */
KA_API
ka_status ka_client_submit_warm(ka_client *client,
                                const char *url,
                                size_t count,
                                ka_queue *queue,
                                void *user_data,
                                ka_call **call,
                                ka_error **error);

/**
 * Has the engine open connections to the origin of `url`, a text with its length, until it has `count`
 * idle ones, within the caps, and returns at once. Exactly one event with `user_data` comes to `queue`,
 * without a response; its `count` is how many were opened.
 * Ownership: as ka_client_submit_warm.
 * Threads: any.
 * Errors: as ka_client_submit_warm.
 */
KA_API
ka_status ka_client_submit_warm_str(ka_client *client,
                                    ka_str url,
                                    size_t count,
                                    ka_queue *queue,
                                    void *user_data,
                                    ka_call **call,
                                    ka_error **error);

/**
 * Asks a call to end. What was submitted still ends in exactly one event: KA_CANCELLED, unless it was
 * faster; ka_client_send_cancellable returns KA_CANCELLED, as do later reads of its response on a
 * thread. Until then a body reader may be called; when nobody else has a submitted request, its
 * `destroy` is called before the event comes.
 * Ownership: `call` stays the caller's.
 * Threads: any, also from a function of the program's that the call runs; more than once does no harm.
 * Errors: none; NULL is fine.
 */
KA_API
void ka_call_cancel(ka_call *call);

/**
 * Has the body reader of a call go on that said KA_READ_LATER: its `read` is called again, where it was
 * called before. Before it said so it counts as well, so none is lost; without a reader that waits it does
 * nothing.
 * Ownership: `call` stays the caller's.
 * Threads: any, also from a function of the program's that the call runs; more than once does no harm.
 * Errors: none; NULL is fine.
 */
KA_API
void ka_call_resume_upload(ka_call *call);

/**
 * Frees the handle of something submitted, which runs on.
 * Ownership: takes `call`; NULL is fine.
 * Threads: any, once.
 * Errors: none.
 */
KA_API void ka_call_free(ka_call *call);

/**
 * Sends `request` as ka_client_send does, on this thread, by a call that can be ended meanwhile.
 * ka_call_cancel ends it with KA_CANCELLED, from any thread, or from a function of the program's that
 * it calls (a body reader, a progress callback); and, as long as the handle is there, what is read of
 * the response's body on a thread. ka_call_resume_upload has a body reader go on that said
 * KA_READ_LATER.
 * Ownership: `request` stays the caller's. `*call` is set before anything is waited for, by one atomic
 * store, so that others see it while this runs: they read it atomically, and find NULL until then. It is
 * owned, whatever becomes of the request: ka_call_free, when nobody uses it any more. With bad input it
 * stays NULL. On KA_OK `*response` is owned: ka_response_free.
 * Threads: any.
 * Errors: those of ka_client_send, and KA_CANCELLED.
 */
KA_API
ka_status ka_client_send_cancellable(ka_client *client,
                                     const ka_request *request,
                                     ka_call **call,
                                     ka_response **response,
                                     ka_error **error);

/**
 * Sends `request` and writes the body of the response where `options` says, on this thread. Codings are
 * not asked for (Accept-Encoding: identity) unless the request has that field. When the connection breaks,
 * the rest is asked for (Range and If-Range, RFC 9110 13.1.5) and written behind what came, if the request
 * is a GET without a Range of its own and the answer had a strong ETag, or a Last-Modified that is strong;
 * within the retry budget, as long as one of a few tries brings something. What does not fit to what came
 * is never written behind it: the body is written anew from its beginning.
 * ka_response_saved tells what was written; the response has no body then. Of a status that is not 2xx
 * nothing is written, and the body is there to read.
 * Ownership: all stays the caller's, and what is needed is copied; a descriptor is duplicated. On KA_OK
 * `*response` is owned: ka_response_free.
 * Threads: any; never two downloads to one path with `resume` (KA_INVALID_STATE).
 * Errors: as ka_client_send and ka_response_read; KA_FILE_FAILED with the system's number (ka_error_os_errno),
 * whose connection is closed; KA_RESUME_FAILED. What was written beside a path is removed then, unless
 * `resume` keeps it; what was written to a descriptor stays.
 */
KA_API
ka_status ka_client_download(ka_client *client,
                             const ka_request *request,
                             const ka_download_options *options,
                             ka_response **response,
                             ka_error **error);

/**
 * Starts a download on the engine's thread, as ka_client_download does it, and returns at once; files are
 * written on helper threads of the engine's. Exactly one event with `user_data` comes to `queue`, of the
 * kind KA_EVENT_RESPONSE.
 * Ownership: all stays the caller's, and what is needed is copied; a descriptor is duplicated. On KA_OK
 * `*call` is owned: ka_call_free. `call` may be NULL.
 * Threads: any.
 * Errors: bad input, a closed client, a queue of another process. Then no event comes; every later failure
 * is an event. After ka_call_cancel what was written beside a path is removed as on any failure, perhaps
 * after the event.
 */
KA_API
ka_status ka_client_submit_download(ka_client *client,
                                    const ka_request *request,
                                    const ka_download_options *options,
                                    ka_queue *queue,
                                    void *user_data,
                                    ka_call **call,
                                    ka_error **error);

/**
 * What was written of the body by a download: false when nothing was, such as of a status that is not 2xx.
 * Ownership: `response` stays the caller's; `*saved` is filled up to `size` bytes, when something was
 * written.
 * Threads: one at a time for one response.
 * Errors: false when `response` or `saved` is NULL or `size` is not the sizeof of a version of it.
 */
KA_API
bool ka_response_saved(const ka_response *response,
                       ka_saved *saved,
                       size_t size);

/**
 * Takes the connection of a response of 101, or of 2xx to CONNECT, with what came behind the head. It
 * leaves the client's pool, and needs neither the client nor the response any more. The limits of its
 * reads and writes are at first those of the request (stall_timeout_ms unless it has its own).
 * Ownership: `response` stays the caller's. On KA_OK `*stream` is owned: ka_stream_free.
 * Threads: any, one at a time for one response.
 * Errors: KA_INVALID_STATE names the status when the response has no stream; also the second time, in a
 * forked child, and when the server switched before it had the whole request.
 */
KA_API
ka_status ka_response_take_stream(ka_response *response,
                                  ka_stream **stream,
                                  ka_error **error);

/**
 * Reads up to `capacity` bytes, waiting on this thread for at least one; first what came with the
 * response. `*count` 0 is the end of what the peer sends, with TLS its close_notify.
 * Ownership: the bytes are copied to `buffer`.
 * Threads: any; one reads while another writes, further readers wait for their turn.
 * Errors: KA_READ_TIMEOUT when no byte came for the time of ka_stream_set_timeouts, after which it can be
 * read on; KA_CONNECTION_RESET; KA_TLS_PROTOCOL, also when TLS ended without close_notify, so that what
 * came may be cut off (RFC 8446 6.1); KA_INVALID_STATE when it is closed or of another process;
 * KA_INVALID_ARGUMENT when `capacity` is 0.
 */
KA_API
ka_status ka_stream_read(const ka_stream *stream,
                         uint8_t *buffer,
                         size_t capacity,
                         size_t *count,
                         ka_error **error);

/**
 * Writes all of `data`, waiting on this thread until the peer's side has room.
 * Ownership: `data` stays the caller's.
 * Threads: any; one writes while another reads, further writers wait for their turn. A peer that writes
 * while it does not read needs both at once.
 * Errors: KA_SEND_TIMEOUT when no byte was taken for the time of ka_stream_set_timeouts;
 * KA_CONNECTION_RESET; KA_INVALID_STATE when it is closed, shut down or of another process. How much was
 * sent before is not known.
 */
KA_API
ka_status ka_stream_write(const ka_stream *stream,
                          const uint8_t *data,
                          size_t len,
                          ka_error **error);

/**
 * Ends the sending half, waiting on this thread until what was written has left; with TLS by
 * close_notify. What the peer sends can still be read. A second time does nothing.
 * Ownership: `stream` stays the caller's.
 * Threads: any, in turn with writers.
 * Errors: as ka_stream_write.
 */
KA_API ka_status ka_stream_shutdown(const ka_stream *stream, ka_error **error);

/**
 * Closes both halves without waiting: reads and writes under way, on other threads or on the engine's,
 * end with KA_INVALID_STATE, as all later ones do. More than once does no harm.
 * Ownership: `stream` stays the caller's: ka_stream_free.
 * Threads: any, at any time before ka_stream_free.
 * Errors: none; NULL is fine.
 */
KA_API
void ka_stream_close(const ka_stream *stream);

/**
 * Sets how long a read may wait for a byte, and a write until one is taken, in milliseconds; 0 is no
 * limit. Holds from the next call on.
 * Ownership: `stream` stays the caller's.
 * Threads: any.
 * Errors: KA_INVALID_ARGUMENT when `stream` is NULL.
 */
KA_API
ka_status ka_stream_set_timeouts(const ka_stream *stream,
                                 uint64_t read_timeout_ms,
                                 uint64_t write_timeout_ms,
                                 ka_error **error);

/**
 * How many bytes ka_stream_read has without waiting and ka_stream_fd does not tell of: what came with the
 * response, and with TLS what has been decrypted.
 * Ownership: `stream` stays the caller's.
 * Threads: any.
 * Errors: 0 when `stream` is NULL or of another process.
 */
KA_API
size_t ka_stream_pending(const ka_stream *stream);

/**
 * The descriptor, for poll, epoll and select; it is non-blocking. Without TLS it is readable when
 * ka_stream_read would not wait, unless ka_stream_pending tells of bytes that are here already; with TLS
 * what came may be part of a record or no data, for which ka_stream_read then waits. Event loops are
 * better served by ka_stream_submit_read.
 * Ownership: the stream's, until ka_stream_free. Do not read from it, write to it or close it.
 * Threads: any.
 * Errors: -1 when `stream` is NULL, closed or of another process.
 */
KA_API
int32_t ka_stream_fd(const ka_stream *stream);

/**
 * Has the engine wait for bytes, and receive at most `max_size` of them ahead of their reader. Exactly one
 * event of kind KA_EVENT_STREAM_READ with `user_data` comes to `queue`; its `count` is how many bytes
 * ka_stream_read then has without waiting, 0 at the end.
 * Ownership: all stays the caller's. On KA_OK `*call` is owned: ka_call_free. `call` may be NULL. A read
 * that is cancelled loses nothing. ka_stream_free ends it with KA_INVALID_STATE.
 * Threads: any; readers on threads wait until its event has come.
 * Errors: KA_INVALID_ARGUMENT, KA_INVALID_STATE for a queue of another process. Then no event comes;
 * what else fails ka_stream_read is in the event.
 */
KA_API
ka_status ka_stream_submit_read(const ka_stream *stream,
                                size_t max_size,
                                ka_queue *queue,
                                void *user_data,
                                ka_call **call,
                                ka_error **error);

/**
 * Has the engine write all of `data`. Exactly one event of kind KA_EVENT_STREAM_WRITE with `user_data`
 * comes to `queue` when it has been written; what is to follow it is submitted then.
 * Ownership: `data` is copied. On KA_OK `*call` is owned: ka_call_free. `call` may be NULL. A write that is
 * cancelled may have sent some of it. ka_stream_free ends it with KA_INVALID_STATE.
 * Threads: any; writers on threads wait until its event has come.
 * Errors: KA_INVALID_ARGUMENT, KA_INVALID_STATE for a queue of another process. Then no event comes;
 * what else fails ka_stream_write is in the event.
 */
KA_API
ka_status ka_stream_submit_write(const ka_stream *stream,
                                 const uint8_t *data,
                                 size_t len,
                                 ka_queue *queue,
                                 void *user_data,
                                 ka_call **call,
                                 ka_error **error);

/**
 * Has the engine end the sending half, as ka_stream_shutdown does. Exactly one event of kind
 * KA_EVENT_STREAM_WRITE with `user_data` comes to `queue`.
 * Ownership: all stays the caller's. On KA_OK `*call` is owned: ka_call_free. `call` may be NULL.
 * Threads: any; writers on threads wait until its event has come.
 * Errors: as ka_stream_submit_write.
 */
KA_API
ka_status ka_stream_submit_shutdown(const ka_stream *stream,
                                    ka_queue *queue,
                                    void *user_data,
                                    ka_call **call,
                                    ka_error **error);

/**
 * Closes and frees a stream. What ka_stream_write took is still sent as far as the system has it; a
 * forked child frees its copy only, and the parent's goes on.
 * Ownership: takes `stream`; NULL is fine.
 * Threads: any, once, when no other call uses it: ka_stream_close ends those that wait.
 * Errors: none.
 */
KA_API void ka_stream_free(ka_stream *stream);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* KEEPALIVE_H */
