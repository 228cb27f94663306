"""Has clients that are given no transport get the adapter's."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

_NAMES = "HTTPTransport", "AsyncHTTPTransport"

#: What stood there, by module and name.
_before: dict[tuple[str, str], type] = {}


def _places(module: ModuleType) -> list[ModuleType]:
    # The clients look the classes up in their own module; SDKs in the package.
    return [module, import_module(f"{module.__name__}._client")]


def inject(module: ModuleType, classes: tuple[type, type]) -> None:
    """Puts ``classes`` in place of the host's."""
    for place in _places(module):
        for name, ours in zip(_NAMES, classes, strict=True):
            _before.setdefault((place.__name__, name), getattr(place, name))
            setattr(place, name, ours)


def extract(module: ModuleType) -> None:
    """Puts the host's back."""
    for place in _places(module):
        for name in _NAMES:
            if theirs := _before.pop((place.__name__, name), None):
                setattr(place, name, theirs)
