"""Bodies in pieces: of a given size, as text, as lines; each for blocking code and for asyncio."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator


def _checked(size: int) -> int:
    if size < 1:
        raise ValueError(f"chunk_size: {size} is not a size; expected 1 or more")
    return size


def slices(content: bytes, size: int | None) -> Iterator[bytes]:
    """A body that is in memory."""
    if size is None:
        return iter([content] if content else [])
    step = _checked(size)
    return (content[at : at + step] for at in range(0, len(content), step))


async def aslices(content: bytes, size: int | None) -> AsyncIterator[bytes]:
    """``slices`` for asyncio."""
    for piece in slices(content, size):
        yield piece


class _Sizer:
    """Collects pieces to exactly ``size`` bytes each; the last one may be shorter."""

    def __init__(self, size: int) -> None:
        self.size = _checked(size)
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
        return codecs.getincrementaldecoder(encoding)("replace")
    except LookupError:
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
    """Splits text at line ends as ``str.splitlines`` does, over the cuts between pieces."""

    def __init__(self) -> None:
        self.held: list[str] = []

    def add(self, piece: str) -> list[str]:
        if self.held and self.held[-1].endswith("\r"):
            # Only now is it known whether this line ends in CR or CR LF.
            piece = self.held.pop() + piece
        complete = piece.splitlines(keepends=True)
        last = complete.pop()
        if last.splitlines()[0] != last and not last.endswith("\r"):
            complete.append(last)
            last = ""
        if complete:
            complete[0] = "".join([*self.held, complete[0]])
            self.held = []
        if last:
            self.held.append(last)
        return [line.splitlines()[0] for line in complete]

    def rest(self) -> list[str]:
        return "".join(self.held).splitlines()


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
