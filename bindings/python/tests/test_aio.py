"""asyncio: awaitables, batches, cancellation, streams, many loops over one pool; also on uvloop."""

from __future__ import annotations

import asyncio
import base64
import contextvars
import gc
import inspect
import io
import threading
import weakref
from unittest.mock import AsyncMock, create_autospec

import pytest

import libkeepalive
from conftest import Server
from helpers import eventfds

@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_each_method_function_sends_its_method(run, aio, origin, method):
    async def main():
        response = await getattr(aio, method)(origin.http + "/echo")
        assert response.json()["method"] == method.upper()

    run(main())


def test_a_response_is_whole(run, aio, origin):
    async def main():
        response = await aio.get(origin.https + "/json", params={"a": 1})
        assert response.json()["id"] == 12345 and response.url.endswith("/json?a=1")
        assert await response.aread() == response.content
        assert [piece async for piece in response.aiter_bytes(20)] == list(response.iter_bytes(20))
        assert [line async for line in response.aiter_lines()] == [response.text]
        await response.aclose()
        assert (await aio.head(origin.http + "/head-only")).content == b""
        assert (await aio.request("PURGE", origin.http + "/echo")).json()["method"] == "PURGE"

    run(main())


def test_awaitables_work_wherever_coroutines_do(run, aio, origin):
    async def main():
        url = origin.http + "/json"
        results = [
            await asyncio.create_task(aio.get(url)),
            await asyncio.wait_for(aio.get(url), 20),
            await asyncio.ensure_future(aio.get(url)),
            await asyncio.shield(aio.get(url)),
            *await asyncio.gather(*[aio.get(url) for _ in range(100)]),
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(aio.get(url)) for _ in range(10)]
        results += [task.result() for task in tasks]
        for done in asyncio.as_completed([aio.get(url), aio.get(url)]):
            results.append(await done)
        assert {response.status_code for response in results} == {200} and len(results) == 116

    run(main())


def test_a_request_starts_when_it_is_awaited(aio, origin):
    response = asyncio.run(aio.get(origin.http + "/ok"))
    assert response.text == "ok"
    before = aio.stats()
    pending = aio.get(origin.http + "/ok")
    assert aio.stats() == before
    pending.close()

    async def twice():
        call = aio.get(origin.http + "/ok")
        await call
        with pytest.raises(RuntimeError, match="awaited"):
            await call

    asyncio.run(twice())


COROUTINES = {
    libkeepalive.AsyncClient: (
        *("get", "head", "options", "post", "put", "patch", "delete", "request"),
        *("download", "send", "warm", "aclose", "__aenter__", "__aexit__"),
    ),
    libkeepalive.AsyncStream: ("__aenter__", "__aexit__"),
    libkeepalive.Response: ("aread", "aclose", "__aenter__", "__aexit__"),
}


def test_they_are_coroutines_in_everybody_s_eyes():
    for cls, names in COROUTINES.items():
        assert {name for name, each in vars(cls).items() if inspect.iscoroutinefunction(each)} == {
            *names
        }
        for name in names:
            method = getattr(cls, name)
            assert method.__qualname__ == f"{cls.__name__}.{name}"
            assert method.__module__ == "libkeepalive"
            assert method.__doc__ or name.startswith("__")


def test_a_mock_of_the_client_is_awaited(origin):
    async def main():
        mock = AsyncMock(spec=libkeepalive.AsyncClient)
        mock.get.return_value = "answer"
        assert await mock.get("http://h/") == "answer"
        mock.get.assert_awaited_once_with("http://h/")
        for name in COROUTINES[libkeepalive.AsyncClient]:
            if not name.startswith("__"):
                assert isinstance(getattr(mock, name), AsyncMock), name
        for name in ("stats", "stream", "network_changed"):
            assert not isinstance(getattr(mock, name), AsyncMock), name
        autospec = create_autospec(libkeepalive.AsyncClient, instance=True)
        autospec.post.return_value = 1
        assert await autospec.post("http://h/", json=1) == 1

    asyncio.run(main())


def test_a_forgotten_await_warns(client, origin):
    async def main():
        async with client.aio.stream("GET", origin.http + "/ok") as response:
            forgotten = (
                lambda: client.aio.get(origin.http + "/ok"),
                lambda: client.aio.post(origin.http + "/ok", content=io.BytesIO(b"x")),
                lambda: client.aio.request("GET", origin.http + "/ok"),
                lambda: client.aio.warm(origin.http),
                lambda: client.aio.aclose(),
                lambda: client.aio.__aenter__(),
                lambda: client.aio.stream("GET", origin.http).__aenter__(),
                lambda: response.aread(),
                lambda: response.aclose(),
            )
            for call in forgotten:
                with pytest.warns(RuntimeWarning, match="was never awaited"):
                    call()
            assert await response.aread() == b"ok"

    asyncio.run(main())
    assert not client.is_closed


