"""boto3 and botocore on the pool of this process: one line, and a client's requests go by the engine.

::

    import boto3
    import libkeepalive.botocore

    s3 = libkeepalive.botocore.install(boto3.client("s3"))
    s3.get_object(Bucket="bucket", Key="key")["Body"].read()

Signing, retries, time limits, proxies, certificates and exceptions stay botocore's own. Connections are those of
one pool for all clients and threads of the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

try:
    import botocore.httpsession as _host
except ImportError as _error:
    raise ImportError(
        "libkeepalive.botocore needs botocore, which is not installed: pip install 'libkeepalive[botocore]'",
        name=_error.name,
    ) from _error

from ._adapters.botocore_session import HTTPSession, of_session

if TYPE_CHECKING:
    from ._native import Client

__all__ = ["HTTPSession", "install"]


class _Client(Protocol):
    """What every client of boto3 and botocore has."""

    @property
    def meta(self) -> Any: ...


class _Session(Protocol):
    """``boto3.Session``."""

    @property
    def client(self) -> Any: ...


class _CoreSession(Protocol):
    """``botocore.session.Session``."""

    @property
    def create_client(self) -> Any: ...


_T = TypeVar("_T", bound=_Client | _Session | _CoreSession)


def install(client_or_session: _T, client: Client | None = None) -> _T:
    """Has ``client_or_session``, of boto3 or botocore, send by this library's engine; returns it.

    Of a session (``boto3.Session``, ``botocore.session.Session``) those clients do that it makes from now on, and
    with them resources and transfer managers. ``client``: whose pool and options are used, its trust, certificate
    and proxies too; without one, the pool that the adapters of the process share, with the trust and the
    certificate that botocore was told. Twice is as once.

    Errors: ``TypeError`` for what is neither, ``ValueError`` for a ``proxies_config`` whose https
    proxy is trusted otherwise than the server behind it.

    Threads: as of the client. Requests under way are not touched.

    ::

        s3 = libkeepalive.botocore.install(boto3.client("s3"))
        s3.get_object(Bucket="bucket", Key="key")["Body"].read()
    """
    given: Any = client_or_session
    session = getattr(given, "_session", given)
    if hasattr(given, "_endpoint"):
        _install(given, client)
    elif hasattr(session, "create_client"):
        _follow(session, client)
    else:
        raise TypeError(
            "client_or_session: expected a client or session of boto3 or botocore, "
            f"got {type(given).__name__}"
        )
    return client_or_session


def _install(aws: Any, client: Client | None) -> None:
    endpoint = aws._endpoint
    current = endpoint.http_session
    if isinstance(current, _host.URLLib3Session):
        endpoint.http_session = of_session(current, client)
        current.close()
    elif not isinstance(current, HTTPSession):
        raise TypeError(
            f"client_or_session: its http_session is a {type(current).__name__}; "
            "expected botocore's own URLLib3Session (aiobotocore: libkeepalive.aiobotocore)"
        )


def _follow(session: Any, client: Client | None) -> None:
    made = session.create_client
    if getattr(made, "_libkeepalive", False):
        return

    def create_client(*args: Any, **kwargs: Any) -> Any:
        aws = made(*args, **kwargs)
        _install(aws, client)
        return aws

    create_client._libkeepalive = True  # type: ignore[attr-defined]
    session.create_client = create_client
