"""The origin, the proxies and the callers of these tests. Nothing has a fixed port; everything ends
with the tests."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import callers
import daemons
import pytest
from callers import ALL, EACH, ROOT
from scripted import Stage

sys.path.insert(0, str(ROOT / "tests/support"))

import running_origin  # noqa: E402


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`caller`: each language; `every`: each way of each."""
    for name, values in (("caller", EACH), ("every", ALL)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values, ids=[each.name for each in values])


@dataclass
class Origin:
    """The running test origin (tests/origin/README.md)."""

    http: str
    https: str
    ca_file: str
    cert_file: str
    key_file: str

    @property
    def http_place(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.http.rpartition(":")[2])

    @property
    def https_place(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.https.rpartition(":")[2])

    def ask(self, path: str, method: str = "GET") -> Any:
        opener = build_opener(ProxyHandler({}))
        with opener.open(Request(self.http + path, method=method), timeout=20) as answer:
            return json.loads(answer.read() or b"null")


@pytest.fixture(scope="session")
def origin() -> Iterator[Origin]:
    with running_origin.running() as found:
        names = ("http", "https", "ca_file", "server_cert_file", "server_key_file")
        yield Origin(*(found[name] for name in names))


@pytest.fixture(scope="session", autouse=True)
def drivers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    callers.compile_driver(tmp_path_factory.mktemp("driver"))
    yield
    for caller in ALL:
        caller.close()


@pytest.fixture(scope="session")
def whole_stage(origin: Origin) -> Iterator[Stage]:
    stage = Stage(origin.cert_file, origin.key_file)
    yield stage
    stage.close()


@pytest.fixture
def stage(whole_stage: Stage) -> Iterator[Stage]:
    yield whole_stage
    whole_stage.clear()


@pytest.fixture(scope="session")
def running_squid(origin: Origin) -> Iterator[daemons.Daemon]:
    with daemons.squid("basic", origin.cert_file, origin.key_file) as squid:
        yield squid


@pytest.fixture(scope="session")
def running_digest_squid(origin: Origin) -> Iterator[daemons.Daemon]:
    with daemons.squid("digest", origin.cert_file, origin.key_file) as squid:
        yield squid
