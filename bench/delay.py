"""A long way: a relay that hands every byte on after half a round trip, in each direction.

`python3 delay.py PORT SECONDS` relays to that port of the loopback, prints its own and ends with its
standard input.
"""

import asyncio
import sys
from collections.abc import Callable


class End(asyncio.Protocol):
    """One side of a connection."""

    def __init__(self, half: float) -> None:
        self.half = half
        self.other: End | None = None
        self.transport: asyncio.Transport | None = None
        self.early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def later(self, action: Callable[[], object]) -> None:
        # Calls that are due at the same time keep their order.
        asyncio.get_running_loop().call_later(self.half, action)

    def data_received(self, data: bytes) -> None:
        self.later(lambda: self.hand_on(data))

    def hand_on(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
        else:
            self.early.append(data)

    def join(self, other: "End") -> None:
        self.other = other
        for data in self.early:
            self.hand_on(data)
        self.early.clear()

    def connection_lost(self, _: Exception | None) -> None:
        self.later(self.end)

    def end(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


async def main(port: int, round_trip: float) -> None:
    loop = asyncio.get_running_loop()
    half = round_trip / 2

    class Front(End):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            # The first request comes behind this.
            self.opening = loop.create_task(self.open())

        async def open(self) -> None:
            _, back = await loop.create_connection(lambda: End(half), "127.0.0.1", port)
            back.join(self)
            self.join(back)

    server = await loop.create_server(lambda: Front(half), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
