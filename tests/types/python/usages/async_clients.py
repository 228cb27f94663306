"""``AsyncClient``, and what a forgotten ``await`` is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, assert_type

from libkeepalive import AsyncClient, AsyncUpgradedStream, Client, Request, Response, ServerSentEvent


async def right_each_method_is_awaited() -> None:
    async with AsyncClient(base_url="http://h/") as client:
        assert_type(client, AsyncClient)
        assert_type(await client.get("/", {"a": 1}), Response)
        assert_type(await client.head("/"), Response)
        assert_type(await client.options("/"), Response)
        assert_type(await client.post("/", {"a": "1"}), Response)
        assert_type(await client.put("/", b"data", json=None), Response)
        assert_type(await client.patch("/", json=[1]), Response)
        assert_type(await client.delete("/"), Response)
        assert_type(await client.request("PURGE", "/"), Response)
        assert_type(await client.download("/", "file"), Response)
    await client.aclose()


async def right_streams_of_a_task() -> None:
    client = AsyncClient.shared()
    async with client.stream("GET", "http://h/") as response:
        async for piece in response.aiter_bytes(1024):
            assert_type(piece, bytes)
        async for text in response.aiter_text():
            assert_type(text, str)
        async for line in response.aiter_lines():
            assert_type(line, str)
        async for raw in response.aiter_raw():
            assert_type(raw, bytes)
        assert_type(await response.aread(), bytes)
        await response.aclose()


async def right_a_body_of_an_async_iterable() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"

    await AsyncClient().post("http://h/", content=pieces())
    request = AsyncClient().build_request("POST", "http://h/", content=pieces())
    assert_type(await request.aread(), bytes)


async def right_events_of_a_task() -> None:
    async with AsyncClient().sse("http://h/") as events:
        async for event in events:
            assert_type(event, ServerSentEvent)


async def right_the_tasks_form_of_a_client() -> None:
    client = Client()
    assert_type(await client.aio.get("http://h/"), Response)
    assert_type(await client.aio.warm("http://h/"), int)


async def right_an_upgraded_stream() -> None:
    response = await AsyncClient().request("GET", "http://h/", headers={"Upgrade": "x"})
    async with response.take_async_stream() as stream:
        assert_type(stream, AsyncUpgradedStream)
        await stream.send_all(b"a")
        assert_type(await stream.receive_some(), bytes)
        async for piece in stream:
            assert_type(piece, bytes)


async def right_a_trace_of_a_task() -> None:
    async def trace(name: str, info: dict[str, Any]) -> None:
        print(name, info)

    await AsyncClient().get("http://h/", extensions={"trace": trace, "timeout": {"read": 3.0}})


async def right_functions_of_tasks() -> None:
    async def answer(request: Request) -> Response:
        return Response(200, text=request.url)

    async def hook(response: Response) -> None:
        await response.aread()

    async def signs(request: Request) -> Request:
        return request

    AsyncClient(transport=answer, event_hooks={"response": [hook]}, auth=signs)


async def wrong_a_forgotten_await() -> None:
    client = AsyncClient()
    client.get("http://h/")  # error: unused-coroutine / reportUnusedCoroutine
    client.aclose()  # error: unused-coroutine / reportUnusedCoroutine
    response = client.get("http://h/")
    print(response.status_code)  # error: attr-defined / reportAttributeAccessIssue
    async with client.stream("GET", "http://h/") as streamed:
        streamed.aread()  # error: unused-coroutine / reportUnusedCoroutine


async def wrong_await_of_what_is_none() -> None:
    client = AsyncClient()
    await client.stream("GET", "http://h/")  # error: misc / reportGeneralTypeIssues
    await client.stats()  # error: misc / reportGeneralTypeIssues
    await client.build_request("GET", "http://h/")  # error: misc / reportGeneralTypeIssues


def wrong_block_of_a_thread() -> None:
    with AsyncClient() as client:  # error: attr-defined / reportGeneralTypeIssues
        print(client)
    with AsyncClient().stream("GET", "http://h/") as response:  # error: attr-defined / reportGeneralTypeIssues
        print(response)
    AsyncClient().close()  # error: attr-defined / reportAttributeAccessIssue


async def wrong_iteration_of_a_task(response: Response) -> None:
    async for piece in response.iter_bytes():  # error: attr-defined / reportGeneralTypeIssues
        print(piece)
    for piece in response.aiter_bytes():  # error: attr-defined / reportGeneralTypeIssues
        print(piece)


async def wrong_trace_of_a_task() -> None:
    def trace(name: str, info: dict[str, Any]) -> None:
        print(name, info)

    await AsyncClient().get("http://h/", extensions={"trace": trace})  # error: arg-type / reportArgumentType


async def right_a_function_that_takes_a_method(
    get: Callable[[str], Awaitable[Response]] = AsyncClient.shared().get,
) -> None:
    assert_type(await get("http://h/"), Response)
