"""azure-core on the engine's pool: ``BlobClient(..., transport=libkeepalive.azure.Transport())``.

Needs azure-core and requests: ``pip install 'libkeepalive[azure]'``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._adapters.missing import missing as _missing

try:
    if TYPE_CHECKING:  # where checkers see it
        from azure.core.pipeline.transport._requests_basic import RequestsTransport
    else:
        from azure.core.pipeline.transport import RequestsTransport
    from urllib3.util.retry import Retry

    from .requests import install as _install
except ModuleNotFoundError as _error:
    raise _missing("azure", "azure", _error) from _error

__all__ = ["Transport"]


class Transport(RequestsTransport):
    """azure-core's ``RequestsTransport``, with its arguments and errors, whose session sends by the pool.

    A ``session`` that is given stays as it is: ``libkeepalive.requests.install(session)`` is for those.

    ::

        blob = BlobClient.from_blob_url(url, transport=libkeepalive.azure.Transport())
    """

    def _init_session(self, session: Any) -> None:
        super()._init_session(session)
        _install(session, max_retries=Retry(total=False, redirect=False, raise_on_status=False))
