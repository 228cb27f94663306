"""Downloads: to a path, a descriptor, an object; taken up again; progress as a callable and as a bar."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import trio

import libkeepalive

BODY = b"0123456789abcdefghij"


class Breaking:
    """Answers the n-th request with the n-th of these bytes and closes; the last one serves on."""

    def __init__(self, *answers: bytes) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/file"
        self.answers = list(answers)
        self.heads: list[bytes] = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            with connection:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += connection.recv(4096)
                self.heads.append(head)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                connection.sendall(answer)


def whole(sent: int) -> bytes:
    return b'HTTP/1.1 200 OK\r\nETag: "one"\r\nContent-Length: 20\r\n\r\n' + BODY[:sent]


def rest(start: int) -> bytes:
    head = f"HTTP/1.1 206 OK\r\nContent-Range: bytes {start}-19/20\r\nContent-Length: {20 - start}\r\n\r\n"
    return head.encode() + BODY[start:]


def right(data: bytes) -> bool:
    return all(byte == at % 251 for at, byte in enumerate(data))


def test_a_path_gets_the_whole_body(client, aio, origin, run, tmp_path: Path):
    url = origin.http + "/bytes/1000000"
    for number, path in enumerate([tmp_path / "a", str(tmp_path / "b"), os.fsencode(tmp_path / "c")]):
        response = client.download(url, path, fsync=number == 0)
        assert response.status_code == 200
        assert response.saved == response.saved
        assert (response.saved.bytes, response.saved.kept, response.saved.resumes) == (1000000, 0, 0)
        assert right(Path(os.fsdecode(path)).read_bytes())
        assert response.content == b""
    response = run(aio.download(url, tmp_path / "d", resume=True))
    assert response.saved.bytes == 1000000
    assert trio.run(aio.download, url, tmp_path / "e").saved.bytes == 1000000
    assert right((tmp_path / "d").read_bytes()) and right((tmp_path / "e").read_bytes())
    assert libkeepalive.download(origin.http + "/ok", tmp_path / "f").saved.bytes == 2
    assert sorted(os.listdir(tmp_path)) == list("abcdef")


def test_a_status_that_is_not_2xx_writes_nothing(client, aio, origin, run, tmp_path: Path):
    url = origin.http + "/status/404"
    for response in [client.download(url, tmp_path / "a"), run(aio.download(url, tmp_path / "a"))]:
        assert response.saved is None
        assert response.text == "404"
        with pytest.raises(libkeepalive.HTTPStatusError):
            response.raise_for_status()
    assert os.listdir(tmp_path) == []


def test_arguments_of_requests_are_those_of_downloads(client, origin, tmp_path: Path):
    response = client.download(
        origin.http + "/ok",
        tmp_path / "a",
        method="post",
        raw_target="/echo?a",
        content=iter([b"x", b"y"]),
        headers={"User-Agent": None},
    )
    assert response.saved is not None
    echoed = (tmp_path / "a").read_text()
    assert '"method":"POST"' in echoed and '"target":"/echo?a"' in echoed
    assert "User-Agent" not in echoed


def test_a_break_is_taken_up(client, aio, run, tmp_path: Path):
    for get in [client.download, lambda *args: run(aio.download(*args))]:
        server = Breaking(whole(5), rest(5))
        response = get(server.url, tmp_path / "file")
        assert (response.saved.bytes, response.saved.resumes) == (20, 1)
        assert (tmp_path / "file").read_bytes() == BODY
        assert b'\r\nRange: bytes=5-\r\nIf-Range: "one"\r\n' in server.heads[1]
        os.remove(tmp_path / "file")


def test_a_part_is_kept_and_gone_on_with(client, tmp_path: Path):
    server = Breaking(whole(5), b"")
    with pytest.raises(libkeepalive.RemoteDisconnected):
        client.download(server.url, tmp_path / "file", resume=True)
    assert sorted(os.listdir(tmp_path)) == ["file.part", "file.part.info"]
    server.answers = [rest(5)]
    response = client.download(server.url, tmp_path / "file", resume=True)
    assert (response.saved.bytes, response.saved.kept) == (20, 5)
    assert (tmp_path / "file").read_bytes() == BODY
    assert os.listdir(tmp_path) == ["file"]


def test_what_never_fits_is_an_error(client, tmp_path: Path):
    server = Breaking(whole(5), rest(6))
    with pytest.raises(libkeepalive.ResumeFailed):
        client.download(server.url, tmp_path / "file")
    assert os.listdir(tmp_path) == []


def test_descriptors_and_objects_are_written_in_place(client, aio, origin, run, tmp_path: Path):
    url = origin.http + "/bytes/300000"
    buffer = io.BytesIO()
    buffer.write(b"<")
    client.download(url, buffer)
    assert buffer.getvalue()[:1] == b"<" and right(buffer.getvalue()[1:])
    buffer = io.BytesIO()
    run(aio.download(url, buffer))
    assert right(buffer.getvalue()) and len(buffer.getvalue()) == 300000
    with open(tmp_path / "a", "w+b") as file:
        file.write(b"<")
        client.download(url, file, fsync=True)
        file.write(b">")
        file.seek(0)
        data = file.read()
        assert (data[:1], data[-1:], len(data)) == (b"<", b">", 300002)
        file.truncate(0)
        file.seek(0)
        client.download(url, file.fileno())
        assert right((tmp_path / "a").read_bytes())
    # Another version begins where the first one did.
    server = Breaking(whole(5), whole(20))
    buffer = io.BytesIO(b"xx")
    buffer.seek(2)
    client.download(server.url, buffer)
    assert buffer.getvalue() == b"xx" + BODY


def test_what_an_object_raises_comes_through(client, aio, origin, run):
    class Full(io.RawIOBase):
        def write(self, data: Any) -> int:
            raise KeyError("full")

    with pytest.raises(KeyError, match="full"):
        client.download(origin.http + "/bytes/1000000", Full())
    with pytest.raises(KeyError, match="full"):
        run(aio.download(origin.http + "/bytes/1000000", Full()))
    assert client.stats().idle == 0


def test_where_nothing_can_be_written(client, aio, origin, run, tmp_path: Path):
    url = origin.http + "/bytes/1000000"
    for path, number in [(tmp_path, 21), (tmp_path / "no" / "file", 2), ("/dev/full", 28)]:
        with pytest.raises(libkeepalive.FileFailed) as raised:
            client.download(url, path)
        assert isinstance(raised.value, libkeepalive.HTTPError)
        assert f"{path}" in str(raised.value) and f"os error {number}" in str(raised.value)
        with pytest.raises(libkeepalive.FileFailed):
            run(aio.download(url, path))
    for path, error in [(None, TypeError), (1.5, TypeError), (True, TypeError), (-1, ValueError), ("", ValueError)]:
        with pytest.raises(error):
            client.download(url, path)
    with pytest.raises(OSError):
        client.download(url, 9999)
    with pytest.raises(TypeError, match="fsync"):
        client.download(url, tmp_path / "a", fsync=1)
    with pytest.raises(libkeepalive.InvalidArgument, match="resume"):
        client.download(url, io.BytesIO(), resume=True)
    with pytest.raises(TypeError, match="unknown argument"):
        client.download(url, tmp_path / "a", resumes=True)


def test_a_cancelled_download_leaves_nothing(aio, origin, tmp_path: Path):
    async def main() -> None:
        url = origin.http + "/gate-body/python-download?n=100&sent=50"
        task = asyncio.create_task(aio.download(url, tmp_path / "file"))
        await asyncio.to_thread(origin.ask, "/_gate/python-download/wait")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    while os.listdir(tmp_path):
        pass


def test_progress_is_told_of_downloads_and_whole_bodies(client, aio, origin, run, tmp_path: Path):
    url = origin.http + "/drip?count=30&ms=10&size=100"

    def check(seen: list[Any], total: int | None) -> None:
        assert [one.bytes for one in seen] == sorted(one.bytes for one in seen)
        last = seen[-1]
        assert (last.bytes, last.total, last.upload) == (3000, 3000, False)
        assert last.rate > 0
        assert len(seen) > 1 and all(one.total == total for one in seen[:-1])
        assert repr(last).startswith("Progress(bytes=3000, total=3000, rate=")

    for call in [
        lambda told: client.download(url, tmp_path / "a", progress=told),
        lambda told: client.get(url, progress=told),
        lambda told: run(aio.download(url, tmp_path / "a", progress=told)),
        lambda told: run(aio.get(url, progress=told)),
        lambda told: trio.run(lambda: aio.get(url, progress=told)),
    ]:
        seen: list[Any] = []
        response = call(seen.append)
        assert response.status_code == 200
        check(seen, None)


def test_progress_is_told_of_what_is_sent(client, aio, origin, run):
    def body():
        yield b"x" * 1000
        yield b"y" * 1000

    url = origin.http + "/upload-count"
    for content, size in [(b"x" * 300000, 300000), (body(), 2000)]:
        for call in [client.post, lambda *args, **more: run(aio.post(*args, **more))]:
            seen: list[Any] = []
            content = body() if size == 2000 else content
            assert call(url, content=content, progress=seen.append).text == str(size)
            up = [one for one in seen if one.upload]
            assert (up[-1].bytes, up[-1].total) == (size, size)
            assert not seen[-1].upload


def test_a_callback_that_raises_ends_the_request(client, aio, origin, run, tmp_path: Path):
    def told(progress: Any) -> None:
        raise KeyError("enough")

    url = origin.http + "/endless/plain"
    for call in [
        lambda: client.download(url, tmp_path / "a", progress=told),
        lambda: client.get(url, progress=told, timeout=20),
        lambda: run(aio.download(url, tmp_path / "a", progress=told)),
        lambda: run(aio.get(url, progress=told)),
        lambda: client.get(origin.http + "/ok", progress=told),
        lambda: run(aio.get(origin.http + "/ok", progress=told)),
    ]:
        with pytest.raises(KeyError, match="enough"):
            call()
    assert os.listdir(tmp_path) == []


def test_a_callback_may_use_its_client(client, origin, tmp_path: Path):
    seen = []

    def told(progress: Any) -> None:
        seen.append(client.get(origin.http + "/ok").text)

    client.download(origin.http + "/bytes/100000", tmp_path / "a", progress=told)
    assert seen and set(seen) == {"ok"}


def test_progress_has_to_be_callable(client, origin):
    url = origin.http + "/ok"
    with pytest.raises(TypeError, match="progress: expected a callable"):
        client.get(url, progress=7)
    with pytest.raises(ValueError, match="progress: 'curses' is no bar"):
        client.get(url, progress="curses")
    assert client.get(url, progress=False).text == "ok"


class FakeBar:
    made: list[FakeBar] = []

    def __init__(self, total: int | None = None, **_options: Any) -> None:
        self.total, self.n, self.closed = total, 0, False
        FakeBar.made.append(self)

    def update(self, count: int) -> None:
        self.n += count

    def close(self) -> None:
        self.closed = True


def test_a_bar_of_tqdm_is_shown_and_closed(client, aio, origin, run, monkeypatch):
    import importlib.machinery
    import types

    package, auto = types.ModuleType("tqdm"), types.ModuleType("tqdm.auto")
    package.__spec__ = importlib.machinery.ModuleSpec("tqdm", None)
    auto.tqdm = FakeBar
    package.auto = auto
    monkeypatch.setitem(sys.modules, "tqdm", package)
    monkeypatch.setitem(sys.modules, "tqdm.auto", auto)
    url = origin.http + "/bytes/100000"
    for call in [
        lambda: client.get(url, progress="tqdm"),
        lambda: client.get(url, progress=True),
        lambda: run(aio.get(url, progress="tqdm")),
    ]:
        FakeBar.made.clear()
        call()
        (bar,) = FakeBar.made
        assert (bar.n, bar.total, bar.closed) == (100000, 100000, True)


def test_a_bar_that_is_not_installed_says_what_to_install(client, origin, monkeypatch):
    import libkeepalive._progress

    monkeypatch.setattr(libkeepalive._progress, "find_spec", lambda name: None)
    for kind in ["tqdm", "rich"]:
        with pytest.raises(ImportError, match=f"pip install {kind}"):
            client.get(origin.http + "/ok", progress=kind)
    with pytest.raises(ImportError, match="neither tqdm nor rich"):
        client.get(origin.http + "/ok", progress=True)


def test_limits_on_speed(client, aio, origin, run):
    url = origin.http + "/stall-body?n=1000&sent=10"
    with pytest.raises(libkeepalive.TooSlow) as raised:
        client.get(url, min_speed=1000, min_speed_time=0.1)
    assert isinstance(raised.value, libkeepalive.TimeoutException)
    with pytest.raises(libkeepalive.TooSlow):
        run(aio.get(url, min_speed=1000, min_speed_time=0.1))
    with libkeepalive.Client(min_speed=1, min_speed_time=0.1) as other, pytest.raises(libkeepalive.TooSlow):
        other.get(url)
    assert client.get(origin.http + "/bytes/300000", max_speed=2_000_000).elapsed
    with pytest.raises(TypeError, match="max_speed"):
        client.get(url, max_speed=1.5)