def test_closing_a_coroutine_cancels_its_request(origin):
    async def main():
        async with libkeepalive.AsyncClient(max_per_host=1) as client:
            call = client.get(origin.http + "/gate/python-close")
            call.send(None)
            await asyncio.to_thread(origin.ask, "/_gate/python-close/wait?n=1")
            call.close()
            assert (await client.get(origin.http + "/ok", timeout=20)).text == "ok"
            assert client.stats().active == 0

    asyncio.run(main())


def test_errors_are_raised_where_it_is_awaited(run, aio, origin):
    async def main():
        with pytest.raises(libkeepalive.ReadTimeout):
            await aio.get(origin.http + "/stall", timeout=0.05)
        with pytest.raises(libkeepalive.RemoteProtocolError) as raised:
            await asyncio.create_task(aio.post(origin.http + "/close"))
        assert raised.value.request == ("POST", origin.http + "/close")
        results = await asyncio.gather(
            aio.get(origin.http + "/ok"), aio.get(origin.http + "/reset"), return_exceptions=True
        )
        assert results[0].text == "ok" and isinstance(results[1], libkeepalive.ReadError)
        with pytest.raises(TypeError, match="unknown argument crumbs"):
            await aio.get(origin.http + "/ok", crumbs={})

    run(main())


def test_without_a_loop_there_is_a_clear_error(aio, origin):
    with pytest.raises(libkeepalive.InvalidState, match="no running event loop"):
        aio.get(origin.http + "/ok").send(None)


def test_cancelling_the_task_cancels_the_request(run, origin):
    async def main():
        async with libkeepalive.AsyncClient(max_per_host=1) as client:
            gate = "python-cancel"
            for how in ("task", "timeout", "before"):
                task = asyncio.create_task(client.get(f"{origin.http}/gate/{gate}"))
                if how != "before":
                    await asyncio.to_thread(origin.ask, f"/_gate/{gate}/wait?n=1")
                if how == "timeout":
                    with pytest.raises(TimeoutError):
                        await asyncio.wait_for(task, 0)
                else:
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                # The slot is back: with one connection allowed, the next request gets through.
                assert (await client.get(origin.http + "/ok", timeout=20)).text == "ok"
            assert client.stats().active == 0 and client.stats().waiting == 0

    run(main())


def test_cancelling_a_direct_await(run, origin):
    async def main():
        async with libkeepalive.AsyncClient(max_per_host=1) as client:

            async def ask():
                return await client.get(origin.http + "/gate/python-direct")

            task = asyncio.create_task(ask())
            await asyncio.to_thread(origin.ask, "/_gate/python-direct/wait?n=1")
            waiting = asyncio.create_task(client.get(origin.http + "/ok"))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await waiting).text == "ok"

    run(main())


def test_a_streamed_response_is_read_on_demand(run, aio, origin):
    async def main():
        expected = (await aio.get(origin.http + "/bytes/300000")).content
        url = origin.http + "/bytes/300000"
        async with aio.stream("GET", url) as response:
            with pytest.raises(libkeepalive.ResponseNotRead):
                response.content  # noqa: B018
            assert b"".join([piece async for piece in response.aiter_bytes()]) == expected
            with pytest.raises(libkeepalive.StreamConsumed):
                response.aiter_bytes()
        async with aio.stream("GET", url) as response:
            assert await response.aread() == expected == response.content
        async with aio.stream("GET", url) as response:
            sizes = [len(piece) async for piece in response.aiter_bytes(100_000)]
            assert sizes == [100_000] * 3
        async with aio.stream("POST", origin.http + "/echo-body", content="a\r\nb") as response:
            assert [line async for line in response.aiter_lines()] == ["a", "b"]

    run(main())


def test_a_stream_left_early_is_closed(run, aio, origin):
    async def main():
        async with aio.stream("GET", origin.http + "/bytes/50000000") as response:
            async for _ in response.aiter_bytes():
                break
        assert response.is_closed
        with pytest.raises(libkeepalive.StreamConsumed):
            await response.aread()
        async with aio.stream("GET", origin.http + "/stall-body?n=10&sent=2") as response:
            pieces = response.aiter_bytes()
            assert len(await anext(pieces)) == 2
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(pieces), 0.05)
        assert (await aio.get(origin.http + "/ok")).text == "ok"

    run(main())


def test_a_broken_body_fails_while_it_is_read(run, aio, origin):
    async def main():
        timeout = libkeepalive.Timeout(20, read=0.1)
        url = origin.http + "/stall-body?n=10&sent=4"
        async with aio.stream("GET", url, timeout=timeout) as response:
            received = b""
            with pytest.raises(libkeepalive.ReadTimeout):
                async for piece in response.aiter_bytes():
                    received += piece
        assert len(received) == 4
        async with aio.stream("GET", url, timeout=timeout) as response:
            with pytest.raises(libkeepalive.ReadTimeout):
                await response.aread()

    run(main())


