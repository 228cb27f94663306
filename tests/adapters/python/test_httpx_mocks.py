"""Mocks of httpx beside the adapter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest
import respx

import libkeepalive.httpx as adapter


@pytest.fixture
def injected() -> Iterator[None]:
    adapter.inject()
    yield
    adapter.extract()


def test_respx_mocks_a_client_with_the_adapter() -> None:
    with respx.mock(using="httpx", base_url="http://nobody.invalid") as routes:
        route = routes.get("/a").respond(json={"a": 1})
        routes.get("/b").mock(side_effect=httpx.ConnectTimeout)
        with httpx.Client(transport=adapter.Transport()) as client:
            assert client.get("http://nobody.invalid/a").json() == {"a": 1}
            with pytest.raises(httpx.ConnectTimeout):
                client.get("http://nobody.invalid/b")

        async def asynchronous() -> None:
            async with httpx.AsyncClient(transport=adapter.AsyncTransport()) as client:
                assert (await client.get("http://nobody.invalid/a")).json() == {"a": 1}

        anyio.run(asynchronous)
        assert route.call_count == 2


def test_respx_lets_pass_through_to_the_adapter(origin: Any) -> None:
    with respx.mock(using="httpx") as routes:
        routes.route(url__startswith=origin.http).pass_through()
        with httpx.Client(transport=adapter.Transport()) as client:
            response = client.get(origin.http + "/ok")
            assert response.text == "ok" and "network_stream" in response.extensions


def test_pytest_httpx_mocks_injected_clients(injected: None, request: Any) -> None:
    # After inject(): the fixture patches what stands in the place of HTTPTransport then.
    httpx_mock = request.getfixturevalue("httpx_mock")
    httpx_mock.add_response(url="http://nobody.invalid/a", json={"a": 1}, is_reusable=True)
    assert httpx.get("http://nobody.invalid/a").json() == {"a": 1}
    with httpx.Client(transport=adapter.Transport()) as client:
        assert client.get("http://nobody.invalid/a").json() == {"a": 1}

    async def asynchronous() -> None:
        async with httpx.AsyncClient() as client:
            assert (await client.get("http://nobody.invalid/a")).json() == {"a": 1}

    anyio.run(asynchronous)
    assert len(httpx_mock.get_requests()) == 3
