"""The upstream behind `/held/N`: answers N requests in part, and in full once the N-th has come.

So a client that sends N requests and reads none of the bodies must open N connections, and has
them all idle after it has read the rest. nginx stands between, for TLS and keep-alive.
"""

import asyncio
import sys


async def main(path: str) -> None:
    waiting: set[asyncio.StreamWriter] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        wanted = int(head.split(b" ", 2)[1].rsplit(b"/", 1)[1])
        # The end of an HTTP/1.0 body is the end of the connection; nginx makes it chunked.
        writer.write(b"HTTP/1.0 200 OK\r\n\r\na")
        waiting.add(writer)
        if len(waiting) == wanted:
            for each in waiting:
                each.write(b"b")
                each.close()
            waiting.clear()
        # A client that gives up must not count for the next one.
        await reader.read()
        waiting.discard(writer)
        writer.close()

    server = await asyncio.start_unix_server(handle, path, backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main(sys.argv[1]))
