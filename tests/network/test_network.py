"""What a bad network does: a NAT that forgets, a path that goes black, a long way.

Run it in a network namespace of its own: unshare --map-root-user --net python -m pytest tests/network
Two more are made here, joined by two veth pairs and wire.py. The scenarios take up to a minute, which
is the kernel's; they run at the same time, each with a server address to itself.
"""

import asyncio
import contextlib
import json
import math
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import libkeepalive
import pytest

HERE = Path(__file__).parent
# A limit that passes is noticed within this on a busy machine.
SLACK = 8.0
# design: keep-alive 15 s, then every 15 s, 3 times; USER_TIMEOUT 30 s.
USER_TIMEOUT, KEEP_ALIVE = 30.0, 60.0
# Clients without a limit of their own: the kernel's is what is looked at.
NO_LIMITS: dict[str, Any] = {
    name: math.inf for name in ("header_timeout", "stall_timeout", "total_timeout", "idle_timeout")
}

SCENARIOS: dict[str, Callable[["Way"], None]] = {}


def scenario(function: Callable[["Way"], None]) -> Callable[["Way"], None]:
    SCENARIOS[function.__name__] = function
    return function


class Way:
    """The way to one address of the server, and what the wire shall do on it."""

    lock = threading.Lock()

    def __init__(self, wire: subprocess.Popen[str], server: int, address: str) -> None:
        self.wire, self.server, self.address = wire, server, address
        self.base = f"http://{address}:8080"

    def do(self, what: str, **more: Any) -> None:
        assert self.wire.stdin and self.wire.stdout
        with self.lock:
            print(json.dumps({"to": self.address, "do": what, **more}), file=self.wire.stdin, flush=True)
            assert self.wire.stdout.readline() == "done\n"


def run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True)


