"""Makes requests by Python for callers.py: a job a line on standard input, its results a line on
standard output. A job is `{way, options, requests, together}`, `way` being sync, asyncio or trio;
requests of asyncio may be made together."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import libkeepalive


def succeeded(response: libkeepalive.Response) -> dict[str, Any]:
    return {"status": response.status_code, "body": response.text, "reused": response.info.reused}


def failed(error: Exception) -> dict[str, Any]:
    code, kind = getattr(error, "code", ""), type(error).__name__
    return {"error": code or kind, "message": str(error), "class": kind}


def arguments(request: dict[str, Any]) -> dict[str, Any]:
    request = dict(request)
    body = request.pop("body", None)
    headers = [tuple(each) for each in request.pop("headers", [])]
    options = request.pop("options", {})
    follow = request.pop("follow", False)
    content = body and body.encode()
    return {
        **request,
        "headers": headers,
        "content": content,
        "follow_redirects": follow,
        **options,
    }


def in_turn(job: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    with libkeepalive.Client(**job["options"]) as client:
        for request in job["requests"]:
            try:
                found.append(succeeded(client.request(**arguments(request))))
            except Exception as error:
                found.append(failed(error))
    return found


async def in_a_loop(job: dict[str, Any]) -> list[dict[str, Any]]:
    async with libkeepalive.AsyncClient(**job["options"]) as client:

        async def one(request: dict[str, Any]) -> dict[str, Any]:
            try:
                return succeeded(await client.request(**arguments(request)))
            except Exception as error:
                return failed(error)

        if job["together"]:
            return await asyncio.gather(*map(one, job["requests"]))
        return [await one(request) for request in job["requests"]]


def do(job: dict[str, Any]) -> list[dict[str, Any]]:
    way = job["way"]
    if way == "sync":
        return in_turn(job)
    if way == "asyncio":
        return asyncio.run(in_a_loop(job))
    import trio  # takes longer than most jobs

    return trio.run(in_a_loop, job)


for line in sys.stdin:
    try:
        results = do(json.loads(line))
    except Exception as error:  # the client was refused
        results = [failed(error)]
    print(json.dumps(results), flush=True)
