"""The adapters, beside the libraries that they stand in for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

import aiohttp
import elastic_transport
import httpx
import httpx2
import opensearchpy
import requests
import stripe
import urllib3
from aiohttp.client_middlewares import ClientMiddlewareType
from elastic_transport import NodeConfig

import libkeepalive.aiobotocore
import libkeepalive.aiohttp
import libkeepalive.azure
import libkeepalive.botocore
import libkeepalive.elastic
import libkeepalive.google_auth
import libkeepalive.httpx
import libkeepalive.httpx2
import libkeepalive.opensearch
import libkeepalive.requests
import libkeepalive.stripe
import libkeepalive.urllib3
from libkeepalive import AsyncClient, Client


def right_httpx() -> None:
    httpx.Client(transport=libkeepalive.httpx.Transport(retries=1, limits=httpx.Limits(max_connections=9)))
    httpx.AsyncClient(transport=libkeepalive.httpx.AsyncTransport(proxy="http://proxy:3128"))
    transport = libkeepalive.httpx.Transport(verify="/etc/ssl/ca.pem", cert=("a.pem", "b.pem"))
    assert_type(transport.handle_request(httpx.Request("GET", "http://h/")), httpx.Response)
    libkeepalive.httpx.inject()
    libkeepalive.httpx.extract()


def right_httpx2() -> None:
    httpx2.Client(transport=libkeepalive.httpx2.Transport(uds="/run/socket"))
    httpx2.AsyncClient(transport=libkeepalive.httpx2.AsyncTransport(trust_env=False))
    transport = libkeepalive.httpx2.Transport()
    assert_type(transport.handle_request(httpx2.Request("GET", "http://h/")), httpx2.Response)


def right_requests() -> None:
    session = requests.Session()
    adapter = libkeepalive.requests.install(session, max_retries=3, pool_block=True)
    assert_type(adapter, libkeepalive.requests.Adapter)
    session.mount("https://h", libkeepalive.requests.Adapter(max_retries=urllib3.Retry(2)))


def right_urllib3() -> None:
    assert_type(libkeepalive.urllib3.inject(), list[str])
    assert_type(libkeepalive.urllib3.extract(), list[str])
    assert_type(libkeepalive.urllib3.is_injected(), bool)
    pool: urllib3.PoolManager = libkeepalive.urllib3.PoolManager(num_pools=2, retries=False)
    proxied: urllib3.PoolManager = libkeepalive.urllib3.ProxyManager("http://proxy:3128")
    socks: urllib3.PoolManager = libkeepalive.urllib3.SocksManager("socks5h://proxy", username="a")
    assert_type(pool.request("GET", "http://h/"), urllib3.BaseHTTPResponse)
    print(proxied, socks)


async def right_aiohttp() -> None:
    middleware = libkeepalive.aiohttp.middleware(Client())
    assert_type(middleware, ClientMiddlewareType)
    libkeepalive.aiohttp.middleware(AsyncClient())
    async with aiohttp.ClientSession(middlewares=[libkeepalive.aiohttp.middleware()]) as session:
        async with session.get("http://h/") as response:
            assert_type(response, aiohttp.ClientResponse)


def right_botocore() -> None:
    class Aws:
        """As of boto3-stubs."""

        @property
        def meta(self) -> Any: ...

    assert_type(libkeepalive.botocore.install(Aws()), Aws)
    assert_type(libkeepalive.botocore.install(Aws(), Client()), Aws)
    libkeepalive.botocore.HTTPSession(verify=False, timeout=(1, 2), client_cert=("a", "b"))


async def right_aiobotocore() -> None:
    session = libkeepalive.aiobotocore.HTTPSession(timeout=3, max_pool_connections=5)
    async with session as entered:
        assert_type(entered, libkeepalive.aiobotocore.HTTPSession)
    await session.close()


def right_stripe() -> None:
    http_client = libkeepalive.stripe.HTTPClient(timeout=None, proxy="http://proxy:3128")
    stripe.StripeClient("key", http_client=http_client)
    assert_type(http_client.request("GET", "https://h/", None), tuple[Any, int, Mapping[str, str]])


def right_google_auth() -> None:
    request = libkeepalive.google_auth.Request()
    response = request("https://h/", method="POST", body=b"a", headers={"a": "b"}, timeout=3)
    assert_type(response, libkeepalive.google_auth.Response)
    assert_type(response.status, int)
    assert_type(response.data, bytes)


async def right_elastic(config: NodeConfig) -> None:
    node: elastic_transport.BaseNode = libkeepalive.elastic.Node(config)
    print(node.perform_request("GET", "/"))
    elastic_transport.Transport([config], node_class=libkeepalive.elastic.Node)
    answer = await libkeepalive.elastic.AsyncNode(config).perform_request("GET", "/", request_timeout=3)
    assert_type(answer.meta.status, int)


def right_opensearch() -> None:
    opensearchpy.OpenSearch("http://h:9200", connection_class=libkeepalive.opensearch.Connection)
    libkeepalive.opensearch.Connection("h", 9200, http_auth=("user", "password"), use_ssl=True)


def right_azure() -> None:
    transport = libkeepalive.azure.Transport(session=requests.Session(), connection_timeout=3)
    with transport as entered:
        print(entered)


def wrong_httpx() -> None:
    libkeepalive.httpx.Transport(verfiy=False)  # error: call-arg / reportCallIssue
    libkeepalive.httpx.Transport(retries="3")  # error: arg-type / reportArgumentType
    httpx.Client(transport=libkeepalive.httpx.AsyncTransport())  # error: arg-type / reportArgumentType
    httpx.AsyncClient(transport=libkeepalive.httpx2.AsyncTransport())  # error: arg-type / reportArgumentType


def wrong_requests() -> None:
    libkeepalive.requests.install("session")  # error: arg-type / reportArgumentType
    libkeepalive.requests.install(requests.Session(), retries=3)  # error: call-arg / reportCallIssue
    libkeepalive.requests.Adapter(max_retries="3")  # error: arg-type / reportArgumentType


def wrong_urllib3() -> None:
    libkeepalive.urllib3.PoolManager(num_pools="2")  # error: arg-type / reportArgumentType
    libkeepalive.urllib3.ProxyManager()  # error: call-arg / reportCallIssue
    libkeepalive.urllib3.inject("requests")  # error: call-arg / reportCallIssue


def wrong_aiohttp() -> None:
    libkeepalive.aiohttp.middleware(7)  # error: arg-type / reportArgumentType
    libkeepalive.aiohttp.middleware(clinet=Client())  # error: call-arg / reportCallIssue


def wrong_aws() -> None:
    libkeepalive.botocore.install(7)  # error: type-var / reportArgumentType
    libkeepalive.botocore.HTTPSession(verfiy=False)  # error: call-arg / reportCallIssue
    libkeepalive.aiobotocore.HTTPSession(max_pool_connections="5")  # error: arg-type / reportArgumentType


def wrong_sdks(config: NodeConfig) -> None:
    libkeepalive.stripe.HTTPClient(timeout="80")  # error: arg-type / reportArgumentType
    libkeepalive.stripe.HTTPClient(verify=False)  # error: call-arg / reportCallIssue
    libkeepalive.google_auth.Request()()  # error: call-arg / reportCallIssue
    libkeepalive.google_auth.Request()("https://h/", timeout="3")  # error: arg-type / reportArgumentType
    libkeepalive.elastic.Node()  # error: call-arg / reportCallIssue
    libkeepalive.elastic.Node(config).perform_request("GET")  # error: call-arg / reportCallIssue
    libkeepalive.opensearch.Connection(port="9200")  # error: arg-type / reportArgumentType
