"""Times an import and the first request after it, in this fresh process."""

import argparse
import importlib
import json
import time

# What a first request looks like: a client is made, and one GET whose body is read whole.
FIRST = {
    "urllib3": lambda m, url: m.PoolManager().request("GET", url).data,
    "requests": lambda m, url: m.Session().get(url).content,
    "httpx": lambda m, url: m.Client().get(url).content,
    "aiohttp": lambda m, url: aiohttp_get(m, url),
    "pycurl": lambda m, url: pycurl_get(m, url),
    "primp": lambda m, url: m.Client().get(url).content,
    "pyreqwest": lambda m, url: pyreqwest_get(m, url),
    "libkeepalive": lambda m, url: m.Client().get(url).content,
}
# The package's own __init__ may be empty.
IMPORTED = {"pyreqwest": "pyreqwest.client"}


def aiohttp_get(module, url):
    import asyncio

    async def get():
        async with module.ClientSession() as session, session.get(url) as response:
            return await response.read()

    return asyncio.run(get())


def pycurl_get(module, url):
    curl = module.Curl()
    curl.setopt(module.URL, url)
    return curl.perform_rb()


def pyreqwest_get(module, url):
    return module.SyncClientBuilder().build().get(url).build().send().bytes()


parser = argparse.ArgumentParser()
parser.add_argument("--url")
parser.add_argument("--module")
parser.add_argument("--length", type=int)
options = parser.parse_args()

started = time.perf_counter()
module = importlib.import_module(IMPORTED.get(options.module, options.module))
imported = time.perf_counter()
body = FIRST[options.module](module, options.url)
answered = time.perf_counter()
if len(body) != options.length:
    raise SystemExit(f"body of {len(body)} bytes, expected {options.length}")
print(json.dumps({"import": imported - started, "first_request": answered - imported}))
