"""What an adapter says when its host is not installed."""

from __future__ import annotations


def missing(adapter: str, extra: str, error: ImportError) -> ImportError:
    """The error to raise, from ``error``, by the adapter of that name."""
    return ImportError(
        f"libkeepalive.{adapter} needs {error.name or extra}, which is not installed: "
        f"pip install 'libkeepalive[{extra}]'",
        name=error.name,
    )
