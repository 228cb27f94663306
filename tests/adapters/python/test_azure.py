"""azure-core by the adapter of requests, against a scripted server."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pytest
from scripted import Answer, Seen, as_json, serving

import libkeepalive.azure

NOBODY = "http://127.0.0.1:1"


def test_azure(silent: str) -> None:
    from azure.core import PipelineClient, exceptions
    from azure.core.pipeline.policies import RetryPolicy
    from azure.core.rest import HttpRequest

    def script(seen: Seen) -> Answer:
        if seen.target == "/stream":
            return Answer(iter([b"a" * 70_000, b"b"]))
        if seen.target == "/gzip":
            return Answer(gzip.compress(b'"plain"'), headers={"Content-Encoding": "gzip"})
        return as_json({"body": seen.body.decode()}, 404 if seen.target == "/none" else 200)

    with serving(script) as server:
        url = server.url
        with PipelineClient(url, transport=libkeepalive.azure.Transport()) as client:
            answer = client.send_request(HttpRequest("PUT", url + "/a", content=b"abc"))
            assert answer.json() == {"body": "abc"}
            streamed = client.send_request(HttpRequest("GET", url + "/stream"), stream=True)
            assert len(b"".join(streamed.iter_bytes())) == 70_001
            assert client.send_request(HttpRequest("GET", url + "/gzip")).json() == "plain"
            with pytest.raises(exceptions.HttpResponseError):
                client.send_request(HttpRequest("GET", url + "/none")).raise_for_status()
        assert server.connections == 1
    never = {"policies": [RetryPolicy.no_retries()]}
    for url, named, error in [
        (NOBODY, {}, exceptions.ServiceRequestError),
        (silent, {"read_timeout": 0.05}, exceptions.ServiceResponseTimeoutError),
    ]:
        with PipelineClient(url, transport=libkeepalive.azure.Transport(), **never) as client:
            with pytest.raises(error):
                client.send_request(HttpRequest("GET", url + "/"), **named)


def test_without_the_host_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['azure.core'] = None\n"
        "try: import libkeepalive.azure\n"
        "except ImportError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'libkeepalive[azure]'" in ran.stdout, ran
