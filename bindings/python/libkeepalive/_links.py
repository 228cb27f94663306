"""The Link fields of a response (RFC 8288)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._native import Headers

_LINK = re.compile(r"""<([^>]*)>((?:\s*;\s*[^\s=;,]+(?:\s*=\s*(?:"(?:\\.|[^"\\])*"|[^",;\s]*))?)*)""")
_PARAMETER = re.compile(r""";\s*([^\s=;,]+)(?:\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^",;\s]*)))?""")


def links(headers: Headers) -> dict[str, dict[str, str]]:
    """``response.links``."""
    found: dict[str, dict[str, str]] = {}
    for value in headers.get_list("link"):
        for url, parameters in _LINK.findall(value):
            link = {"url": url.strip()}
            for name, quoted, plain in _PARAMETER.findall(parameters):
                link.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain)
            found[link.get("rel") or link["url"]] = link
    return found
