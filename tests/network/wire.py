"""The wire between two namespaces: carries the frames of one interface to another and does to them
what it is told on standard input, one JSON object a line, each answered by a line.

    {"to": ADDRESS, "do": "forget"}            drops the flows known by now, both ways and for good, as a
                                               NAT that has lost them; new ones pass
    {"to": ADDRESS, "do": "black"|"clear"}     drops everything / nothing any more
    {"to": ADDRESS, "do": "delay", "s": 0.05}  so much later, either way
"""

import heapq
import itertools
import json
import select
import socket
import subprocess
import sys
import time

ETH_P_ALL, SOL_PACKET, PACKET_VNET_HDR, PACKET_OUTGOING = 3, 263, 15, 4
# Each frame comes with the kernel's note on checksum and segmentation (struct virtio_net_hdr), which
# goes out again with it: the interfaces leave both for later.
NOTE, ETHERNET, SYN = 10, 14, 2


class Rule:
    def __init__(self) -> None:
        self.black = False
        self.delay = 0.0
        self.known: set[bytes] = set()
        self.lost: set[bytes] = set()


rules: dict[bytes, Rule] = {}


def rule_of(frame: bytes, forth: bool) -> tuple[Rule | None, bytes]:
    """The rule of the server that an IPv4 TCP frame goes to or comes from, and its flow."""
    ip = frame[NOTE + ETHERNET :]
    if frame[NOTE + 12 : NOTE + 14] != b"\x08\x00" or ip[9] != socket.IPPROTO_TCP:
        return None, b""
    tcp = ip[(ip[0] & 15) * 4 :]
    server = ip[16:20] if forth else ip[12:16]
    port = tcp[0:2] if forth else tcp[2:4]
    return rules.setdefault(server, Rule()), port


def passes(frame: bytes, forth: bool) -> float | None:
    """How much later a frame goes on; None: never."""
    rule, flow = rule_of(frame, forth)
    if rule is None:
        return 0.0
    rule.known.add(flow)
    if rule.black or flow in rule.lost:
        return None
    return rule.delay


def obey(line: str) -> None:
    order = json.loads(line)
    rule = rules.setdefault(socket.inet_aton(order["to"]), Rule())
    match order["do"]:
        case "forget":
            rule.lost |= rule.known
        case "delay":
            rule.delay = order["s"]
        case what:
            rule.black = what == "black"
    print("done", flush=True)


def interface(name: str) -> socket.socket:
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    opened.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    opened.bind((name, ETH_P_ALL))
    opened.setblocking(False)
    return opened


def main() -> None:
    print("started", flush=True)
    sys.stdin.readline()
    ends = [interface(name) for name in sys.argv[1:3]]
    print("ready", flush=True)
    later: list[tuple[float, int, socket.socket, bytes]] = []
    count = itertools.count()
    while True:
        wait = max(0, later[0][0] - time.monotonic()) if later else None
        for readable in select.select([*ends, sys.stdin], [], [], wait)[0]:
            if readable is sys.stdin:
                line = sys.stdin.readline()
                if not line:
                    return
                obey(line)
                continue
            frame, address = readable.recvfrom(1 << 17)
            if address[2] == PACKET_OUTGOING:
                continue
            delay = passes(frame, readable is ends[0])
            if delay is not None:
                other = ends[readable is ends[0]]
                due = time.monotonic() + delay
                heapq.heappush(later, (due, next(count), other, frame))
        while later and later[0][0] <= time.monotonic():
            _, _, out, frame = heapq.heappop(later)
            try:
                out.send(frame)
            except OSError:
                pass  # as on any wire, TCP sends it again


main()
