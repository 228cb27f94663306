"""A caller's mistakes are the host's errors: with the adapter they have the class that they have without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from hosts_urllib3 import MANAGERS, nowhere, session
from urllib3.util import SKIP_HEADER, Timeout

URLLIB3: dict[str, Callable[[Any, Any], Any]] = {
    "a method that is no token": lambda pool, o: pool.request("G ET", o.http + "/ok"),
    "a method that is no text": lambda pool, o: pool.request(5, o.http + "/ok"),
    "a URL without a host": lambda pool, o: pool.request("GET", "http:///ok"),
    "a scheme that is none of it": lambda pool, o: pool.request("GET", "ftp://127.0.0.1/"),
    "a port that is none": lambda pool, o: pool.request("GET", "http://127.0.0.1:99999/"),
    "a label that is too long": lambda pool, o: pool.request("GET", f"http://{'a' * 64}.example/"),
    "a URL that is no text": lambda pool, o: pool.request("GET", None),
    "a header with a line break": lambda pool, o: pool.request("GET", o.http + "/ok", headers={"A": "b\r\nC: d"}),
    "a header name with a blank": lambda pool, o: pool.request("GET", o.http + "/ok", headers={"A\r\nB": "c"}),
    "a header that is no text": lambda pool, o: pool.request("GET", o.http + "/ok", headers={"A": object()}),
    "a header that is None": lambda pool, o: pool.request("GET", o.http + "/ok", headers={"A": None}),
    "a header beyond latin-1": lambda pool, o: pool.request("GET", o.http + "/ok", headers={"A": "\u2603"}),
    "a header that cannot be skipped": lambda pool, o: pool.request("GET", o.http, headers={"A": SKIP_HEADER}),
    "a body that is none": lambda pool, o: pool.request("POST", o.http + "/ok", body=object()),
    "a body of numbers": lambda pool, o: pool.request("POST", o.http + "/ok", body=[1, 2]),
    "a body whose source fails": lambda pool, o: pool.request("POST", o.http + "/ok", body=failing()),
    "body and json": lambda pool, o: pool.request("POST", o.http + "/ok", body=b"a", json={}),
    "a timeout of zero": lambda pool, o: pool.request("GET", o.http + "/ok", timeout=0),
    "a timeout below zero": lambda pool, o: pool.request("GET", o.http + "/ok", timeout=Timeout(read=-1)),
    "a timeout that is no number": lambda pool, o: pool.request("GET", o.http + "/ok", timeout="soon"),
    "an argument that there is not": lambda pool, o: pool.request("GET", o.http + "/ok", colour="red"),
    "nobody listening": lambda pool, o: pool.request("GET", nowhere(), retries=False),
    "nobody listening, retried": lambda pool, o: pool.request("GET", nowhere(), retries=1),
    "no such host": lambda pool, o: pool.request("GET", "http://nobody.invalid/", retries=False),
    "too many redirects": lambda pool, o: pool.request("GET", o.http + "/redirect/302?n=9", retries=2),
}

TRUST: dict[str, dict[str, Any]] = {
    "authorities that are not there": {"ca_certs": "/nowhere.pem"},
    "authorities that are none": {"ca_certs": __file__},
    "authorities in data that are none": {"ca_cert_data": "-----BEGIN CERTIFICATE-----\nx\n"},
    "a certificate that is not there": {"cert_file": "/nowhere.pem"},
    "a name that it is not for": {"assert_hostname": "other.example"},
    "a fingerprint of an unknown length": {"assert_fingerprint": "ab:cd"},
    "a fingerprint of another": {"assert_fingerprint": "00" * 32},
    "a word that is no cert_reqs": {"cert_reqs": "PERHAPS"},
}

REQUESTS: dict[str, Callable[[Any, Any], Any]] = {
    "a URL without a scheme": lambda s, o: s.get("127.0.0.1/ok"),
    "a scheme that is none of it": lambda s, o: s.get("ftp://127.0.0.1/"),
    "a URL without a host": lambda s, o: s.get("http:///ok"),
    "a header that is no text": lambda s, o: s.get(o.http + "/ok", headers={"A": 5}),
    "a header with a line break": lambda s, o: s.get(o.http + "/ok", headers={"A": "b\r\nC: d"}),
    "a timeout of three": lambda s, o: s.get(o.http + "/ok", timeout=(1, 2, 3)),
    "a proxy without a host": lambda s, o: s.get(o.http + "/ok", proxies={"http": "http:///x"}),
    "a proxy that is not there": lambda s, o: s.get("http://a.example/", proxies={"http": nowhere()}),
    "a proxy of an unknown scheme": lambda s, o: s.get("http://a.example/", proxies={"http": "ftp://a"}),
    "nobody listening": lambda s, o: s.get(nowhere()),
    "no such host": lambda s, o: s.get("http://nobody.invalid/"),
    "a body that is none": lambda s, o: s.post(o.http + "/ok", data=object()),
    "json that is none": lambda s, o: s.post(o.http + "/ok", json=object()),
    "an answer that is no json": lambda s, o: s.get(o.http + "/ok").json(),
    "too many redirects": lambda s, o: s.get(o.http + "/redirect/302?n=40"),
    "a certificate that is not there": lambda s, o: s.get(o.https + "/ok", verify=o.ca_file, cert="/nowhere.pem"),
    "no answer in time": lambda s, o: s.get(o.http + "/stall", timeout=0.05),
    "a body that stops": lambda s, o: s.get(o.http + "/stall-body?n=9&sent=1", timeout=0.05),
    "a body that does not decode": lambda s, o: s.get(o.http + "/gzip?bad=1").content,
    "an answer that does not come": lambda s, o: s.get(o.http + "/close"),
    "a connection that is reset": lambda s, o: s.get(o.http + "/reset"),
}


def failing() -> Any:
    yield b"a"
    raise LookupError("the source")


def raised(act: Callable[[], Any]) -> type[BaseException]:
    try:
        outcome = act()
    except Exception as error:
        return type(error)
    raise AssertionError(f"nothing was raised, but {outcome!r}")


@pytest.mark.parametrize("mistake", URLLIB3)
def test_urllib3(origin, mistake: str) -> None:
    classes = [raised(lambda: URLLIB3[mistake](MANAGERS[kind](), origin)) for kind in ("plain", "ours")]
    assert classes[0] is classes[1]


@pytest.mark.parametrize("mistake", TRUST)
def test_urllib3_about_trust(origin, mistake: str) -> None:
    def act(kind: str) -> Any:
        options = {"ca_certs": origin.ca_file, **TRUST[mistake]}
        return MANAGERS[kind](**options).request("GET", origin.https + "/ok", retries=False)

    classes = [raised(lambda: act(kind)) for kind in ("plain", "ours")]
    assert classes[0] is classes[1]


@pytest.mark.parametrize("mistake", REQUESTS)
def test_requests(origin, mistake: str) -> None:
    classes = [raised(lambda: REQUESTS[mistake](session(kind), origin)) for kind in ("plain", "ours")]
    assert classes[0] is classes[1]
    assert issubclass(requests.exceptions.RequestException, OSError)
