"""Responses of the engine as aiohttp's ``ClientResponse``: what stands for its protocol and transport, and the task
that feeds its stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import ClientRequest, ClientResponse, ClientResponseError, HttpVersion10, HttpVersion11
from aiohttp.base_protocol import BaseProtocol
from aiohttp.client_exceptions import ClientConnectionError, ClientPayloadError
from aiohttp.connector import Connection
from aiohttp.helpers import set_exception
from aiohttp.http_exceptions import ContentEncodingError
from aiohttp.http_parser import DeflateBuffer, RawResponseMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from multidict import CIMultiDict, CIMultiDictProxy, istr

from .._errors import _Failure
from .._native import _body_at_once, _utf8_head
from . import aiohttp_errors
from .names import Names

if TYPE_CHECKING:
    from .._native import Response
    from .aiohttp_upload import Writer

_CODINGS = frozenset(("gzip", "deflate", "br", "zstd"))
#: A name that long, or a head as long as one field may be, has its fields looked at one by one.
_NAME = 256
#: Bytes of a status line beside its reason.
_STATUS_LINE = len("HTTP/1.1 200 ")
#: No body whatever their fields say (RFC 9110 15.3.5, 15.4.5).
_EMPTY = frozenset((204, 304))


class Limits(NamedTuple):
    """What aiohttp tells its connections of a request, and not its middlewares."""

    timeout: Any
    auto_decompress: bool
    read_bufsize: int
    max_line_size: int
    max_field_size: int
    max_headers: int


#: In the form that multidict compares fastest.
_names = Names(lambda raw: istr(raw.decode()))


class _Transport:
    """What a connection tells of itself."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """``peername`` and ``sockname``; nothing else is told of a connection of the engine's."""
        response = self._protocol.response
        if response is None or name not in ("peername", "sockname"):
            return default
        info = response.info
        address = info.peer_address if name == "peername" else info.local_address
        if address is None:
            return default
        host, _, port = address.rpartition(":")
        return (host.strip("[]"), int(port)) if port.isdigit() else address

    def is_closing(self) -> bool:
        """Whether nothing more comes from it."""
        return self._protocol.transport is None

    def close(self) -> None:
        """Ends it, as if the connection had been lost."""
        protocol = self._protocol
        if protocol.head is not None and not protocol.head[1].is_eof():
            lost = ClientPayloadError("Response payload is not completed: the transport was closed")
            set_exception(protocol.head[1], lost)
        protocol.close()

    abort = close


class Protocol(BaseProtocol):
    """What connector, ``ClientResponse`` and ``StreamReader`` ask of a protocol. To the connector it is a
    connection in use, which counts in its limits and is closed with it."""

    __slots__ = ("connector", "head", "key", "pump", "response", "room")

    upgraded = False
    #: For the connector: the engine's pool keeps what can be kept.
    should_close = True
    closed = None

    def __init__(self, loop: asyncio.AbstractEventLoop, connector: Any, key: Any) -> None:
        super().__init__(loop)
        self.connector = connector
        #: Where the connector counts by host.
        self.key = key
        self.response: Response | None = None
        self.head: tuple[Any, Any] | None = None
        self.pump: asyncio.Task[None] | None = None
        self.room: asyncio.Event | None = None
        self.transport: Any = None

    def connection(self, request: ClientRequest) -> Connection:
        """aiohttp's connection around it, for a response whose body is on the way."""
        self.transport = _Transport(self)
        itself: Any = self
        return Connection(self.connector, request.connection_key, itself, request.loop)

    def release(self) -> None:
        """Gives up its place in the connector's limits."""
        self.connector._release_acquired(self.key, self)

    def is_connected(self) -> bool:
        """Whether it was not given back."""
        return self.transport is not None

    async def read(self) -> tuple[Any, Any]:
        """The head, and the stream of the body."""
        assert self.head is not None
        return self.head

    def close(self) -> None:
        """Gives the connection back; the engine keeps it if little of the body is left."""
        self.transport = None
        head, self.head = self.head, None
        if self.pump is not None:
            self.pump.cancel()
            self.pump = None
            if head is not None and head[1]._waiter is not None:
                # Whoever reads while the session is closed is told.
                set_exception(head[1], ClientConnectionError("Connection closed"))
        if self.response is not None:
            self.response.close()

    abort = close

    def pause_reading(self) -> None:
        """The stream is full."""
        self._reading_paused = True
        if self.room is None:
            self.room = asyncio.Event()
        self.room.clear()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """There is room in it again."""
        self._reading_paused = False
        if self.room is not None:
            self.room.set()


