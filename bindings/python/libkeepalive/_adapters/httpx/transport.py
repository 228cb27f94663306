"""``Transport`` and ``AsyncTransport``, without the host's base classes."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar, Generic, Self, TypeVar

from ..._native import Timeout, _bytes_head
from . import trace
from .body import AsyncBody, Body, OnlyAsync, TracedAsyncBody, TracedBody
from .errors import Errors, Failure
from .network import AsyncNetworkStream, NetworkStream
from .pools import pool

Request = TypeVar("Request")
Response = TypeVar("Response")

#: The engine's names of schemes.
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
#: Most origins, and most sets of limits, that are remembered in the form the engine takes.
_MANY = 256


class Host:
    """What is used of the host."""

    def __init__(self, name: str, below: str) -> None:
        module: ModuleType = import_module(name)
        self.module = module
        self.below = below
        self.errors = Errors(module, below)
        self.response = module.Response
        self.whole = module.ByteStream
        bases = Body, module.SyncByteStream
        self.body = type("ResponseStream", bases, {"_host": self})
        self.traced_body = type("ResponseStream", (TracedBody, *bases), {"_host": self})
        bases_async = AsyncBody, module.AsyncByteStream
        self.async_body = type("AsyncResponseStream", bases_async, {"_host": self})
        self.traced_async_body = type(
            "AsyncResponseStream", (TracedAsyncBody, *bases_async), {"_host": self}
        )
        #: Of the pairs of scheme and authority that were asked last.
        self.origins: dict[Any, str] = {}
        #: Of the limits that were asked for last.
        self.timeouts: dict[Any, Timeout] = {}

    def origin(self, request: Any) -> str:
        """The URL that the connection is for; the target is set apart."""
        url = request.url
        key = url.scheme, url.netloc
        found = self.origins.get(key)
        if found is None:
            scheme = _SCHEMES.get(url.scheme)
            if scheme is None:
                raise self.errors.unsupported(request)
            if not url.netloc:
                raise self.module.LocalProtocolError("the URL has no host", request=request)
            found = f"{scheme}://{url.netloc.decode('ascii')}/"
            if len(self.origins) >= _MANY:
                self.origins.clear()
            self.origins[key] = found
        return found

    def timeout(self, limits: dict[str, float | None]) -> Timeout:
        """The limits by phase; one that is not named is none."""
        get = limits.get
        key = get("connect"), get("read"), get("write"), get("pool")
        found = self.timeouts.get(key)
        if found is None:
            connect, read, write, queue = key
            found = Timeout(connect=connect, read=read, write=write, pool=queue, total=None)
            if len(self.timeouts) >= _MANY:
                self.timeouts.clear()
            self.timeouts[key] = found
        return found

    def arguments(self, request: Any) -> dict[str, Any]:
        """What the engine is given beside method and URL; the body apart."""
        extensions = request.extensions
        arguments = {"headers": request.headers.raw, "raw_target": request.url.raw_path}
        if limits := extensions.get("timeout"):
            arguments["timeout"] = self.timeout(limits)
        if len(extensions) > 1 or not limits:
            if target := extensions.get("target"):
                arguments["raw_target"] = target
            if name := extensions.get("sni_hostname"):
                arguments["tls_server_name"] = name
        return arguments

    def line(self, request: Any, arguments: dict[str, Any]) -> tuple[str, str]:
        """Method and URL; CONNECT has its target in the URL."""
        origin = self.origin(request)
        method: str = request.method
        if method == "CONNECT":
            target = arguments.pop("raw_target")
            if isinstance(target, bytes):
                target = target.decode("latin-1")
            return method, origin + target.lstrip("/")
        return method, origin


def _head(response: Any) -> tuple[int, Any, dict[str, Any]]:
    status, is_newest, reason, headers = _bytes_head(response)
    version = b"HTTP/1.1" if is_newest else b"HTTP/1.0"
    return status, headers, {"http_version": version, "reason_phrase": reason}


def _switched(status: int, method: str) -> bool:
    return status == 101 or (method == "CONNECT" and 200 <= status < 300)


class _Base:
    """What both transports have."""

    _host: ClassVar[Host]
    #: What a switched connection is handed out as.
    _network: ClassVar[type[NetworkStream | AsyncNetworkStream]]

    def __init__(
        self,
        verify: Any = True,
        cert: Any = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: Any = None,
        proxy: Any = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Any = None,
    ) -> None:
        module = self._host.module
        if not http1:
            raise ValueError("http1: False; HTTP/1.1 is what is spoken here")
        if isinstance(proxy, (str, module.URL)):
            proxy = module.Proxy(url=proxy)
        self._retries = retries
        self._pool = pool(
            verify=verify,
            cert=cert,
            trust_env=trust_env,
            limits=module.Limits(max_connections=100) if limits is None else limits,
            proxy=proxy,
            uds=uds,
            local_address=local_address,
            socket_options=socket_options,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__}>"

    def _call(self, request: Any, pieces: Any) -> tuple[str, str, dict[str, Any]]:
        """What the engine is given; ``pieces`` makes it ask a body that is not whole."""
        host = self._host
        arguments = host.arguments(request)
        method, url = host.line(request, arguments)
        body = request.stream
        if type(body) is not host.whole:
            arguments["content"] = pieces(body)
        elif content := b"".join(body):
            arguments["content"] = content
        return method, url, arguments

    def _body(self, traced: bool) -> Any:
        raise NotImplementedError

    def _answer(self, request: Any, response: Any, told: Any = None, below: Any = None) -> Any:
        host = self._host
        status, headers, extensions = _head(response)
        network = self._network(response, _switched(status, request.method), host.errors)
        extensions["network_stream"] = network
        body = self._body(told is not None)
        return host.response(
            status,
            headers=headers,
            stream=body(response, request, network, told, below),
            extensions=extensions,
        )

    def _waits(self) -> Iterator[float]:
        """Before each further try to connect, as httpcore waits."""
        for tries in range(self._retries):
            yield 0 if tries == 0 else 0.5 * 2 ** (tries - 1)


def _may_connect_again(error: Failure) -> bool:
    return error.kind in ("ConnectTimeout", "ConnectFailed", "ResolveFailed") or error.phase == "tls"


class SyncTransport(_Base, Generic[Request, Response]):
    """For threads."""

    _network = NetworkStream

    def handle_request(self, request: Request) -> Response:
        """Sends it; returns at the response head."""
        sent: Any = request
        assert isinstance(sent.stream, self._host.module.SyncByteStream)
        if "trace" in sent.extensions:
            return self._traced(sent)  # type: ignore[no-any-return]
        try:
            response = self._send(sent)
        except Failure as error:
            raise self._host.errors.of(error, sent) from error
        return self._answer(sent, response)  # type: ignore[no-any-return]

    def _send(self, request: Any) -> Any:
        method, url, arguments = self._call(request, iter)
        send = self._pool.client.request
        arguments["stream"] = True
        if not self._retries:
            return send(method, url, **arguments)
        from time import sleep

        waits = self._waits()
        while True:
            try:
                return send(method, url, **arguments)
            except Failure as error:
                wait = next(waits, None) if _may_connect_again(error) else None
                if wait is None:
                    raise
                sleep(wait)

    def _body(self, traced: bool) -> Any:
        return self._host.traced_body if traced else self._host.body

    def _traced(self, request: Any) -> Any:
        told = request.extensions["trace"]
        below = trace.request_below(request, self._host.below)
        try:
            response = self._send(request)
        except Failure as failure:
            error = self._host.errors.of(failure, request)
            trace.tell(told, trace.failed(request, failure.phase, error, below))
            raise error from failure
        try:
            answer = self._answer(request, response, told, below)
            network, headers = answer.extensions["network_stream"], response.headers.raw
            trace.tell(told, trace.answered(request, response, network, headers, below))
        except BaseException:
            response.close()
            raise
        return answer

    def close(self) -> None:
        """Idle connections stay for other transports of the process, for at most ``keepalive_expiry``."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()


