"""``proxies_config`` of botocore with and without the engine."""

from __future__ import annotations

import shutil
from typing import Any

import botocore.exceptions
import pytest
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from test_urllib3_proxies import place, scripted, stage  # noqa: F401

import libkeepalive
import libkeepalive.botocore
from libkeepalive.botocore import HTTPSession

KINDS = pytest.mark.parametrize("kind", [URLLib3Session, HTTPSession], ids=["plain", "ours"])


def send(session: Any, url: str) -> Any:
    return session.send(AWSRequest("GET", url).prepare())


@KINDS
def test_a_tunnel_through_an_https_proxy(origin, stage, tmp_path, kind) -> None:  # noqa: F811
    proxy = stage.start(scripted.tunnels(place(origin.https)), tls=True)
    same = tmp_path / "ca.pem"
    shutil.copy(origin.ca_file, same)
    session = kind(
        verify=origin.ca_file, proxies={"https": proxy.https}, proxies_config={"proxy_ca_bundle": str(same)}
    )
    assert send(session, origin.https + "/ok").content == b"ok"
    assert [asked.method for asked in proxy.requests] == ["CONNECT"]


@KINDS
def test_a_proxy_without_tls_has_no_use_for_it(origin, stage, kind) -> None:  # noqa: F811
    proxy = stage.start(scripted.tunnels(place(origin.https)))
    config = {
        "proxy_ca_bundle": origin.server_cert,
        "proxy_client_cert": (origin.client_cert, origin.client_key),
        "proxy_use_forwarding_for_https": True,
    }
    session = kind(verify=origin.ca_file, proxies={"https": proxy.http}, proxies_config=config)
    assert send(session, origin.https + "/ok").content == b"ok"
    assert proxy.requests[0].method == "CONNECT"


@KINDS
@pytest.mark.filterwarnings("ignore:Passing ssl_context:FutureWarning")  # botocore does
def test_https_is_forwarded_where_that_is_asked_for(origin, stage, kind) -> None:  # noqa: F811
    proxy = stage.start(scripted.echoes, tls=True)
    config = {"proxy_ca_bundle": origin.ca_file, "proxy_use_forwarding_for_https": True}
    session = kind(proxies={"https": proxy.https}, proxies_config=config)
    for url in ("https://bucket.example/k/it's?a=b%2F", "https://bucket.example:444/"):
        send(session, url)
    first, second = proxy.requests
    assert (first.method, first.target) == ("GET", "https://bucket.example/k/it's?a=b%2F")
    assert first.all("Host") == ["bucket.example"] and second.all("Host") == ["bucket.example:444"]
    assert second.target == "https://bucket.example:444/"
    # The proxy is verified, by what was said of it.
    session = kind(
        verify=origin.ca_file,
        proxies={"https": proxy.https},
        proxies_config={**config, "proxy_ca_bundle": origin.client_cert},
    )
    with pytest.raises((botocore.exceptions.ProxyConnectionError, botocore.exceptions.SSLError)):
        send(session, "https://bucket.example/")


@KINDS
def test_a_file_that_is_none(origin, proxy, kind) -> None:
    for config in ({"proxy_ca_bundle": "/nowhere.pem"}, {"proxy_client_cert": "/nowhere.pem"}):
        session = kind(proxies={"http": proxy}, proxies_config=config)
        with pytest.raises(botocore.exceptions.HTTPClientError, match="value.s. provided for proxies_config"):
            send(session, "http://server.example/")
    # Nobody looks at it without a proxy.
    assert send(kind(proxies_config=config), origin.http + "/ok").content == b"ok"


def test_another_trust_than_the_servers_is_refused(origin) -> None:
    proxies = {"https": "https://proxy.example:3128"}
    for config, options in (
        ({"proxy_ca_bundle": origin.server_cert}, {"verify": origin.ca_file}),
        ({"proxy_ca_bundle": origin.ca_file}, {"verify": False}),
        ({"proxy_client_cert": origin.client_cert}, {}),
        ({"proxy_client_cert": (origin.client_cert, origin.client_key)}, {"client_cert": origin.client_cert}),
    ):
        (name,) = config
        with pytest.raises(ValueError, match=f"proxies_config: {name}: .* expected"):
            HTTPSession(proxies=proxies, proxies_config=config, **options)
    # A client of one's own has the trust of both.
    HTTPSession(
        proxies=proxies, proxies_config={"proxy_ca_bundle": origin.ca_file}, client=libkeepalive.Client()
    )
