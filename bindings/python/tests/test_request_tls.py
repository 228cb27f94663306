"""TLS options of one request: whom it believes, and that nobody else profits from it."""

from __future__ import annotations

import asyncio
import ssl
import warnings

import pytest

import libkeepalive


def test_a_request_believes_whom_it_says_and_no_other_does(origin):
    url = origin.https + "/ok"

    def reused(client: libkeepalive.Client, **options: object) -> bool:
        response = client.get(url, **options)  # type: ignore[arg-type]
        assert response.text == "ok" and response.info.tls is not None
        assert response.info.reused or not response.info.tls.resumed
        return response.info.reused

    with libkeepalive.Client(trust_env=False) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore", libkeepalive.InsecureWarning)
        for _ in range(2):
            with pytest.raises(libkeepalive.ConnectError, match="not trusted"):
                client.get(url)
            for options in (
                {"verify": False},
                {"verify": origin.ca_file},
                {"ca_file": origin.ca_file, "tls_max_version": "1.2"},
                {"ca_file": origin.ca_file, "cert": None},
            ):
                reused(client, **options)
                assert reused(client, **options), options
        response = client.get(url, ca_file=origin.ca_file, tls_max_version="1.2")
        assert response.info.tls.version == "TLSv1.2", response.info.tls

    async def asynchronous() -> str:
        async with libkeepalive.AsyncClient() as client:
            return (await client.get(url, verify=origin.ca_file)).text

    assert asyncio.run(asynchronous()) == "ok"


def test_what_is_wrong_with_them_is_named(client, origin):
    url = origin.https + "/ok"
    for options, error, text in (
        ({"verify": 1.5}, TypeError, "verify: expected True, False or a path"),
        ({"verify": ssl.create_default_context()}, TypeError, "SSLContext is for a Client"),
        ({"verify": "/nowhere.pem"}, libkeepalive.InvalidArgument, "option ca_file: /nowhere.pem"),
        ({"cert": "/nowhere.pem"}, libkeepalive.InvalidArgument, "option client_cert_file"),
        ({"tls_verify": "no"}, TypeError, "tls_verify: expected True or False"),
        ({"tls_min_version": "1.1"}, libkeepalive.InvalidArgument, "option tls_min_version"),
        ({"tls_pins": "x"}, libkeepalive.InvalidArgument, "option tls_pins"),
    ):
        with pytest.raises(error, match=text):
            client.get(url, **options)