class AsyncTransport(_Base, Generic[Request, Response]):
    """For asyncio and trio."""

    _network = AsyncNetworkStream

    async def handle_async_request(self, request: Request) -> Response:
        """Sends it; returns at the response head."""
        sent: Any = request
        assert isinstance(sent.stream, self._host.module.AsyncByteStream)
        if "trace" in sent.extensions:
            return await self._traced(sent)  # type: ignore[no-any-return]
        try:
            response = await self._send(sent)
        except Failure as error:
            raise self._host.errors.of(error, sent) from error
        return self._answer(sent, response)  # type: ignore[no-any-return]

    async def _send(self, request: Any) -> Any:
        method, url, arguments = self._call(request, OnlyAsync)
        aio: Any = self._pool.aio
        stream = aio.stream
        if not self._retries:
            if type(request.stream) is not self._host.whole:
                return await stream(method, url, **arguments).__aenter__()
            # The same without its frames, for bodies that need no preparing.
            arguments["stream"] = True
            pending = aio._begin(method, url, arguments)
            try:
                return await pending
            except BaseException:
                pending.close()
                raise
        from anyio import sleep

        waits = self._waits()
        while True:
            try:
                return await stream(method, url, **arguments).__aenter__()
            except Failure as error:
                wait = next(waits, None) if _may_connect_again(error) else None
                if wait is None:
                    raise
            await sleep(wait)

    def _body(self, traced: bool) -> Any:
        return self._host.traced_async_body if traced else self._host.async_body

    async def _traced(self, request: Any) -> Any:
        told = request.extensions["trace"]
        below = trace.request_below(request, self._host.below)
        try:
            response = await self._send(request)
        except Failure as failure:
            error = self._host.errors.of(failure, request)
            await trace.atell(told, trace.failed(request, failure.phase, error, below))
            raise error from failure
        try:
            answer = self._answer(request, response, told, below)
            network, headers = answer.extensions["network_stream"], response.headers.raw
            await trace.atell(told, trace.answered(request, response, network, headers, below))
        except BaseException:
            response.close()
            raise
        return answer

    async def aclose(self) -> None:
        """Idle connections stay for other transports of the process, for at most ``keepalive_expiry``."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await self.aclose()
