"""Bodies in pieces: of a given size, as text, as lines; each for blocking code and for asyncio."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._native import Response


def slices(content: bytes, size: int | None) -> Iterator[bytes]:
    """A body that is in memory."""
    if size is None:
        return iter([content] if content else [])
    return (content[at : at + size] for at in range(0, len(content), size))


async def aslices(content: bytes, size: int | None) -> AsyncIterator[bytes]:
    """``slices`` for asyncio."""
    for piece in slices(content, size):
        yield piece


def _bytes(piece: object) -> bytes:
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return bytes(piece)
    raise TypeError(f"content: expected pieces of bytes, got {type(piece).__name__}")


def of_source(response: Response, source: Any) -> Iterator[bytes]:
    """The body of a response that a program made of an iterable."""
    if not hasattr(source, "__iter__"):
        raise TypeError("content: an async iterable is read by aread() and aiter_bytes()")
    try:
        for piece in source:
            yield _bytes(piece)
    finally:
        if hasattr(source, "close"):
            source.close()
        response.close()


async def aof_source(response: Response, source: Any) -> AsyncIterator[bytes]:
    """The same in a task, of an async iterable too."""
    if not hasattr(source, "__aiter__"):
        for piece in of_source(response, source):
            yield piece
        return
    try:
        async for piece in source:
            yield _bytes(piece)
    finally:
        if hasattr(source, "aclose"):
            await source.aclose()
        response.close()


def collected(source: Any) -> bytes:
    """All of it."""
    if not hasattr(source, "__iter__"):
        raise TypeError("content: an async iterable is read by aread() and aiter_bytes()")
    try:
        return b"".join(map(_bytes, source))
    finally:
        if hasattr(source, "close"):
            source.close()


async def acollected(response: Any, source: Any) -> bytes:
    """All of it, in a task."""
    pieces = [piece async for piece in aof_source(response, source)]
    body: bytes = response._set_content(b"".join(pieces))
    return body


class _Sizer:
    """Collects pieces to exactly ``size`` bytes each; the last one may be shorter."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.held = bytearray()

    def add(self, piece: bytes) -> Iterator[bytes]:
        self.held += piece
        while len(self.held) >= self.size:
            yield bytes(self.held[: self.size])
            del self.held[: self.size]

    def rest(self) -> Iterator[bytes]:
        if self.held:
            yield bytes(self.held)


def sized(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """``pieces`` in pieces of ``size`` bytes."""
    sizer = _Sizer(size)
    for piece in pieces:
        yield from sizer.add(piece)
    yield from sizer.rest()


async def asized(pieces: AsyncIterable[bytes], size: int) -> AsyncIterator[bytes]:
    """``sized`` for asyncio."""
    sizer = _Sizer(size)
    async for piece in pieces:
        for part in sizer.add(piece):
            yield part
    for part in sizer.rest():
        yield part


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    try:
        # Refuses what ``Response.text`` refuses, also codecs from bytes to bytes such as "hex".
        b"x".decode(encoding, "replace")
        return codecs.getincrementaldecoder(encoding)("replace")
    except (LookupError, ValueError):
        return codecs.getincrementaldecoder("utf-8")("replace")


def text(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    """``pieces`` decoded; a character that is cut comes with the next piece."""
    decoder = _decoder(encoding)
    for piece in pieces:
        if part := decoder.decode(piece):
            yield part
    if part := decoder.decode(b"", True):
        yield part


async def atext(pieces: AsyncIterable[bytes], encoding: str) -> AsyncIterator[str]:
    """``text`` for asyncio."""
    decoder = _decoder(encoding)
    async for piece in pieces:
        if part := decoder.decode(piece):
            yield part
    if part := decoder.decode(b"", True):
        yield part


class _Splitter:
    """Splits text at CR, LF and CR LF, over the cuts between pieces.

    At nothing else, unlike ``str.splitlines``: U+2028, form feeds and their like are content of JSON
    lines, CSV and event streams.
    """

    def __init__(self) -> None:
        self.held: list[str] = []
        self.after_cr = False

    def add(self, piece: str) -> list[str]:
        if self.after_cr and piece:
            # The CR ended its line when it came; the LF of a CR LF that was cut belongs to it.
            piece = piece.removeprefix("\n")
            self.after_cr = False
        if not piece:
            return []
        if piece.endswith("\r"):
            self.after_cr = True
        complete = piece.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        last = complete.pop()
        if complete:
            complete[0] = "".join([*self.held, complete[0]])
            self.held.clear()
        if last:
            self.held.append(last)
        return complete

    def rest(self) -> list[str]:
        return ["".join(self.held)] if self.held else []


def lines(parts: Iterable[str]) -> Iterator[str]:
    """The lines of ``parts`` without their ends."""
    splitter = _Splitter()
    for part in parts:
        yield from splitter.add(part)
    yield from splitter.rest()


async def alines(parts: AsyncIterable[str]) -> AsyncIterator[str]:
    """``lines`` for asyncio."""
    splitter = _Splitter()
    async for part in parts:
        for line in splitter.add(part):
            yield line
    for line in splitter.rest():
        yield line
