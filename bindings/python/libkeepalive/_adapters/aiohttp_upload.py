"""Request bodies of aiohttp: its payloads write themselves, the engine asks for pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import ClientRequest
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload, Payload

from . import aiohttp_errors

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: Bytes that a payload may be ahead of the engine.
_AHEAD = 64 * 1024

_Told = Callable[[bytes], Awaitable[None]] | None


class Writer(AbstractStreamWriter):
    """What a payload writes to; holds what was written until it is taken."""

    def __init__(self, request: ClientRequest) -> None:
        self.pieces: list[Any] = []
        self.buffer_size = 0
        self.output_size = 0
        self.length = None
        self._told: _Told = None
        if request._traces:
            self._told = lambda piece: request._on_chunk_request_sent(
                request.method, request.url, piece
            )
        self._compress: Any = None
        if request.compress:
            self.enable_compression(str(request.compress))

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Takes a piece of the body."""
        size = len(chunk) if not isinstance(chunk, memoryview) else chunk.nbytes
        if self._told is not None:
            await self._told(bytes(chunk))
        piece: Any = chunk
        if self._compress is not None:
            piece = await self._compress.compress(chunk)
        elif isinstance(chunk, (memoryview, bytearray)):
            # What its owner does with it afterwards is not to be sent.
            piece = bytes(chunk)
        if piece:
            self._keep(piece)
        if self.on_body_write is not None and size:
            self.on_body_write(size, self.output_size)
        await self.drain()

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Ends the body."""
        if chunk:
            await self.write(chunk)
        if self._compress is not None:
            self._keep(self._compress.flush())

    async def drain(self) -> None:
        """Nothing: what is collected whole has room."""

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Compresses what is written, as aiohttp's own writer does."""
        from aiohttp.compression_utils import ZLibCompressor

        self._compress = ZLibCompressor(encoding=encoding, strategy=strategy)

    def enable_chunking(self) -> None:
        """Nothing: the engine frames what it sends."""

    async def write_headers(self, status_line: str, headers: Any) -> None:
        """Nothing: the engine writes them."""

    def _keep(self, piece: Any) -> None:
        self.pieces.append(piece)
        self.buffer_size += len(piece)
        self.output_size += len(piece)


class _Pipe(Writer):
    """One that lets a payload be only so far ahead."""

    def __init__(self, request: ClientRequest) -> None:
        super().__init__(request)
        self.filled = asyncio.Event()
        self._taken = asyncio.Event()

    def _keep(self, piece: Any) -> None:
        super()._keep(piece)
        self.filled.set()

    async def drain(self) -> None:
        while self.buffer_size > _AHEAD:
            self._taken.clear()
            await self._taken.wait()

    def take(self) -> bytes:
        pieces, self.pieces = self.pieces, []
        self.buffer_size = 0
        self.filled.clear()
        self._taken.set()
        return pieces[0] if len(pieces) == 1 and type(pieces[0]) is bytes else b"".join(pieces)


async def content(request: ClientRequest, chunked: bool) -> tuple[Any, Writer | None]:
    """The ``content`` of the engine's request, and what tells how much of it was written."""
    tracker = request._upload_tracker
    generation = tracker._attempt_started() if tracker is not None else 0
    body = request._body
    if body is None:
        if tracker is not None:
            tracker._attempt_finished(generation)
        return (_nothing() if chunked else None), None
    length = request._get_content_length()
    whole = isinstance(body, BytesPayload) and not chunked and tracker is None
    writer = Writer(request) if whole else _Pipe(request)
    if tracker is not None:
        writer.on_body_write = lambda size, at: tracker._add_bytes(generation, size, at)
    if isinstance(writer, _Pipe):
        return _streamed(request, body, writer, length, generation), writer
    await _written(request, body, writer, length, generation)
    pieces = writer.pieces
    return pieces[0] if len(pieces) == 1 else b"".join(pieces), writer


async def _nothing() -> AsyncIterator[bytes]:
    for piece in list[bytes]():
        yield piece


async def _written(
    request: ClientRequest, body: Payload, writer: Writer, length: int | None, generation: int
) -> None:
    """Has the body write itself, and tells the tracker of the request."""
    tracker = request._upload_tracker
    failure: BaseException | None = None
    if tracker is not None:
        tracker._attempt_writing(generation, writer)
    try:
        try:
            await body.write_with_length(writer, length)
        except Exception as error:
            failure = aiohttp_errors.of_source(error, request)
            raise failure from error
        await writer.write_eof()
    except BaseException:
        if tracker is not None:
            tracker._attempt_failed(generation, failure)
        raise
    if tracker is not None:
        tracker._attempt_finished(generation)


async def _streamed(
    request: ClientRequest, body: Payload, pipe: _Pipe, length: int | None, generation: int
) -> AsyncIterator[bytes]:
    """The pieces of a body that writes itself in a task while the engine takes them."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(_written(request, body, pipe, length, generation))
    task.add_done_callback(lambda _task: pipe.filled.set())
    try:
        while True:
            await pipe.filled.wait()
            done = task.done()
            if pipe.pieces:
                yield pipe.take()
            elif done:
                break
            if done:
                pipe.filled.set()
        await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        elif not task.cancelled():
            task.exception()  # it was raised, or nobody is there to be told
