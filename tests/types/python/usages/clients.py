"""``Client``: its options, its methods, what it shares."""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from types import EllipsisType
from typing import Any, assert_type

import httpx
import yarl

from libkeepalive import (
    AsyncClient,
    BasicAuth,
    Client,
    Cookies,
    Headers,
    QueryParams,
    Request,
    Response,
    Timeout,
)


def right_options_of_a_client() -> None:
    Client(
        headers={"User-Agent": None, "X-Key": "a"},
        params={"lang": "de"},
        base_url="http://h/v1/",
        timeout=Timeout(5, connect=1.0),
        follow_redirects=True,
        max_per_host=10,
        retries=3,
        idle_timeout=math.inf,
        cookies={"a": "b"},
        auth=("user", "password"),
        proxy={"https://": "http://proxy:3128", "all://intern": None},
        no_proxy=["localhost", "10.0.0.0/8"],
        profile="service",
        trust_env=False,
    )


def right_trust() -> None:
    Client(verify=False)
    Client(verify=Path("/etc/ssl/ca.pem"))
    Client(verify=ssl.create_default_context())
    Client(cert="client.pem")
    Client(cert=(Path("client.pem"), "key.pem", "password"))
    Client(tls_min_version="1.3", tls_pins="sha256//AAAA", ca_pem=b"-----BEGIN")


def right_a_client_is_a_context_manager() -> None:
    with Client() as client:
        assert_type(client, Client)
        assert_type(client.get("/"), Response)
    assert_type(client.is_closed, bool)
    client.close()


def right_attributes_of_a_client() -> None:
    client = Client()
    assert_type(client.headers, Headers)
    assert_type(client.params, QueryParams)
    assert_type(client.timeout, Timeout)
    assert_type(client.timeout.read, float | EllipsisType | None)
    assert_type(client.base_url, str)
    assert_type(client.cookies, Cookies | None)
    assert_type(client.follow_redirects, bool)
    assert_type(client.default_encoding, str | Callable[[bytes], str | None])
    assert_type(client.aio, AsyncClient)
    assert_type(Client.shared(), Client)


def right_attributes_can_be_set() -> None:
    client = Client()
    client.headers = {"a": "b"}
    client.headers["c"] = b"d"
    client.params = [("a", 1), ("a", 2)]
    client.params["b"] = True
    client.timeout = 3
    client.timeout = (1.0, None)
    client.timeout = None
    client.auth = BasicAuth("user", "password")
    client.base_url = b"http://h/"
    client.cookies = [("a", "b")]
    client.follow_redirects = True


def right_urls_of_other_libraries() -> None:
    client = Client()
    client.get(httpx.URL("http://h/"))
    client.get(yarl.URL("http://h/"))
    client.get(b"http://h/")


def right_arguments_of_other_libraries() -> None:
    client = Client(headers=httpx.Headers({"a": "b"}))
    client.get("/", timeout=httpx.Timeout(3))
    client.get("/", params=httpx.QueryParams({"a": "1"}))
    client.get("/", auth=httpx.BasicAuth("user", "password"))


def right_a_request_is_made_and_sent() -> None:
    client = Client()
    request = client.build_request("POST", "/", json={"a": 1}, headers=[("a", "b")])
    assert_type(request, Request)
    request.headers["c"] = "d"
    assert_type(client.send(request), Response)
    assert_type(client.send(request, stream=True, auth=None, follow_redirects=True), Response)


def right_a_class_below() -> None:
    class Api(Client):
        def __init__(self, key: str) -> None:
            super().__init__(headers={"X-Key": key})

        def user(self, number: int) -> Any:
            return self.get(f"/users/{number}").raise_for_status().json()

    with Api("key") as api:
        assert_type(api, Api)
        api.user(1)


def right_warm_and_upkeep() -> None:
    client = Client()
    assert_type(client.warm("http://h/", 3), int)
    client.network_changed()
    client.reset_breaker("http://h/")


def right_a_redirect_is_decided_on() -> None:
    def decides(response: Response, url: str) -> bool:
        return response.status_code == 302 and url.startswith("https://")

    Client(on_redirect=decides, redirect="follow", max_redirects=3).get("/", on_redirect=lambda _, url: None)


def wrong_name_of_an_option() -> None:
    Client(max_connections=10)  # error: call-arg / reportCallIssue
    Client(retrys=3)  # error: call-arg / reportCallIssue
    Client("http://h/")  # error: arg-type,call-arg / reportCallIssue


def wrong_value_of_an_option() -> None:
    Client(retries="3")  # error: arg-type / reportArgumentType
    Client(max_per_host=1.5)  # error: arg-type / reportArgumentType
    Client(profile="fast")  # error: arg-type / reportArgumentType
    Client(redirect="maybe")  # error: arg-type / reportArgumentType
    Client(base_url=7)  # error: arg-type / reportArgumentType
    Client(verify=7.5)  # error: arg-type / reportArgumentType


def wrong_timeout() -> None:
    Client(timeout="5")  # error: arg-type / reportArgumentType
    Client(timeout=(1, 2, 3))  # error: arg-type / reportArgumentType
    Timeout("5")  # error: arg-type / reportArgumentType
    Timeout(5, conect=1)  # error: call-arg / reportCallIssue


def wrong_attribute_of_a_client() -> None:
    client = Client()
    client.timeout = "5"  # error: assignment / reportAttributeAccessIssue
    client.headers = 7  # error: assignment / reportAttributeAccessIssue
    client.is_closed = True  # error: misc / reportAttributeAccessIssue
    client.max_per_host  # error: attr-defined / reportAttributeAccessIssue


def wrong_an_await_of_a_client_that_blocks() -> None:
    async def task(client: Client) -> None:
        await client.get("/")  # error: misc / reportGeneralTypeIssues
        async with client:  # error: attr-defined / reportGeneralTypeIssues
            pass

    print(task)


def wrong_request_to_send() -> None:
    client = Client()
    client.send("GET")  # error: arg-type / reportArgumentType
    client.send(httpx.Request("GET", "http://h/"))  # error: arg-type / reportArgumentType
    client.send(Request("GET", "http://h/"), True)  # error: call-arg / reportCallIssue
    client.build_request("GET")  # error: call-arg / reportCallIssue


def wrong_redirect() -> None:
    def decides(response: Response) -> bool:
        return response.is_success

    Client(on_redirect=decides)  # error: arg-type / reportArgumentType


def right_hosts_by_any_iterable(hosts: Iterable[str]) -> None:
    Client(no_proxy=hosts, sensitive_headers=("X-Key",), connect_to=iter(["a:80:b:80"]))
