"""An asyncio HTTP/1.1 server with the routes of tests/servers.rs. Prints its port; ends when its
standard input does. Argument: seconds after which an idle connection is closed, without a hint."""

import asyncio
import gzip
import sys

LARGE = bytes(i % 251 for i in range(3_000_000))
TEXT = b"All work and no play makes a dull text.\n" * 1000
IDLE = float(sys.argv[1])
stored = {}


async def body_of(reader, fields):
    if fields.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return body
    return await reader.readexactly(int(fields.get("content-length", 0)))


def chunked(body, size):
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def answer(method, path, fields, body):
    """Status, fields and body as they go over the wire."""
    if method == "PUT":
        stored[path] = body
        return "201 Created", {"Content-Length": "0"}, b""
    if path == "/small" and fields.get("if-none-match") == '"v1"':
        return "304 Not Modified", {"ETag": '"v1"'}, b""
    if path == "/text" and "gzip" in fields.get("accept-encoding", ""):
        coded = {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"}
        return "200 OK", coded, chunked(gzip.compress(TEXT), 100)
    if path == "/chunked":
        return "200 OK", {"Transfer-Encoding": "chunked"}, chunked(LARGE, 10_007)
    if path == "/half":
        return "200 OK", {"Content-Length": "1000"}, b"half of it"
    known = {"/small": b"small\n", "/large": LARGE, "/text": TEXT} | stored
    if path not in known:
        return "404 Not Found", {"Content-Length": "0"}, b""
    return "200 OK", {"ETag": '"v1"', "Content-Length": str(len(known[path]))}, known[path]


async def serve(reader, writer):
    try:
        while line := await asyncio.wait_for(reader.readline(), IDLE):
            method, path, _ = line.decode().split(" ")
            fields = {}
            while (line := await reader.readline()).strip():
                name, value = line.decode().split(":", 1)
                fields[name.lower()] = value.strip()
            status, named, body = answer(method, path, fields, await body_of(reader, fields))
            head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
            writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode())
            if method != "HEAD":
                writer.write(body)
            await writer.drain()
            if path == "/half":
                await reader.read()
    except (TimeoutError, asyncio.TimeoutError, ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 22)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
