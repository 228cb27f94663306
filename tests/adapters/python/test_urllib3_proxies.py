"""urllib3 and requests through proxies, on the shared pool as without it."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import urllib3
from hosts_urllib3 import nowhere, session

import libkeepalive.urllib3

ROADS = Path(__file__).resolve().parents[2] / "roads"


def road(name: str) -> ModuleType:
    """A module of the tests of roads; its ``socks`` is not PySocks'."""
    spec = importlib.util.spec_from_file_location(f"roads_{name}", ROADS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


scripted = road("scripted")
with pytest.MonkeyPatch.context() as patched:
    # What it imports by this name; other tests have a module of this name too.
    patched.setitem(sys.modules, "scripted", scripted)
    socks = road("socks")

MANAGERS = {"plain": urllib3.ProxyManager, "ours": libkeepalive.urllib3.ProxyManager}


@pytest.fixture(scope="module")
def stage(origin) -> Iterator[Any]:
    stage = scripted.Stage(origin.server_cert, origin.server_key)
    yield stage
    stage.clear()

    async def close_all() -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        for transport in list(getattr(stage.loop, "_transports", {}).values()):
            transport.abort()
        for _ in range(3):
            await asyncio.sleep(0)

    stage.run(close_all())
    stage.close()


def place(url: str) -> tuple[str, int]:
    host, _, port = url.partition("://")[2].rpartition(":")
    return host, int(port)


@pytest.mark.parametrize("kind", ["plain", "ours"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_tunnels(origin, stage, kind: str, tls: bool) -> None:
    proxy = stage.start(scripted.tunnels(place(origin.https)), tls=tls)
    manager = MANAGERS[kind](
        proxy.https if tls else proxy.http,
        ca_certs=origin.ca_file,
        proxy_headers=urllib3.make_headers(proxy_basic_auth="ann:secret"),
    )
    for _ in range(3):
        answer = manager.request("GET", origin.https + "/echo").json()
        assert not [name for name, _ in answer["headers"] if name.lower() == "proxy-authorization"]
    (asked,) = proxy.requests
    assert asked.method == "CONNECT" and asked.target == origin.https.removeprefix("https://")
    assert asked.field("Proxy-Authorization") == "Basic YW5uOnNlY3JldA=="


@pytest.mark.parametrize("kind", ["plain", "ours"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_forwarding(origin, stage, kind: str, tls: bool) -> None:
    proxy = stage.start(scripted.echoes, tls=tls)
    context = urllib3.util.create_urllib3_context()
    context.load_verify_locations(origin.ca_file)
    options = {"proxy_ssl_context": context} if tls else {}
    manager = MANAGERS[kind](
        proxy.https if tls else proxy.http,
        proxy_headers=urllib3.make_headers(proxy_basic_auth="ann:secret"),
        **options,
    )
    for path in ("/a?b=c", "/d/../e'"):
        manager.request("GET", "http://server.example:81" + path)
    first = proxy.requests[0]
    assert (first.method, first.target) == ("GET", "http://server.example:81/a?b=c")
    assert first.field("Host") == "server.example:81"
    assert first.field("Proxy-Authorization") == "Basic YW5uOnNlY3JldA=="
    assert len(proxy.requests) == 2


@pytest.mark.parametrize("kind", ["plain", "ours"])
def test_forwarding_for_https(origin, stage, kind: str) -> None:
    proxy = stage.start(scripted.echoes, tls=True)
    manager = MANAGERS[kind](proxy.https, ca_certs=origin.ca_file, use_forwarding_for_https=True)
    for path in ("/a?b=c", "/d/../e'"):
        manager.request("GET", "https://server.example:444" + path)
    first, second = proxy.requests
    assert (first.method, first.target) == ("GET", "https://server.example:444/a?b=c")
    assert second.target == "https://server.example:444/e'"
    assert first.field("Host") == "server.example:444"
    # Who is verified is the proxy.
    manager = MANAGERS[kind](proxy.https, use_forwarding_for_https=True)
    with pytest.raises(urllib3.exceptions.MaxRetryError) as caught:
        manager.request("GET", "https://server.example/", retries=0)
    assert "certificate" in str(caught.value.reason).lower()
    # A proxy without TLS has no use for it: the server's is in a tunnel.
    leads = stage.start(scripted.tunnels(place(origin.https)))
    manager = MANAGERS[kind](leads.http, ca_certs=origin.ca_file, use_forwarding_for_https=True)
    assert manager.request("GET", origin.https + "/ok").data == b"ok"
    assert leads.requests[0].method == "CONNECT"


@pytest.mark.parametrize("kind", ["plain", "ours"])
def test_failures_are_the_proxys(origin, stage, kind: str) -> None:
    def reason(manager: Any, url: str) -> BaseException:
        with pytest.raises(urllib3.exceptions.MaxRetryError) as caught:
            manager.request("GET", url, retries=0)
        assert caught.value.reason is not None
        return caught.value.reason

    for url in ("http://server.example/", "https://server.example/"):
        failed = reason(MANAGERS[kind](nowhere()), url)
        assert type(failed) is urllib3.exceptions.ProxyError
        assert isinstance(failed.original_error, urllib3.exceptions.NewConnectionError)
    refuses = stage.start(scripted.says(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))
    failed = reason(MANAGERS[kind](refuses.http), "https://server.example/")
    assert type(failed) is urllib3.exceptions.ProxyError
    assert str(failed.original_error) == "Tunnel connection failed: 407 Proxy Authentication Required"
    # The server's certificate, not the proxy's.
    leads = stage.start(scripted.tunnels(place(origin.https)))
    assert type(reason(MANAGERS[kind](leads.http), origin.https)) is urllib3.exceptions.SSLError
    # And the proxy's.
    secure = stage.start(scripted.echoes, tls=True)
    assert type(reason(MANAGERS[kind](secure.https), "http://a.example/")) is urllib3.exceptions.ProxyError


def test_a_proxys_own_trust_is_refused_where_it_differs(origin, stage) -> None:
    proxy = stage.start(scripted.tunnels(place(origin.https)), tls=True)
    manager = MANAGERS["ours"](proxy.https, ca_certs=origin.ca_file, proxy_assert_hostname="other.example")
    with pytest.raises(libkeepalive.InvalidArgument, match="proxy_assert_hostname"):
        manager.request("GET", origin.https)


@pytest.mark.parametrize("scheme", ["socks5h", "socks4a"])
@pytest.mark.parametrize("way", ["requests", "manager", "injected"])
def test_socks(origin, stage, scheme: str, way: str) -> None:
    login = ("ann", "secret") if scheme == "socks5h" else None
    names = {"server.example": place(origin.http)}
    proxy = stage.start(socks.socks(names, login=login))
    user = "ann:secret@" if login else ""
    url = f"{scheme}://{user}127.0.0.1:{proxy.port}"
    target = "http://server.example/ok"
    if way == "requests":
        made = session("ours")
        for _ in range(2):
            assert made.get(target, proxies={"http": url}).text == "ok"
    elif way == "manager":
        assert libkeepalive.urllib3.SocksManager(url).request("GET", target).data == b"ok"
    else:
        from urllib3.contrib.socks import SOCKSProxyManager

        libkeepalive.urllib3.inject()
        try:
            assert SOCKSProxyManager(url).request("GET", target).data == b"ok"
        finally:
            libkeepalive.urllib3.extract()
    (asked,) = proxy.notes
    assert asked.host == "server.example" and asked.named
