"""The reliability probe in Python: probe.py CA_FILE sync|asyncio. Speaks as probe.c does; "blocked"
blocks the event loop while it waits, "idle" does not."""

import asyncio
import sys

import libkeepalive


def arguments(method, key):
    body = {} if method == "GET" else {"content": b"x"}
    return body | ({} if key == "-" else {"headers": {"Idempotency-Key": key}})


def in_threads(ca_file):
    while words := sys.stdin.readline().split():
        _, warm, method, url, key = words
        with libkeepalive.Client(ca_file=ca_file) as client:
            client.get(warm)
            print("ready", flush=True)
            sys.stdin.readline()
            try:
                print(client.request(method, url, **arguments(method, key)).status_code, flush=True)
            except libkeepalive.HTTPError:
                print("error", flush=True)


async def in_loop(ca_file):
    while words := sys.stdin.readline().split():
        how, warm, method, url, key = words
        async with libkeepalive.AsyncClient(ca_file=ca_file) as client:
            await client.get(warm)
            print("ready", flush=True)
            if how == "blocked":
                sys.stdin.readline()
            else:
                await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
            try:
                response = await client.request(method, url, **arguments(method, key))
                print(response.status_code, flush=True)
            except libkeepalive.HTTPError:
                print("error", flush=True)


if sys.argv[2] == "sync":
    in_threads(sys.argv[1])
else:
    asyncio.run(in_loop(sys.argv[1]))
