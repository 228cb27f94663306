"""What stands on aiohttp, by its own packages: aiobotocore, fsspec, slack_sdk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import botocore.exceptions
import fsspec
import pytest
import s3
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiohttp import web
from fsspec.implementations.http import HTTPFileSystem
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

import libkeepalive.aiobotocore
import libkeepalive.aiohttp


@pytest.fixture
def server() -> Iterator[s3.Server]:
    server = s3.Server()
    yield server
    server.close()


def aws(url: str, with_us: bool = True, **options: Any) -> Any:
    session = {"http_session_cls": libkeepalive.aiobotocore.HTTPSession} if with_us else {}
    config = AioConfig(
        s3={"addressing_style": "path"},
        retries={"total_max_attempts": 1},
        **{"read_timeout": 0.3, "connect_timeout": 0.3, **options},
        **session,
    )
    return get_session().create_client(
        "s3",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="id",
        aws_secret_access_key="key",
        config=config,
    )


def test_aiobotocore_stores_and_reads(server):
    async def work() -> None:
        async with aws(server.url) as client:
            for key in ["plain", "a/../b", "it's", "é+&=?#%2f"]:
                await client.put_object(Bucket="bucket", Key=key, Body=key.encode())
                found = await client.get_object(Bucket="bucket", Key=key)
                assert await found["Body"].read() == key.encode()
            server.objects["/bucket/large"] = b"x" * 300_000
            found = await client.get_object(Bucket="bucket", Key="large")
            async with found["Body"] as body:
                assert len(await body.read(10)) == 10
                assert sum([len(piece) async for piece in body.iter_chunks(1000)]) == 299_990

    asyncio.run(work())
    before = server.opened
    asyncio.run(work())
    # The pool is not the loop's.
    assert server.opened == before == 1


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (s3.closes, "ConnectionClosedError"),
        (s3.stalls, "ReadTimeoutError"),
        (s3.fails, "ClientError"),
        (s3.truncates, "ClientPayloadError"),
        (None, "EndpointConnectionError"),
    ],
)
@pytest.mark.parametrize("with_us", [False, True])
def test_aiobotocore_fails_as_it_does(server, script, expected, with_us):
    async def work() -> str:
        url = server.url if script else "http://127.0.0.1:1"
        async with aws(url, with_us) as client:
            # aiohttp tries once more by itself.
            server.scripts += [script] * 4 if script else []
            try:
                found = await client.get_object(Bucket="bucket", Key="k")
                async with found["Body"] as body:
                    await body.read()
            except (botocore.exceptions.BotoCoreError, aiohttp.ClientError) as error:
                return type(error).__name__
            except botocore.exceptions.ClientError:
                return "ClientError"
        return "nothing"

    assert asyncio.run(work()) == expected


def test_aiobotocore_trusts_whom_it_is_told(origin):
    async def work(**options: Any) -> int:
        async with libkeepalive.aiobotocore.HTTPSession(**options) as session:
            from botocore.awsrequest import AWSRequest

            request = AWSRequest("GET", origin.https + "/ok").prepare()
            return (await session.send(request)).status_code

    with pytest.raises(botocore.exceptions.SSLError):
        asyncio.run(work())
    assert asyncio.run(work(verify=origin.ca_file)) == 200
    assert asyncio.run(work(verify=False)) == 200
    with pytest.raises(botocore.exceptions.HTTPClientError, match="proxy_ca_bundle"):
        proxies = {"https": "https://127.0.0.1:2"}
        asyncio.run(work(proxies=proxies, proxies_config={"proxy_ca_bundle": "/x"}))


async def _client(**options: Any) -> aiohttp.ClientSession:
    options.pop("loop", None)
    middlewares = [libkeepalive.aiohttp.middleware()]
    return aiohttp.ClientSession(middlewares=middlewares, **options)


def test_fsspec_reads_ranges_and_whole_files(server):
    data = bytes(range(256)) * 1000

    def ranged(handler: Any) -> bool:
        wanted = dict(handler.headers).get("Range")
        if wanted is None:
            return True
        first, last = (int(number) for number in wanted.removeprefix("bytes=").split("-"))
        part = data[first : last + 1]
        handler.answer(206, part, ("Content-Range", f"bytes {first}-{last}/{len(data)}"))
        return False

    server.objects["/file"] = data
    server.scripts += [ranged] * 20
    files: HTTPFileSystem = fsspec.filesystem(
        "http", get_client=_client, skip_instance_cache=True, block_size=10_000
    )
    url = server.url + "/file"
    assert files.cat_file(url) == data
    assert files.cat_file(url, start=5, end=10) == data[5:10]
    with files.open(url) as file:
        file.seek(100_000)
        assert file.read(10) == data[100_000:100_010]
    with pytest.raises(FileNotFoundError):
        files.cat_file(server.url + "/none")
    assert server.opened == 1
    asyncio.run_coroutine_threadsafe(files._session.close(), files.loop).result()


def test_slack_posts_and_uploads():
    async def work() -> list[Any]:
        seen = []

        async def api(request: web.Request) -> web.Response:
            form = await request.post()
            seen.append((request.path, request.headers["Authorization"], dict(form)))
            if request.path.endswith("chat.delete"):
                return web.json_response({"ok": False, "error": "cant_delete_message"})
            return web.Response(
                text=json.dumps({"ok": True, "ts": "1"}), content_type="application/json"
            )

        app = web.Application()
        app.router.add_post("/api/{name}", api)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
        try:
            async with await _client() as session:
                slack = AsyncWebClient(token="xoxb-secret", base_url=url, session=session)
                assert (await slack.chat_postMessage(channel="C1", text="hello"))["ok"]
                with pytest.raises(SlackApiError, match="cant_delete_message"):
                    await slack.chat_delete(channel="C1", ts="1")
        finally:
            await runner.cleanup()
        return seen

    posted, deleted = asyncio.run(work())
    assert posted[:2] == ("/api/chat.postMessage", "Bearer xoxb-secret")
    assert deleted[0] == "/api/chat.delete"
