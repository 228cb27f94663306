"""Server-sent events, facts of responses by others' names, paths as files; by the origin that misbehaves as told."""

from __future__ import annotations

import asyncio
import io
import threading
from pathlib import Path

import pytest
import trio

import libkeepalive
from libkeepalive import Client
from libkeepalive.testing import Answer, Origin


def test_an_origin_misbehaves_as_it_is_told():
    with Origin() as origin, Client() as client:
        origin.script(Answer(503), Answer(200, "pieces", chunked=True, chunk_size=2))
        assert client.get(origin.url).status_code == 503
        assert client.get(origin.url).text == "pieces"
        assert origin.connections == 1 and [r.connection for r in origin.requests] == [1, 1]
        origin.script(Answer(200, b"x" * 100, truncate=10))
        with pytest.raises(libkeepalive.RemoteDisconnected):
            client.get(origin.url)
        origin.script(Answer(200, b"x" * 100, truncate=10, reset=True))
        with pytest.raises(ConnectionError):
            client.get(origin.url)
        origin.script(Answer(drop=True))
        with pytest.raises(libkeepalive.RemoteDisconnected):
            client.post(origin.url)
        origin.script(Answer(raw=b"nonsense\r\n\r\n", close=True))
        with pytest.raises(libkeepalive.RemoteProtocolError):
            client.get(origin.url)
        origin.script(Answer(delay=60))
        with pytest.raises(libkeepalive.ReadTimeout):
            client.get(origin.url, timeout=0.05)
        origin.route("/a", Answer(200, "a"))
        assert client.get(origin.url + "/a?b").text == "a"
        done = threading.Event()

        def ask() -> None:
            with pytest.raises(libkeepalive.HTTPError):
                client.get(origin.url)
            done.set()

        before = len(origin.requests)
        thread = threading.Thread(target=ask)
        thread.start()
        origin.wait_for(before + 1)
        origin.close()
        assert done.wait(20)
        thread.join()


EVENTS = (
    b"\xef\xbb\xbf: comment\r\n\r\nid: 7\r\nretry: 250\r\ndata: one\r\ndata: two\r\n\r\n"
    b"event: named\ndata:\xc3\xa4\n\n\nid\ndata: {\"a\": 1}\n\nretry: x\ndata: not ended"
)


def test_events_are_read_as_they_come():
    fields = {"Content-Type": "text/event-stream; charset=latin-1"}
    with Origin() as origin, Client() as client:
        for size in (1, 3, 1000):
            origin.script(Answer(200, EVENTS, fields, chunked=True, chunk_size=size))
            with client.sse(origin.url, last_event_id="6", headers={"X": "y"}) as source:
                events = list(source)
                assert source.response.status_code == 200
            one, two, three = events
            assert (one.event, one.data, one.id, one.retry) == ("message", "one\ntwo", "7", 250)
            assert (two.event, two.data, two.id, two.retry) == ("named", "\u00e4", "7", None)
            assert three.json() == {"a": 1} and three.id == "" and source.retry == 250
        asked = origin.requests[-1]
        assert asked.header("Accept") == "text/event-stream" and asked.header("X") == "y"
        assert asked.header("Last-Event-ID") == "6"
        origin.script(Answer(200, "no events"))
        with client.sse(origin.url) as source, pytest.raises(libkeepalive.SSEError):
            list(source)
        origin.script(Answer(200, b"data: " + b"x" * 5000, fields))
        with client.sse(origin.url, max_event_size=1000) as source:
            with pytest.raises(libkeepalive.SSEError, match="1000"):
                list(source)

        async def main() -> None:
            origin.script(Answer(200, EVENTS, fields, chunked=True, chunk_size=5))
            async with client.aio.sse(origin.url) as source:
                assert [event.data async for event in source][0] == "one\ntwo"

        asyncio.run(main())
        trio.run(main)


def test_facts_by_the_names_of_others():
    fields = {"Link": '<http://h/?p=2>; rel="next", <x>; rel=last; title="a, b"'}
    with Origin() as origin, Client() as client:
        origin.script(Answer(200, "abc", fields), Answer(404, reason="Not Found"), Answer(503))
        with client.get(origin.url) as response:
            assert response.ok and response.reason == "OK" and not response.is_informational
            assert b"".join(response.iter_content(2)) == b"abc"
        assert response.links["next"] == {"url": "http://h/?p=2", "rel": "next"}
        assert response.links["last"] == {"url": "x", "rel": "last", "title": "a, b"}
        missing = client.get(origin.url)
        assert missing.is_client_error and not missing.ok and not missing.is_server_error
        assert missing.links == {} and missing.status_code == libkeepalive.codes.NOT_FOUND
        assert client.get(origin.url).is_server_error
    assert libkeepalive.codes.not_found == 404 and libkeepalive.codes(404).phrase == "Not Found"
    assert libkeepalive.codes.is_error(500) and not libkeepalive.codes.is_success(404)


def test_paths_are_files_of_a_form(tmp_path: Path):
    path = tmp_path / "name.txt"
    path.write_bytes(b"x" * 300_000)

    async def main(url: str, client: Client) -> None:
        await client.aio.post(url, files={"f": path})

    with Origin() as origin, Client() as client:
        client.post(origin.url, files={"f": path, "g": ("other", path, "text/x")}, data={"k": "v"})
        asyncio.run(main(origin.url, client))
        first, second = origin.requests
        assert first.header("Content-Length") == str(len(first.body))
        assert first.body.count(b"x" * 300_000) == 2 and b'filename="name.txt"' in first.body
        assert b'filename="other"' in first.body and second.body.count(b"x" * 300_000) == 1
        for wrong in (tmp_path / "none", tmp_path):
            with pytest.raises(libkeepalive.InvalidArgument, match="files: cannot send the file"):
                client.post(origin.url, files={"f": wrong})
        with path.open("rb") as file, pytest.raises(FileNotFoundError):
            client.post(origin.url, files={"f": tmp_path / "none", "g": file})


def test_a_path_that_shrinks_or_vanishes_is_no_complete_request(tmp_path: Path):
    path = tmp_path / "big"
    shrink, vanish = (lambda: path.write_bytes(b"x")), path.unlink

    class Before(io.BytesIO):
        """Is sent before the file, and changes it."""

        def read(self, size: int | None = -1) -> bytes:
            change()
            return super().read(size)

    with Origin() as origin, Client() as client:
        # By the engine: after the look at the file, before its first byte.
        for change, error in ((shrink, libkeepalive.LocalProtocolError), (vanish, libkeepalive.BodySourceFailed)):
            client.event_hooks = {"request": [lambda _, change=change: change()]}
            for body in ({"content": path}, {"files": {"f": path}}):
                path.write_bytes(b"x" * 100_000)
                with pytest.raises(error):
                    client.post(origin.url, **body)

                async def main(body=body) -> None:
                    await client.aio.post(origin.url, **body)

                path.write_bytes(b"x" * 100_000)
                with pytest.raises(error):
                    asyncio.run(main())
        # In Python, where there are files beside it.
        client.event_hooks = {}
        for change, error in ((shrink, libkeepalive.LocalProtocolError), (vanish, FileNotFoundError)):
            path.write_bytes(b"x" * 600_000)
            with pytest.raises(error):
                client.post(origin.url, files={"a": Before(b"before"), "f": path})
        assert origin.requests == []
