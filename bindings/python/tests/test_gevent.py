"""A process that gevent has patched: blocking calls leave the hub to the other greenlets."""

from __future__ import annotations

import pytest

from helpers import printed

PRELUDE = """
import sys
from gevent import monkey
monkey.patch_all()
import gevent, http.client, threading
import libkeepalive
url = sys.argv[1]

def ask(path):
    # Through patched sockets: it needs the hub.
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, (path, answer.status)
    return body
"""


def run(origin, script: str) -> None:
    # gevent tells of each greenlet that fails.
    assert printed(script, origin.http, before=PRELUDE, quiet=False) == "done\n"


def test_other_greenlets_go_on_while_one_waits(origin):
    run(
        origin,
        """
        with libkeepalive.Client(ca_file=None) as client:
            waiting = [gevent.spawn(client.get, url + "/gate/gevent") for _ in range(5)]
            ask("/_gate/gevent/wait?n=5")
            ask("/_gate/gevent/open")
            gevent.joinall(waiting, timeout=20, raise_error=True)
            assert [each.value.text for each in waiting] == ["ok"] * 5
            # Threads are greenlets, too, and the module's functions are as good.
            results = []
            thread = threading.Thread(
                target=lambda: results.append(libkeepalive.get(url + "/gate/gevent-2").text)
            )
            thread.start()
            ask("/_gate/gevent-2/wait?n=1")
            ask("/_gate/gevent-2/open")
            thread.join()
            assert results == ["ok"]
        print("done")
        """,
    )


def test_a_body_is_waited_for_in_the_pool(origin):
    run(
        origin,
        """
        def read():
            with client.stream("GET", url + "/gate-body/gevent-body?n=10&sent=4") as response:
                return b"".join(response.iter_bytes())

        def pieces():
            yield b"a"
            ask("/_gate/gevent-up/wait?n=1")
            yield b"b"

        with libkeepalive.Client() as client:
            reading = gevent.spawn(read)
            ask("/_gate/gevent-body/wait?n=1")
            ask("/_gate/gevent-body/open")
            assert len(reading.get(timeout=20)) == 10
            large = gevent.spawn(client.get, url + "/gate-body/gevent-large?n=200000&sent=100000")
            ask("/_gate/gevent-large/wait?n=1")
            ask("/_gate/gevent-large/open")
            assert len(large.get(timeout=20).content) == 200000
            gate = gevent.spawn(client.get, url + "/gate/gevent-up")
            assert client.post(url + "/echo-body", content=pieces()).content == b"ab"
            ask("/_gate/gevent-up/open")
            gate.get(timeout=20)
            assert client.warm(url, 3) >= 0
        print("done")
        """,
    )


def test_a_stream_is_read_and_written_in_the_pool(origin):
    run(
        origin,
        """
        with libkeepalive.Client(ca_file=None) as client:
            fields = {"Connection": "Upgrade", "Upgrade": "echo"}
            stream = client.get(url + "/upgrade?first=", headers=fields).take_stream()
            reader = gevent.spawn(stream.recv, 100)
            assert ask("/ok") == b"ok"
            large = bytes(1 << 20)
            writer = gevent.spawn(stream.sendall, b"x" + large)
            came = reader.get(timeout=20)
            while len(came) < len(large) + 1:
                came += stream.recv(65536)
            writer.get(timeout=20)
            assert came == b"x" + large
            stream.shutdown()
            assert stream.recv(1) == b""
            stream.close()
        print("done")
        """,
    )


@pytest.mark.parametrize("how", ["timeout", "kill"])
def test_what_is_raised_in_the_greenlet_ends_the_call(origin, how):
    run(
        origin,
        f"""
        how = {how!r}
        with libkeepalive.Client(max_per_host=1) as client:
            def wait():
                with gevent.Timeout(0.1 if how == "timeout" else 20):
                    client.get(url + "/gate/gevent-end")
            greenlet = gevent.spawn(wait)
            if how == "kill":
                ask("/_gate/gevent-end/wait?n=1")
                greenlet.kill()
                assert isinstance(greenlet.value, gevent.GreenletExit)
            else:
                try:
                    greenlet.get(timeout=20)
                except gevent.Timeout as raised:
                    assert "0.1" in str(raised), raised
                else:
                    raise AssertionError
            # Its connection's place is free again.
            assert client.get(url + "/ok", timeout=20).text == "ok"
            assert client.stats().active == 0
            # One that never got a thread does nothing, even later.
            pool = gevent.get_hub().threadpool
            # The original Event has gevent's locks inside, which threads that wait can hang at.
            native = monkey.get_original("_thread", "allocate_lock")()
            native.acquire()
            def block():
                with native:
                    pass
            blockers = [pool.spawn(block) for _ in range(pool.maxsize)]
            late = gevent.spawn(client.get, url + "/ok?key=gevent-late")
            gevent.sleep(0)
            late.kill()
            native.release()
            gevent.joinall(blockers, timeout=20, raise_error=True)
            assert client.get(url + "/ok").text == "ok"
            assert ask("/_journal?key=gevent-late") == b"[]"
        print("done")
        """,
    )


def test_errors_and_exceptions_come_through(origin):
    run(
        origin,
        """
        class Mine(Exception):
            pass
        def pieces():
            yield b"x"
            raise Mine
        with libkeepalive.Client() as client:
            for call, kind in (
                (lambda: client.get(url + "/stall", timeout=0.1), libkeepalive.ReadTimeout),
                (lambda: client.post(url + "/echo", content=pieces()), Mine),
                (lambda: client.get("http://"), libkeepalive.InvalidURL),
            ):
                try:
                    call()
                except kind:
                    pass
                else:
                    raise AssertionError(kind)
            # A thread of the pool itself just blocks.
            pool = gevent.get_hub().threadpool
            assert pool.apply(client.get, (url + "/ok",)).text == "ok"
        print("done")
        """,
    )


def test_gevent_alone_changes_nothing(origin):
    script = """
        import sys, gevent, gevent.monkey, libkeepalive
        assert libkeepalive.get(sys.argv[1] + "/ok").text == "ok"
        from libkeepalive import _gevent
        gevent.sleep(0)
        assert _gevent.pool() is None
        print("done")
    """
    assert printed(script, origin.http) == "done\n"
