"""``client.params``: the parameters that every URL of a client gets."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from ._encode import pairs

if TYPE_CHECKING:
    from ._native import _Params


class QueryParams(MutableMapping[str, Any]):
    """Parameters of a URL by name: order is kept, and a name may come several times.

    ``params`` is a query (``"a=1&b=2"``), a mapping (a list as a value repeats its name) or pairs. ``[name]`` is
    the first value; what is set takes the place of all of that name. ``str()`` is the encoded query.

    >>> params = libkeepalive.QueryParams({"tag": ["a", "b"]})
    >>> params["page"] = 2
    >>> str(params), params.get_list("tag")
    ('tag=a&tag=b&page=2', ['a', 'b'])
    """

    def __init__(self, params: _Params | None = None) -> None:
        self._pairs: list[tuple[str, Any]] = []
        self._replace(params)

    def _replace(self, params: Any) -> None:
        self._pairs = _pairs(params)

    def __getitem__(self, name: str) -> Any:
        for own, value in self._pairs:
            if own == name:
                return value
        raise KeyError(name)

    def __setitem__(self, name: str, value: Any) -> None:
        place = next((at for at, (own, _) in enumerate(self._pairs) if own == name), None)
        kept = [pair for at, pair in enumerate(self._pairs) if at == place or pair[0] != name]
        new = _pairs({name: value})
        at = len(kept) if place is None else place
        self._pairs = [*kept[:at], *new, *kept[at if place is None else at + 1 :]]

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._pairs = [pair for pair in self._pairs if pair[0] != name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self._pairs))

    def __len__(self) -> int:
        return len({name for name, _ in self._pairs})

    def get_list(self, name: str) -> list[Any]:
        """All values of that ``name``."""
        return [value for own, value in self._pairs if own == name]

    def multi_items(self) -> list[tuple[str, Any]]:
        """Name and value of each."""
        return list(self._pairs)

    def merge(self, params: _Params | None = None) -> QueryParams:
        """These and those of ``params``, whose names are not these as well: new ``QueryParams``."""
        others = _pairs(params)
        names = {name for name, _ in others}
        return QueryParams([pair for pair in self._pairs if pair[0] not in names] + others)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QueryParams) and sorted(map(str, self._pairs)) == sorted(
            map(str, other._pairs)
        )

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        from urllib.parse import urlencode

        return urlencode(pairs("params", self._pairs))

    def __repr__(self) -> str:
        # Values may be keys of an API.
        return f"QueryParams({[name for name, _ in self._pairs]})"


def _pairs(params: Any) -> list[tuple[str, Any]]:
    if params is None:
        return []
    if isinstance(params, (str, bytes)):
        from urllib.parse import parse_qsl

        text = params.decode("ascii") if isinstance(params, bytes) else params
        return parse_qsl(text.removeprefix("?"), keep_blank_values=True)
    # Checked now, so that a mistake shows where it is made.
    return [(_str(name), value) for name, value in pairs("params", params)]


def _str(text: str | bytes) -> str:
    return text.decode("latin-1") if isinstance(text, bytes) else text