def test_bodies_are_sent_from_async_iterables(run, aio, origin, tmp_path):
    variable: contextvars.ContextVar[bytes] = contextvars.ContextVar("variable")

    async def generator():
        for piece in (b"one", b"", variable.get()):
            await asyncio.sleep(0)
            yield piece

    async def main():
        variable.set(b"two")
        echo = (await aio.post(origin.http + "/echo", content=generator())).json()
        assert base64.b64decode(echo["body_b64"]) == b"onetwo"
        response = await aio.post(origin.http + "/echo-body", content=[b"x" * 100_000] * 20)
        assert response.content == b"x" * 2_000_000
        path = tmp_path / "file"
        path.write_bytes(b"f" * 200_000)
        with path.open("rb") as file:
            response = await aio.put(origin.http + "/upload-count", content=file)
        assert response.text.strip() == "200000"
        response = await aio.post(origin.http + "/echo-body", data={"a": "b"})
        assert response.content == b"a=b"

    run(main())


def test_the_source_s_own_exception_comes_through(run, aio, origin):
    class Mine(Exception):
        pass

    async def broken():
        yield b"x"
        raise Mine("broken")

    async def main():
        with pytest.raises(Mine, match="broken"):
            await aio.post(origin.http + "/echo", content=broken())
        with pytest.raises(TypeError, match="pieces of bytes, got int"):
            await aio.post(origin.http + "/echo", content=[1])
        assert (await aio.get(origin.http + "/ok")).text == "ok"

    run(main())


def test_an_upload_that_ends_early_closes_its_source(run, aio, origin):
    class Endless:
        def __init__(self) -> None:
            self.started = self.closed = False

        async def __aiter__(self):
            self.started = True
            try:
                while True:
                    yield b"x" * 65536
            finally:
                self.closed = True

    async def main():
        source = Endless()
        response = await aio.post(origin.http + "/early?status=413", content=source)
        assert response.status_code == 413
        sources = [source]
        for _ in range(3):
            sources.append(source := Endless())
            task = asyncio.create_task(aio.post(origin.http + "/echo", content=source))
            while not source.started:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return sources

    # The last of them may be closed as late as with the loop's other tasks.
    assert all(source.closed == source.started for source in run(main()))


def test_the_two_forms_share_one_pool(origin):
    with libkeepalive.Client() as client:
        first = client.get(origin.http + "/json")

        async def main():
            return await client.aio.get(origin.http + "/json")

        second = asyncio.run(main())
        third = client.get(origin.http + "/json")
        ids = {response.info.connection_id for response in (first, second, third)}
        assert len(ids) == 1 and client.stats() == client.aio.stats()


def test_one_client_serves_many_loops(run, origin):
    client = libkeepalive.AsyncClient()

    async def main():
        return [(await client.get(origin.http + "/json")).status_code for _ in range(5)]

    for _ in range(3):
        assert run(main()) == [200] * 5
    results: list[list[int]] = []
    threads = [threading.Thread(target=lambda: results.append(run(main()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[200] * 5] * 4
    asyncio.run(client.aclose())
    assert client.is_closed


def test_loops_are_not_kept_alive(run, aio, origin):
    loops = []

    async def main():
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await aio.get(origin.http + "/ok")
        # Left unfinished: its loop ends first.
        task = asyncio.create_task(aio.get(origin.http + "/gate/python-loops"))
        await asyncio.to_thread(origin.ask, "/_gate/python-loops/wait?n=1")
        task.cancel()

    run(main())
    before = eventfds()
    for _ in range(5):
        run(main())
    gc.collect()
    assert [loop() for loop in loops] == [None] * 6
    assert eventfds() <= before


def test_the_shared_client_is_one(run, origin):
    libkeepalive.get(origin.http + "/ok")

    async def main():
        response = await libkeepalive.AsyncClient.shared().get(origin.http + "/ok")
        assert response.info.reused

    run(main())


def test_a_closed_client_says_so(run, origin):
    async def main():
        async with libkeepalive.AsyncClient() as client:
            await client.get(origin.http + "/ok")
            assert "AsyncClient" in repr(client)
        with pytest.raises(libkeepalive.InvalidState, match="client is closed"):
            await client.get(origin.http + "/ok")

    run(main())


def test_debug_mode_has_no_complaints(aio, origin, caplog):
    async def main():
        await asyncio.gather(*[aio.get(origin.http + "/json") for _ in range(20)])
        task = asyncio.create_task(aio.get(origin.http + "/stall"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(main(), debug=True)
    gc.collect()
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


def test_nginx_and_an_asyncio_server(run, nginx: Server, asyncio_server: Server):
    async def main():
        async with libkeepalive.AsyncClient(ca_file=nginx.ca_file) as client:
            for base in (nginx.http, nginx.https):
                responses = await asyncio.gather(*[client.get(f"{base}/text") for _ in range(50)])
                assert {response.text for response in responses} == {"hello from nginx\n"}
                assert len((await client.get(f"{base}/files/big.txt")).content) == 320_000

            async def pieces():
                for _ in range(10):
                    yield b"y" * 10_000

            echo = await client.post(asyncio_server.http, content=pieces())
            assert echo.content == b"y" * 100_000
            assert (await client.get(asyncio_server.http + "/x")).info.reused

    run(main())
