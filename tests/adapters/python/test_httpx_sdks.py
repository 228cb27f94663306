"""Real SDKs that are built on httpx, over the adapter, against scripted servers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from scripted import Answer, Seen, as_events, as_json, serving

import libkeepalive.httpx
import libkeepalive.httpx2

New = libkeepalive.httpx2
Old = libkeepalive.httpx


def chunk(text: str | None, end: str | None = None) -> dict[str, Any]:
    delta = {} if text is None else {"content": text, "role": "assistant"}
    choices = [{"index": 0, "delta": delta, "finish_reason": end}]
    return {
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices
    }  # fmt: skip


def openai_script(seen: Seen) -> Answer:
    if seen.target == "/v1/models":
        return as_json({"error": {"message": "no", "type": "t"}}, 401)
    if failures and failures.pop():
        return as_json({"error": {"message": "busy"}}, 429, **{"Retry-After-Ms": "1"})
    if seen.json().get("stream"):
        return as_events((None, chunk("Hel")), (None, chunk("lo")), (None, chunk(None, "stop")),
                         (None, "[DONE]"))  # fmt: skip
    message = {"role": "assistant", "content": "Hello"}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return as_json(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}
    )


failures: list[bool] = []

ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def test_openai() -> None:
    import openai

    with serving(openai_script) as server:
        hosts = [httpx2.Client(transport=New.Transport()), httpx.Client(transport=Old.Transport())]
        for http in hosts:
            client = openai.OpenAI(api_key="k", base_url=server.url + "/v1", http_client=http)
            failures.append(True)
            answer = client.chat.completions.create(**ASK)
            assert answer.choices[0].message.content == "Hello"
            stream = client.chat.completions.create(stream=True, **ASK)
            assert "".join(part.choices[0].delta.content or "" for part in stream) == "Hello"
            with client.chat.completions.create(stream=True, **ASK) as left:
                assert next(iter(left)).choices[0].delta.content == "Hel"
            with pytest.raises(openai.AuthenticationError):
                client.models.list()
            client.close()
        unreachable = openai.OpenAI(
            api_key="k", base_url="http://127.0.0.1:1", max_retries=0,
            http_client=httpx2.Client(transport=New.Transport()),
        )  # fmt: skip
        with pytest.raises(openai.APIConnectionError):
            unreachable.models.list()
        unreachable.close()

        async def asynchronous() -> None:
            http = httpx2.AsyncClient(transport=New.AsyncTransport())
            url = server.url + "/v1"
            async with openai.AsyncOpenAI(api_key="k", base_url=url, http_client=http) as client:
                answer = await client.chat.completions.create(**ASK)
                assert answer.choices[0].message.content == "Hello"
                stream = await client.chat.completions.create(stream=True, **ASK)
                parts = [part.choices[0].delta.content or "" async for part in stream]
                assert "".join(parts) == "Hello"

        asyncio.run(asynchronous())
        # One after the other, by the connections of one pool; the stream that was left may cost one.
        assert server.connections <= 4 and len(server.seen) == 12


def anthropic_script(seen: Seen) -> Answer:
    message = {
        "id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "stop_sequence": None, "content": [{"type": "text", "text": "Hello"}],
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }  # fmt: skip
    if not seen.json().get("stream"):
        return as_json(message)
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
         "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]  # fmt: skip
    return as_events(*[(event["type"], event) for event in events])


def test_anthropic() -> None:
    import anthropic

    with serving(anthropic_script) as server:
        http = httpx2.Client(transport=New.Transport())
        with anthropic.Anthropic(api_key="k", base_url=server.url, http_client=http) as client:
            answer = client.messages.create(max_tokens=9, **ASK)
            assert answer.content[0].text == "Hello"
            with client.messages.stream(max_tokens=9, **ASK) as stream:
                assert "".join(stream.text_stream) == "Hello"
                assert stream.get_final_message().stop_reason == "end_turn"

        async def asynchronous() -> None:
            http = httpx2.AsyncClient(transport=New.AsyncTransport())
            url = server.url
            async with anthropic.AsyncAnthropic(
                api_key="k", base_url=url, http_client=http
            ) as client:
                answer = await client.messages.create(max_tokens=9, **ASK)
                assert answer.content[0].text == "Hello"
                async with client.messages.stream(max_tokens=9, **ASK) as stream:
                    assert "".join([text async for text in stream.text_stream]) == "Hello"

        asyncio.run(asynchronous())
        assert server.connections <= 2


def test_huggingface_hub(tmp_path: Path, monkeypatch: Any) -> None:
    import huggingface_hub as hub

    content = bytes(range(256)) * 2000
    commit = "a" * 40

    def script(seen: Seen) -> Answer:
        if seen.target.startswith("/api/models/me/it"):
            return as_json({"id": "me/it", "sha": commit, "siblings": [{"rfilename": "file.bin"}]})
        fields = {"X-Repo-Commit": commit, "ETag": '"e"'}
        if seen.target == "/me/it/resolve/main/file.bin":
            return Answer(b"", 302, {**fields, "Location": "/cdn"})
        if seen.target == "/cdn":
            return Answer(content, headers=fields)
        return Answer(b"", 404, {"X-Error-Code": "EntryNotFound"})

    hub.set_client_factory(lambda: httpx2.Client(transport=New.Transport(), follow_redirects=True))
    hub.set_async_client_factory(lambda: httpx2.AsyncClient(transport=New.AsyncTransport()))
    try:
        with serving(script) as server:
            api = hub.HfApi(endpoint=server.url, token="t")
            assert api.model_info("me/it").sha == commit
            path = api.hf_hub_download("me/it", "file.bin", cache_dir=tmp_path)
            assert Path(path).read_bytes() == content
            with pytest.raises(hub.errors.EntryNotFoundError):
                api.hf_hub_download("me/it", "other.bin", cache_dir=tmp_path)
            assert server.connections <= 2
        with serving(openai_script) as server:
            client = hub.InferenceClient(base_url=server.url + "/v1", api_key="k")
            stream = client.chat_completion(ASK["messages"], stream=True)
            assert "".join(part.choices[0].delta.content or "" for part in stream) == "Hello"

            async def asynchronous() -> None:
                async with hub.AsyncInferenceClient(
                    base_url=server.url + "/v1", api_key="k"
                ) as client:
                    stream = await client.chat_completion(ASK["messages"], stream=True)
                    parts = [part.choices[0].delta.content or "" async for part in stream]
                    assert "".join(parts) == "Hello"

            asyncio.run(asynchronous())
    finally:
        hub.close_session()
        hub.set_client_factory(hub.utils._http.default_client_factory)
        hub.set_async_client_factory(hub.utils._http.default_async_client_factory)


def test_qdrant() -> None:
    from qdrant_client import AsyncQdrantClient, QdrantClient, models

    def script(seen: Seen) -> Answer:
        if seen.target == "/":
            return as_json({"title": "qdrant", "version": "1.20.0"})
        result: Any = True
        if seen.target.startswith("/collections/c/points/query"):
            result = {"points": [{"id": 1, "version": 1, "score": 0.5, "payload": {"a": "b"}}]}
        elif seen.target.startswith("/collections/c/points"):
            assert seen.json()["points"][0]["vector"] == [0.5, 0.5]
            result = {"operation_id": 1, "status": "completed"}
        elif seen.method == "GET":
            result = {"collections": [{"name": "c"}]}
        return as_json({"result": result, "status": "ok", "time": 0.1})

    points = [models.PointStruct(id=1, vector=[0.5, 0.5], payload={"a": "b"})]
    with serving(script) as server:
        client = QdrantClient(server.url, transport=Old.Transport(), check_compatibility=False)
        assert client.get_collections().collections[0].name == "c"
        client.upsert("c", points)
        assert client.query_points("c", query=[0.5, 0.5]).points[0].payload == {"a": "b"}
        client.close()

        async def asynchronous() -> None:
            client = AsyncQdrantClient(
                server.url, transport=Old.AsyncTransport(), check_compatibility=False
            )
            await client.upsert("c", points)
            assert (await client.query_points("c", query=[0.5, 0.5])).points[0].score == 0.5
            await client.close()

        asyncio.run(asynchronous())
        assert server.connections <= 2
