"""Names of header fields as text: those of a server come again and again."""

from __future__ import annotations

from collections.abc import Callable

#: So many are remembered, of so many bytes at most.
_MANY = 512
_LONG = 64


class Names(dict[bytes, str]):
    """Names by their bytes, each made by ``make`` when it is first asked for."""

    def __init__(self, make: Callable[[bytes], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, raw: bytes) -> str:
        name = self._make(raw)
        if len(self) < _MANY and len(raw) <= _LONG:
            self[raw] = name
        return name
