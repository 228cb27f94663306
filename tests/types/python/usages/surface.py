"""What the other files leave out of the surface: facts, counters, streams, names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Literal, assert_type

import urllib3
import urllib3.connection

import libkeepalive
import libkeepalive.urllib3
from libkeepalive import (
    AsyncClient,
    AsyncStream,
    AsyncUpgradedStream,
    Auth,
    Certificate,
    Client,
    Cookies,
    EventSource,
    Headers,
    Info,
    OriginStats,
    Request,
    Response,
    Saved,
    ServerSentEvent,
    Stats,
    Stream,
    Timeout,
    Timings,
    TlsInfo,
    UpgradedStream,
)
from libkeepalive.testing import ASGITransport, Answer, MockTransport, WSGITransport


def right_info(info: Info) -> None:
    assert_type(info.connection_id, int)
    assert_type(info.requests, int)
    assert_type(info.pipelined, bool)
    assert_type(info.replays, int)
    assert_type(info.replay_reason, str | None)
    assert_type(info.retries, int)
    assert_type(info.redirects, int)
    assert_type(info.hedged and info.hedge_won, bool)
    assert_type(info.bytes_sent + info.bytes_received, int)
    assert_type(info.local_address, str | None)


def right_timings(timings: Timings) -> None:
    assert_type(timings.queued + timings.stalled + timings.resolve + timings.connect, float)
    assert_type(timings.tls + timings.send + timings.wait + timings.receive, float)


def right_tls(tls: TlsInfo, certificate: Certificate) -> None:
    assert_type(tls.version, str)
    assert_type(tls.cipher, str)
    assert_type(tls.group, str | None)
    assert_type(tls.alpn, str | None)
    assert_type(tls.resumed, bool)
    assert_type(tls.early, bool)
    assert_type(tls.chain, list[bytes])
    assert_type(certificate.subject + certificate.issuer + certificate.serial + certificate.pin, str)
    assert_type(certificate.names, list[str])
    assert_type(certificate.not_before, datetime)
    assert_type(certificate.not_after, datetime)


def right_counters(stats: Stats, origin: OriginStats) -> None:
    assert_type(stats.pipelined + stats.stale + stats.replayed + stats.retried + stats.hedged, int)
    assert_type(stats.stuck_lookups + stats.waiting + stats.idle + stats.active + stats.dialing, int)
    assert_type(origin.origin, str)
    assert_type(origin.waiting + origin.idle + origin.active + origin.dialing, int)
    assert_type(origin.idle_limit_source, Literal["option", "hint", "learnt"])
    assert_type(origin.breaker, Literal["closed", "open", "half_open"])


def right_kinds_of_responses(response: Response) -> None:
    assert_type(response.reason, str)
    assert_type(response.is_informational or response.is_redirect, bool)
    assert_type(response.is_client_error or response.is_server_error, bool)
    assert_type(response.has_redirect_location, bool)
    assert_type(response.charset_encoding, str | None)
    response.encoding = "latin-1"


def right_saved(saved: Saved) -> None:
    assert_type(saved.bytes + saved.kept + saved.resumes, int)


def right_streams_have_types(client: Client, tasks: AsyncClient) -> None:
    assert_type(client.stream("GET", "/"), Stream)
    assert_type(tasks.stream("GET", "/"), AsyncStream)


def right_an_upgraded_stream(stream: UpgradedStream) -> None:
    stream.shutdown()
    assert_type(stream.gettimeout(), float | None)
    assert_type(stream.fileno(), int)
    assert_type(stream.pending(), int)


async def right_an_upgraded_stream_of_a_task(stream: AsyncUpgradedStream) -> None:
    await stream.wait_send_all_might_not_block()
    await stream.write(b"a")
    await stream.send_eof()
    assert_type(await stream.read(10), bytes)
    assert_type(stream.fileno(), int)


def right_events(events: EventSource, event: ServerSentEvent) -> None:
    assert_type(events.iter_sse(), Iterator[ServerSentEvent])
    assert_type(events.aiter_sse(), AsyncIterator[ServerSentEvent])
    assert_type(event.event + event.id, str)


def right_mappings(headers: Headers, cookies: Cookies) -> None:
    assert_type(headers.keys(), list[str])
    assert_type(headers.values(), list[str])
    assert_type(headers.items(), list[tuple[str, str]])
    assert_type(headers.popitem(), tuple[str, str])
    headers.clear()
    cookies.clear(domain="h")


def right_limits(timeout: Timeout) -> None:
    for limit in (timeout.connect, timeout.write, timeout.pool, timeout.total):
        print(limit is None or limit is ...)


def right_flow(auth: Auth) -> None:
    assert_type(auth.requires_request_body, bool)
    assert_type(auth.requires_response_body, bool)
    assert_type(next(auth.auth_flow(Request("GET", "http://h/"))), Request)


def right_groups_of_statuses() -> None:
    assert_type(libkeepalive.codes.get_reason_phrase(404), str)
    assert_type(libkeepalive.codes.is_informational(100), bool)
    assert_type(libkeepalive.codes.is_redirect(302), bool)
    assert_type(libkeepalive.codes.is_client_error(404), bool)
    assert_type(libkeepalive.codes.is_server_error(500), bool)


async def right_what_answers(mock: MockTransport, wsgi: WSGITransport, asgi: ASGITransport) -> None:
    request = Request("GET", "http://h/")
    assert_type(mock(request), Response)
    assert_type(wsgi(request), Response)
    assert_type(await mock.asend(request), Response)
    assert_type(await asgi.asend(request), Response)
    assert_type(wsgi.in_thread, bool)
    answer = Answer(reason="Fine", chunked=True, chunk_size=3, interval=0.1, truncate=5, drop=False)
    assert_type(answer.delay, float)
    assert_type(answer.chunked or answer.drop, bool)
    assert_type(answer.chunk_size or answer.truncate, int | None)
    assert_type(answer.reason, str)
    print(answer.interval)


def right_pools_of_urllib3() -> None:
    pool: urllib3.HTTPConnectionPool = libkeepalive.urllib3.HTTPConnectionPool("h", 80)
    secure: urllib3.HTTPSConnectionPool = libkeepalive.urllib3.HTTPSConnectionPool("h", 443)
    connection: urllib3.connection.HTTPConnection = libkeepalive.urllib3.HTTPConnection("h")
    other: urllib3.connection.HTTPConnection = libkeepalive.urllib3.HTTPSConnection("h")
    print(pool, secure, connection, other)


def wrong_facts_are_not_set(info: Info, stats: Stats, saved: Saved) -> None:
    info.reused = False  # error: misc / reportAttributeAccessIssue
    stats.opened = 0  # error: misc / reportAttributeAccessIssue
    saved.bytes = 0  # error: misc / reportAttributeAccessIssue


def wrong_classes_below(wanted: str) -> None:
    class Below(Response):  # error: misc / reportGeneralTypeIssues
        pass

    print(Below, wanted)


def wrong_comparison(timeout: Timeout) -> None:
    print(timeout.connect + 1)  # error: operator / reportOperatorIssue
