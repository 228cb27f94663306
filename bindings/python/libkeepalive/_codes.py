"""``libkeepalive.codes``: the statuses by name."""

from __future__ import annotations

from enum import IntEnum
from http import HTTPStatus
from typing import Any


class _Codes(IntEnum):
    """What every status has."""

    @property
    def phrase(self) -> str:
        """The reason phrase that is usual for it."""
        return HTTPStatus(self.value).phrase

    @classmethod
    def get_reason_phrase(cls, value: int) -> str:
        """The usual reason phrase of a number; empty for one that has none."""
        try:
            return HTTPStatus(value).phrase
        except ValueError:
            return ""

    @classmethod
    def is_informational(cls, value: int) -> bool:
        """1xx."""
        return 100 <= value <= 199

    @classmethod
    def is_success(cls, value: int) -> bool:
        """2xx."""
        return 200 <= value <= 299

    @classmethod
    def is_redirect(cls, value: int) -> bool:
        """3xx."""
        return 300 <= value <= 399

    @classmethod
    def is_client_error(cls, value: int) -> bool:
        """4xx."""
        return 400 <= value <= 499

    @classmethod
    def is_server_error(cls, value: int) -> bool:
        """5xx."""
        return 500 <= value <= 599

    @classmethod
    def is_error(cls, value: int) -> bool:
        """4xx and 5xx."""
        return 400 <= value <= 599

    def __str__(self) -> str:
        return str(self.value)


_make: Any = _Codes
codes: Any = _make("codes", {status.name: status.value for status in HTTPStatus})
codes.__doc__ = "The statuses by name, as ``codes.NOT_FOUND``; requests' ``codes.not_found`` too."
codes.__module__ = "libkeepalive"

for _status in HTTPStatus:
    setattr(codes, _status.name.lower(), codes(_status.value))
