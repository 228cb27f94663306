"""A SOCKS server that does what a test says: versions 4, 4a and 5 (RFC 1928, RFC 1929). It notes
what it was asked for."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from scripted import Address, Peer, Script

#: Reply codes of RFC 1928, section 6, and two that nobody assigned; what a message says of them.
REPLIES = {
    1: "general failure",
    2: "rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live",
    7: "CONNECT",
    8: "kind of address",
    9: "reply 9",
    255: "reply 255",
}
#: Reply codes of SOCKS 4, and what they are here.
REPLIES_4 = {
    91: "KA_PROXY_FAILED",
    92: "KA_PROXY_AUTHENTICATION_REQUIRED",
    93: "KA_PROXY_AUTHENTICATION_REQUIRED",
}


@dataclass(frozen=True)
class Asked:
    """What a client wanted of the server."""

    version: int
    host: str
    port: int
    #: Whether the host was a name, which the server has to resolve.
    named: bool
    user: str | None = None
    password: str | None = None


async def text_until_zero(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\0"))[:-1].decode()


async def text_with_length(reader: asyncio.StreamReader) -> str:
    (length,) = await reader.readexactly(1)
    return (await reader.readexactly(length)).decode()


def socks(
    names: Mapping[str, Address] | None = None,
    *,
    login: tuple[str, str] | None = None,
    reply: int | None = None,
    drip: bool = False,
) -> Script:
    """A server that knows `names` and addresses, wants `login`, or refuses with `reply`; `drip`:
    byte by byte."""
    known = names or {}

    async def say(peer: Peer, data: bytes) -> None:
        if drip:
            for at in range(len(data)):
                await peer.say(data[at : at + 1])
        else:
            await peer.say(data)

    async def script(peer: Peer) -> None:
        (version,) = await peer.reader.readexactly(1)
        asked = await (four if version == 4 else five)(peer)
        if asked is None:
            return
        peer.server.note(asked)
        code = reply
        to = known.get(asked.host, (asked.host, asked.port))
        if code is None and asked.named and asked.host not in known:
            code = 91 if version == 4 else 4
        if version == 4:
            await say(peer, bytes([0, code or 90, 0, 0, 0, 0, 0, 0]))
        elif code == 3:  # with a name as the bound address
            await say(peer, b"\x05\x03\x00\x03\x04name\x00\x00")
        elif code == 4:  # and with an IPv6 one
            await say(peer, b"\x05\x04\x00\x04" + bytes(18))
        else:
            await say(peer, bytes([5, code or 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        if code is None:
            await peer.relay(to)

    async def four(peer: Peer) -> Asked | None:
        reader = peer.reader
        assert (await reader.readexactly(1)) == b"\x01"
        port = int.from_bytes(await reader.readexactly(2))
        address = await reader.readexactly(4)
        user = await text_until_zero(reader)
        named = address[:3] == b"\0\0\0" and address[3] != 0
        host = await text_until_zero(reader) if named else str(ipaddress.IPv4Address(address))
        return Asked(4, host, port, named, user or None)

    async def five(peer: Peer) -> Asked | None:
        reader = peer.reader
        (count,) = await reader.readexactly(1)
        methods = await reader.readexactly(count)
        wanted = 0 if login is None else 2
        if wanted not in methods:
            peer.server.note(("methods", list(methods)))
            await say(peer, b"\x05\xff")
            return None
        await say(peer, bytes([5, wanted]))
        user = password = None
        if login is not None:
            assert (await reader.readexactly(1)) == b"\x01"
            user, password = await text_with_length(reader), await text_with_length(reader)
            good = (user, password) == login
            await say(peer, b"\x01\x00" if good else b"\x01\x01")
            if not good:
                peer.server.note(("login", user))
                return None
        assert (await reader.readexactly(3)) == b"\x05\x01\x00"
        (kind,) = await reader.readexactly(1)
        if kind == 3:
            host = await text_with_length(reader)
        else:
            size = {1: 4, 4: 16}[kind]
            host = str(ipaddress.ip_address(await reader.readexactly(size)))
        port = int.from_bytes(await reader.readexactly(2))
        return Asked(5, host, port, kind == 3, user, password)

    return script