@contextlib.contextmanager
def namespace(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A script in a network namespace of its own; it goes on at the first line it is sent."""
    command = ["unshare", "--net", sys.executable, HERE / script, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "started\n", f"{script} does not start"
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(20)


def goes_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin and process.stdout
    print(file=process.stdin, flush=True)
    assert process.stdout.readline() == "ready\n"


@pytest.fixture(scope="session")
def running() -> Iterator[dict[str, Future[None]]]:
    if [line.split(":")[0].strip() for line in open("/proc/net/dev")][2:] != ["lo"]:
        pytest.exit(f"not in a namespace of its own: {__doc__}", 3)
    addresses = [f"10.77.0.{10 + number}" for number in range(len(SCENARIOS))]
    with (
        namespace("wire.py", "w0", "w1") as wire,
        namespace("server.py", "s0", *addresses) as server,
        ThreadPoolExecutor(len(SCENARIOS)) as pool,
    ):
        run("ip", "link", "add", "c0", "type", "veth", "peer", "name", "w0", "netns", wire.pid)
        run("ip", "link", "add", "w1", "type", "veth", "peer", "name", "s0", "netns", server.pid)
        run("ip", "link", "set", "w1", "netns", wire.pid)
        run("ip", "addr", "add", "10.77.0.1/24", "dev", "c0")
        run("ip", "addr", "add", "fd77::1/64", "dev", "c0", "nodad")
        run("ip", "link", "set", "c0", "up")
        goes_on(server)
        goes_on(wire)
        yield {
            name: pool.submit(function, Way(wire, server.pid, address))
            for (name, function), address in zip(SCENARIOS.items(), addresses, strict=True)
        }


@pytest.mark.parametrize("name", SCENARIOS)
def test_network(name: str, running: dict[str, Future[None]]) -> None:
    running[name].result(180)


def ok(client: libkeepalive.Client, way: Way) -> libkeepalive.Response:
    response = client.get(f"{way.base}/ok")
    assert response.text == "ok"
    return response


def in_both_waits(
    client: libkeepalive.Client, send: Callable[[], Any], expected: type[Exception], url: str
) -> list[tuple[libkeepalive.HTTPError, float]]:
    """The error of a GET on this thread and on the engine's, and how long each took."""
    found = []

    async def submit() -> None:
        await client.aio.get(url)

    for each in (send, lambda: asyncio.run(submit())):
        start = time.monotonic()
        with pytest.raises(expected) as caught:
            each()
        found.append((caught.value, time.monotonic() - start))
    return found


@scenario
def a_nat_forgets_an_idle_connection_and_keep_alive_notices(way: Way) -> None:
    with libkeepalive.Client(**NO_LIMITS) as client:
        ok(client, way)
        way.do("forget")
        start = time.monotonic()
        while client.stats().idle > 0 and time.monotonic() - start < KEEP_ALIVE + SLACK:
            time.sleep(0.05)
        stats, took = client.stats(), time.monotonic() - start
        assert stats.idle == 0 and stats.stale == 1, (stats, took)
        assert took > 14, "somebody else ended it"
        assert not ok(client, way).info.reused


@scenario
def an_idle_connection_on_a_good_path_outlives_keep_alive(way: Way) -> None:
    with libkeepalive.Client(**NO_LIMITS) as client:
        ok(client, way)
        time.sleep(USER_TIMEOUT + 3)
        assert ok(client, way).info.reused


@scenario
def a_nat_forgets_and_the_request_has_its_own_limit(way: Way) -> None:
    with libkeepalive.Client(header_timeout=1) as client:
        ok(client, way)
        asyncio.run(warm_again(client, way))
        way.do("forget")
        url = f"{way.base}/ok"
        for error, took in in_both_waits(client, lambda: client.get(url), libkeepalive.ReadTimeout, url):
            assert 1 <= took < 1 + SLACK, took
            # It may have come: the server is slow, or the way is gone. A timeout is never repeated.
            assert error.retry_safe
        assert not ok(client, way).info.reused


async def warm_again(client: libkeepalive.Client, way: Way) -> None:
    """Until two connections are kept."""
    while client.stats().idle < 2:
        await asyncio.gather(*(client.aio.get(f"{way.base}/ok") for _ in range(2)))


@scenario
def a_nat_forgets_and_user_timeout_bounds_the_request(way: Way) -> None:
    with libkeepalive.Client(**NO_LIMITS) as client:
        ok(client, way)
        way.do("forget")
        start = time.monotonic()
        # New flows pass, so a GET is answered in the end: sent again when the old one is given up.
        response = ok(client, way)
        took = time.monotonic() - start
        assert USER_TIMEOUT - 5 < took < USER_TIMEOUT + SLACK, took
        assert response.info.replays == 1 and not response.info.reused, response.info


@scenario
def a_nat_forgets_and_a_post_is_not_sent_again(way: Way) -> None:
    with libkeepalive.Client(**NO_LIMITS) as client:
        ok(client, way)
        way.do("forget")
        start = time.monotonic()
        with pytest.raises(libkeepalive.NetworkError) as caught:
            client.post(f"{way.base}/", content=b"x")
        took = time.monotonic() - start
        assert USER_TIMEOUT - 5 < took < USER_TIMEOUT + SLACK, took
        assert caught.value.reused and not caught.value.retry_safe, caught.value


@scenario
def the_path_goes_black_within_a_response(way: Way) -> None:
    with libkeepalive.Client(stall_timeout=1) as client:
        url = f"{way.base}/half"

        def blocking() -> None:
            with client.stream("GET", url) as response:
                way.do("black")
                response.read()

        start = time.monotonic()
        with pytest.raises(libkeepalive.ReadTimeout) as caught:
            blocking()
        assert 1 <= time.monotonic() - start < 1 + SLACK
        assert caught.value.phase == "body" and not caught.value.retry_safe

        async def submitted() -> None:
            way.do("clear")
            async with client.aio.stream("GET", url) as response:
                way.do("black")
                await response.aread()

        start = time.monotonic()
        with pytest.raises(libkeepalive.ReadTimeout):
            asyncio.run(submitted())
        assert 1 <= time.monotonic() - start < 1 + SLACK
        way.do("clear")
        assert not ok(client, way).info.reused
        stats = client.stats()
        assert stats.active == 0 and stats.idle == 1, stats


@scenario
def keep_alive_bounds_a_response_without_a_limit(way: Way) -> None:
    with libkeepalive.Client(**NO_LIMITS) as client:
        with client.stream("GET", f"{way.base}/half") as response:
            way.do("black")
            start = time.monotonic()
            with pytest.raises(libkeepalive.TransportError):
                response.read()
        assert time.monotonic() - start < KEEP_ALIVE + SLACK


@scenario
def user_timeout_bounds_a_blocked_write(way: Way) -> None:
    with libkeepalive.Client(**NO_LIMITS) as client:
        ok(client, way)
        way.do("black")
        start = time.monotonic()
        with pytest.raises(libkeepalive.NetworkError) as caught:
            client.post(f"{way.base}/", content=b"x" * 8_000_000)
        took = time.monotonic() - start
        assert USER_TIMEOUT - 5 < took < USER_TIMEOUT + SLACK, took
        assert caught.value.phase == "send" and not caught.value.retry_safe


@scenario
def a_black_path_is_a_connect_timeout(way: Way) -> None:
    way.do("black")
    with libkeepalive.Client(connect_timeout=1) as client:
        url = f"{way.base}/ok"
        for error, took in in_both_waits(client, lambda: client.get(url), libkeepalive.ConnectTimeout, url):
            assert 1 <= took < 1 + SLACK, took
            assert error.retry_safe
        way.do("clear")
        ok(client, way)
        assert client.stats().dialing == 0


def connect_times(names: str, urls: list[str]) -> list[float]:
    """What it took to connect to each, by a client of its own: what is learnt is the process's."""
    found = []
    for url in urls:
        with libkeepalive.Client(resolve=names) as client:
            response = client.get(url)
            assert response.text == "ok"
            found.append(response.info.timings.connect)
    return found


# RFC 8305: an address that says nothing has so long before the next is tried.
ATTEMPT_DELAY = 0.25


@scenario
def an_address_that_is_dead_costs_its_wait_once(way: Way) -> None:
    names = f"dead.test:8080:10.77.0.250,{way.address}"
    first, *others = connect_times(names, ["http://dead.test:8080/ok"] * 5)
    assert first >= ATTEMPT_DELAY
    # One of them may have been kept from running by other work, not all.
    assert min(others) < ATTEMPT_DELAY / 2, others


@scenario
def ipv6_that_goes_nowhere_costs_its_wait_at_one_name(way: Way) -> None:
    names = " ".join(f"six{n}.test:8080:fd77::{n + 2},{way.address}" for n in range(5))
    first, *others = connect_times(names, [f"http://six{n}.test:8080/ok" for n in range(5)])
    assert first >= ATTEMPT_DELAY
    assert min(others) < ATTEMPT_DELAY / 2, others


NGINX = """
daemon off; pid {work}/nginx.pid; error_log {work}/error.log warn; events {{ }}
http {{
    access_log off;
    client_body_temp_path {work}/a; proxy_temp_path {work}/b; fastcgi_temp_path {work}/c;
    uwsgi_temp_path {work}/d; scgi_temp_path {work}/e;
    ssl_certificate {work}/cert.pem; ssl_certificate_key {work}/key.pem;
    ssl_protocols TLSv1.3; ssl_session_cache shared:s:1m; ssl_early_data on;
    server {{ listen {address}:8443 ssl; location / {{ return 200 ok; }} }}
}}
"""


@contextlib.contextmanager
def nginx(way: Way) -> Iterator[str]:
    """One with early data, beyond the wire; gives the file of its certificate."""
    with tempfile.TemporaryDirectory() as work:
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=nginx"]
        names = ["-addext", f"subjectAltName=IP:{way.address}"]
        files = ["-keyout", f"{work}/key.pem", "-out", f"{work}/cert.pem"]
        subprocess.run(["openssl", "req", "-x509", *key, *names, *files], check=True, capture_output=True)
        Path(work, "nginx.conf").write_text(NGINX.format(work=work, address=way.address))
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        enter = ["nsenter", f"--net=/proc/{way.server}/ns/net"]
        command = [*enter, binary, "-p", work, "-c", f"{work}/nginx.conf", "-e", f"{work}/error.log"]
        with subprocess.Popen(command) as process:
            try:
                while socket.socket().connect_ex((way.address, 8443)) != 0:
                    assert process.poll() is None, Path(work, "error.log").read_text()
                yield f"{work}/cert.pem"
            finally:
                process.terminate()


@scenario
def early_data_saves_a_round_trip(way: Way) -> None:
    url = f"https://{way.address}:8443/"
    best: dict[bool, float] = {}
    with nginx(way) as certificate:
        way.do("delay", s=0.05)
        for early in (False, True):
            with libkeepalive.Client(ca_file=certificate, tls_early_data=early) as client:
                client.get(url)
                client.get(url)  # takes in what came behind the first answer: tickets
                totals = []
                for _ in range(3):
                    client.network_changed()
                    response = client.get(url)
                    tls = response.info.tls
                    assert tls is not None and tls.resumed and tls.early == early, tls
                    totals.append(response.info.timings.total)
                    client.get(url)
                best[early] = min(totals)
    print(f"resumed, 100 ms there and back: {best[False]:.3f} s, with early data {best[True]:.3f} s")
    # TCP, TLS, request; and without the one for TLS.
    assert best[False] >= 0.3 and 0.2 <= best[True] < 0.3, best


@scenario
def pipelining_saves_round_trips(way: Way) -> None:
    way.do("delay", s=0.05)
    took: dict[int, float] = {}
    for depth in (1, 10):
        with libkeepalive.Client(max_per_host=2, pipelining=depth) as client:

            async def many(client: libkeepalive.Client = client) -> float:
                # Both connections have answered before.
                await asyncio.gather(*(client.aio.get(f"{way.base}/ok") for _ in range(2)))
                begun = time.monotonic()
                for response in await asyncio.gather(*(client.aio.get(f"{way.base}/ok") for _ in range(20))):
                    assert response.text == "ok" and response.info.replays == 0
                return time.monotonic() - begun

            took[depth] = asyncio.run(many())
            stats = client.stats()
            assert (stats.opened, stats.pipelined) == (2, 0 if depth == 1 else 18), stats
    print(f"20 requests over 2 connections, 100 ms there and back: {took[1]:.2f} s, with pipelining {took[10]:.2f} s")
    # Ten round trips one after the other; or two at the very least, with room for a busy machine.
    assert took[1] >= 1.0 and took[10] < took[1] / 2, took


@scenario
def a_hundred_milliseconds_there_and_back(way: Way) -> None:
    way.do("delay", s=0.05)
    url = f"{way.base}/ok"
    with libkeepalive.Client() as client:
        timings = ok(client, way).info.timings
        assert timings.connect >= 0.1 and timings.wait >= 0.1, timings
        again = ok(client, way)
        assert again.info.reused and again.info.timings.connect == 0
        assert again.info.timings.wait >= 0.1

        async def many() -> None:
            for response in await asyncio.gather(*(client.aio.get(url) for _ in range(40))):
                assert response.text == "ok"

        asyncio.run(many())
        length = 500_000
        assert client.post(f"{way.base}/", content=b"x" * length).text == str(length)
    # A connection that is there before the request saves it the handshake.
    with libkeepalive.Client() as client:
        assert client.warm(way.base, 2) == 2
        for _ in range(2):
            info = ok(client, way).info
            assert info.timings.connect == 0 and info.timings.total >= 0.1, info.timings
        assert client.stats().opened == 2
    # Limits below the way are kept, those above do no harm.
    with libkeepalive.Client(connect_timeout=0.05) as client:
        with pytest.raises(libkeepalive.ConnectTimeout):
            client.get(url)
    with libkeepalive.Client(header_timeout=0.05) as client:
        with pytest.raises(libkeepalive.ReadTimeout):
            client.get(url)