def made(
    request: ClientRequest,
    response: Response,
    limits: Limits,
    writer: Writer | None,
    protocol: Protocol,
) -> ClientResponse | None:
    """The ``ClientResponse`` of a head that came with its body; ``None`` when that is still on the way, for
    ``started()``. A head that is larger than aiohttp's parser takes is refused."""
    status, is_newest, reason, fields, raw, length = _utf8_head(response, _names)
    if (
        len(raw) > limits.max_headers
        or len(reason) > limits.max_line_size - _STATUS_LINE
        or length > limits.max_field_size - _NAME
    ):
        _check(request, reason, raw, limits)
    version = HttpVersion11 if is_newest else HttpVersion10
    headers = CIMultiDictProxy(CIMultiDict(fields))
    payload = _payload(request, response, status, headers, limits, protocol)
    session: Any = request._session
    request.response = result = request.response_class(
        request.method,
        request.original_url,
        writer=None,
        continue100=None,
        timer=request._timer,
        request_info=request.request_info,
        traces=request._traces,
        loop=request.loop,
        session=session,
        stream_writer=writer if writer is not None else _NOTHING_WRITTEN,
    )
    if payload.is_eof() and type(result).start is ClientResponse.start:
        # As it leaves a response whose body has ended already.
        result.version = version
        result.status = status
        result.reason = reason
        result._headers = headers
        result._raw_headers = raw
        result.content = payload
        result._session = None
        if cookies := headers.getall("Set-Cookie", ()):
            result._raw_cookie_headers = tuple(cookies)
        protocol.release()
        return result
    message = RawResponseMessage(
        version, status, reason, headers, raw, False, None, False, False
    )
    protocol.head = (message, payload)
    return None


async def started(request: ClientRequest, protocol: Protocol) -> ClientResponse:
    """The same of one whose body is on the way."""
    result = request.response
    assert result is not None
    connection = protocol.connection(request)
    try:
        await result.start(connection)
    except BaseException:
        connection.close()
        raise
    return result


class _Nothing:
    output_size = 0


_NOTHING_WRITTEN: Any = _Nothing()


def _check(
    request: ClientRequest, reason: str, fields: tuple[tuple[bytes, bytes], ...], limits: Limits
) -> None:
    text = ""
    if len(reason) > limits.max_line_size - _STATUS_LINE:
        text = f"Got more than {limits.max_line_size} bytes when reading the status line."
    elif len(fields) > limits.max_headers:
        text = "Too many headers received"
    else:
        for name, value in fields:
            if len(name) + len(value) > limits.max_field_size:
                text = f"Got more than {limits.max_field_size} bytes when reading: {name!r}."
                break
    if text:
        raise ClientResponseError(request.request_info, (), status=400, message=text)


def _payload(
    request: ClientRequest,
    response: Response,
    status: int,
    headers: CIMultiDictProxy[str],
    limits: Limits,
    protocol: Protocol,
) -> Any:
    """The stream of the body, and a task that fills it if not all of it is here."""
    if request.method == "HEAD" or status in _EMPTY:
        response.close()
        return EMPTY_PAYLOAD
    stream = StreamReader(protocol, limits.read_bufsize, timer=request._timer, loop=request.loop)
    sink: Any = stream
    coding = headers.get("Content-Encoding")
    if coding and limits.auto_decompress and (coding := coding.lower()) in _CODINGS:
        if headers.get("Content-Length") == "0" and "Transfer-Encoding" not in headers:
            response.close()
            stream.feed_eof()
            return stream
        try:
            sink = DeflateBuffer(stream, coding)
        except ContentEncodingError as error:
            raise ClientResponseError(
                request.request_info, (), status=400, message=error.message
            ) from error
    elif (body := _body_at_once(response)) is not None:
        stream.feed_data(body)
        stream.feed_eof()
        return stream
    pieces: Any = response.aiter_raw()
    protocol.pump = request.loop.create_task(
        _pump(pieces.__anext__(), pieces, sink, stream, protocol)
    )
    return stream


async def _pump(
    first: Any, pieces: Any, sink: Any, stream: StreamReader, protocol: Protocol
) -> None:
    """Feeds the stream as far as it has room."""
    try:
        while True:
            piece = await first
            more = sink.feed_data(piece, len(piece))
            while more or protocol._reading_paused:
                if protocol.room is not None:
                    await protocol.room.wait()
                if more:
                    more = sink.feed_data(b"", 0)
            first = pieces.__anext__()
    except StopAsyncIteration:
        protocol.pump = None
        try:
            sink.feed_eof()
        except ContentEncodingError as error:
            _undecodable(stream, error)
    except _Failure as error:
        set_exception(stream, aiohttp_errors.of_body(error), error)
    except ContentEncodingError as error:
        _undecodable(stream, error)


def _undecodable(stream: StreamReader, error: ContentEncodingError) -> None:
    set_exception(stream, ClientPayloadError(f"{error.code}, message:\n  {error.message}"), error)
