"""What the fields of parameters and forms are, and JSON as Python's own library encodes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

_VALUES = (
    "str, bytes, a number, bool, None, a date or time, Decimal, UUID, an Enum, an IP address, "
    "a numpy scalar, or a list of them"
)


def pairs(name: str, value: Any) -> list[tuple[str | bytes, str | bytes]]:
    """Keys and values as they are to be encoded; a list or tuple as a value repeats its key."""
    if hasattr(value, "multi_items"):
        items: Iterable[Any] = value.multi_items()
    elif isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, (str, bytes, bytearray)) or not hasattr(value, "__iter__"):
        raise _no_pairs(name, value)
    else:
        items = value
    found: list[tuple[str | bytes, str | bytes]] = []
    for item in items:
        if isinstance(item, (str, bytes)):
            raise _no_pairs(name, item)
        try:
            key, entry = item
        except (TypeError, ValueError):
            raise _no_pairs(name, item) from None
        text = _text(f"a key of {name}", key)
        if getattr(entry, "ndim", 0) and not isinstance(entry, memoryview):
            entry = entry.tolist()  # an array of numpy or a column of pandas
        for each in entry if isinstance(entry, (list, tuple)) else (entry,):
            found.append((text, _text(f"{name}[{key!r}]", each)))
    return found


def _no_pairs(name: str, got: Any) -> TypeError:
    return TypeError(
        f"{name}: expected a mapping or pairs of name and value, got {type(got).__name__}"
    )


def _text(name: str, value: Any) -> str | bytes:
    """None is empty, True and False are lower case (as in httpx), times are ISO 8601."""
    kind = type(value)
    if kind is str or kind is bytes:
        return value  # type: ignore[no-any-return]
    if value is None:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is float:
        return str(value)
    return _rare_text(name, value)


def _rare_text(name: str, value: Any) -> str | bytes:
    from datetime import date, time
    from decimal import Decimal
    from enum import Enum
    from numbers import Real
    from uuid import UUID

    # Before str and int: an Enum may be either, and its str() is the name of the member.
    if isinstance(value, Enum):
        return _text(name, value.value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    # What a numpy scalar holds; before numbers, as numpy's floats are floats with another str().
    item = getattr(value, "item", None)
    kind = type(value).__name__
    if kind == "datetime64":
        return str(value)  # its item() is a bare number if it counts nanoseconds
    if callable(item) and getattr(value, "ndim", 0) == 0:
        inner = item() if kind != "timedelta64" else value
        if type(inner) is not type(value):
            return _text(name, inner)
    if isinstance(value, Real) and kind != "timedelta64":
        return str(value)
    addresses = sys.modules.get("ipaddress")
    if addresses and isinstance(value, (addresses.IPv4Address, addresses.IPv6Address)):
        return str(value)
    raise TypeError(f"{name}: expected {_VALUES}; got {type(value).__name__}")


def json_body(value: Any) -> tuple[bytes, str]:
    """Compact JSON in UTF-8; NaN and infinities are refused, as JSON has none."""
    from json import dumps

    try:
        text = dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode(), "application/json"
    except UnicodeEncodeError:
        raise ValueError("json: a lone surrogate is no text") from None
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"json: {error}") from error
