"""The engine's errors as the host's exceptions."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from ..._errors import _Failure as Failure

__all__ = ["Errors", "Failure"]

#: Where the engine's class has another name than the host's.
_NAMES = {
    "BodySourceFailed": "WriteError",
    "FileFailed": "TransportError",
    "InvalidArgument": "LocalProtocolError",
    "InvalidState": "LocalProtocolError",
    # Ports and hosts that cannot be are the system's to refuse there.
    "InvalidURL": "ConnectError",
    "RemoteDisconnected": "RemoteProtocolError",
    "TotalTimeout": "ReadTimeout",
}

#: What the host's stack below says, and people look for in logs.
_TEXTS = {"ConnectionClosed": "Server disconnected without sending a response."}


class Errors:
    """The classes of one host."""

    def __init__(self, module: ModuleType, below: str) -> None:
        self._module = module
        self._below = below

    def name(self, error: Failure) -> str:
        """The class that the host would raise."""
        for engines in type(error).__mro__:
            name = _NAMES.get(engines.__name__, engines.__name__)
            if name == "ReadError" and error.phase == "send":
                return "WriteError"
            if hasattr(self._module, name) and name.endswith(("Error", "Timeout", "Protocol")):
                return name
        return "TransportError"

    def of(self, error: Failure, request: Any) -> Exception:
        """What to raise for it ``from`` it."""
        if error.kind == "UnsupportedScheme":
            return self.unsupported(request)
        text = _TEXTS.get(error.kind) or str(error)
        exception: Exception = getattr(self._module, self.name(error))(text, request=request)
        return exception

    def unsupported(self, request: Any) -> Exception:
        """For a scheme that is not spoken."""
        scheme = request.url.scheme
        text = (
            f"Request URL has an unsupported protocol '{scheme}://'."
            if scheme
            else "Request URL is missing an 'http://' or 'https://' protocol."
        )
        exception: Exception = self._module.UnsupportedProtocol(text, request=request)
        return exception

    def below(self, error: Failure, what: str) -> Exception:
        """For a ``network_stream``, whose errors are those of the host's stack below."""
        if isinstance(error, TimeoutError):
            return self.timeout_below(what)
        exception: Exception = getattr(import_module(self._below), f"{what}Error")(str(error))
        return exception

    def timeout_below(self, what: str) -> Exception:
        """The same for a time limit that passed."""
        exception: Exception = getattr(import_module(self._below), f"{what}Timeout")()
        return exception
