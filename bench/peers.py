"""Every client: what it is called, which program runs it, and what it must trust."""

from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
TARGET = ROOT / "target"
WORK = TARGET / "bench"
BIN = WORK / "bin"
WHEELS = TARGET / "wheels"  # where scripts/build.sh puts ours
PYTHON = TARGET / "bench-venv" / "bin" / "python"
# niquests brings a fork of urllib3 under urllib3's own name, which requests would then use.
NIQUESTS_PYTHON = TARGET / "bench-niquests" / "bin" / "python"
NODE_MODULES = TARGET / "bench-node" / "node_modules"
OURS = "libkeepalive"


@dataclass(frozen=True)
class Peer:
    """A program, and the name its results have in tables."""

    name: str
    command: tuple[str, ...]
    needs: tuple[Path, str]  # a directory and what must be found in it, as a glob

    @property
    def ours(self) -> bool:
        return self.name.startswith(OURS)

    @property
    def installed(self) -> bool:
        directory, pattern = self.needs
        return any(directory.glob(pattern))


def c(name: str, program: str) -> Peer:
    return Peer(name, (str(BIN / program),), (BIN, program))


def python(name: str, program: str, package: str, interpreter: Path = PYTHON) -> Peer:
    needs = (interpreter.parent.parent / "lib", f"python3*/site-packages/{package}*")
    return Peer(name, (str(interpreter), str(BENCH / "python" / program)), needs)


def node(name: str, program: str, package: str | None) -> Peer:
    needs = (NODE_MODULES, package) if package else (BENCH / "node", program)
    return Peer(name, ("node", "--expose-gc", str(BENCH / "node" / program)), needs)


def uvloop(peer: Peer) -> Peer:
    return Peer(f"{peer.name} + uvloop", (*peer.command, "--loop", "uvloop"), peer.needs)


RAW = c("raw socket loop", "raw_loop")
RAW_EPOLL = c("raw epoll loop", "raw_epoll")
CURL = c("libcurl easy", "libcurl_easy")
CURL_MULTI = c("libcurl multi", "libcurl_multi")
HYPER = c("hyper-util", "rust_peer")
GO = c("Go net/http", "go_net_http")
OURS_C = c(OURS, "keepalive_send")
OURS_QUEUE = c(f"{OURS} queue", "keepalive_queue")

SOCKET = python("socket", "sync_socket.py", "pip")
HTTP_CLIENT = python("http.client", "sync_http_client.py", "pip")
URLLIB3 = python("urllib3", "sync_urllib3.py", "urllib3")
REQUESTS = python("requests", "sync_requests.py", "requests")
URLLIB3_ON_OURS = python(f"urllib3 on {OURS}", "adapter_urllib3.py", "urllib3")
REQUESTS_ON_OURS = python(f"requests on {OURS}", "adapter_requests.py", "requests")
HTTPX = python("httpx", "sync_httpx.py", "httpx")
HTTPX2 = python("httpx2", "sync_httpx2.py", "httpx2")
HTTPX2_ON_OURS = python(f"httpx2 on {OURS}", "adapter_httpx2.py", "httpx2")
NIQUESTS = python("niquests", "sync_niquests.py", "niquests", NIQUESTS_PYTHON)
PYCURL = python("pycurl", "sync_pycurl.py", "pycurl")
CURL_CFFI = python("curl_cffi", "sync_curl_cffi.py", "curl_cffi")
PRIMP = python("primp", "sync_primp.py", "primp")
PYREQWEST = python("pyreqwest", "sync_pyreqwest.py", "pyreqwest")
OURS_PYTHON = python(OURS, "sync_libkeepalive.py", "libkeepalive")

AIOHTTP = python("aiohttp", "async_aiohttp.py", "aiohttp")
HTTPX_ASYNC = python("httpx", "async_httpx.py", "httpx")
HTTPX2_ASYNC = python("httpx2", "async_httpx2.py", "httpx2")
AIOHTTP_ON_OURS = python(f"aiohttp on {OURS}", "adapter_aiohttp.py", "aiohttp")
HTTPX2_ASYNC_ON_OURS = python(f"httpx2 on {OURS}", "adapter_async_httpx2.py", "httpx2")
PRIMP_ASYNC = python("primp", "async_primp.py", "primp")
PYREQWEST_ASYNC = python("pyreqwest", "async_pyreqwest.py", "pyreqwest")
OURS_ASYNC = python(OURS, "async_libkeepalive.py", "libkeepalive")

UNDICI = node("undici.request", "undici_request.js", "undici")
UNDICI_FETCH = node("undici.fetch", "undici_fetch.js", "undici")
FETCH = node("built-in fetch", "builtin_fetch.js", None)
HTTP_AGENT = node("http.Agent", "http_agent.js", None)
AXIOS = node("axios", "axios.js", "axios")
GOT = node("got", "got.js", "got")
IMPIT = node("impit", "impit.js", "impit")
OURS_REQUEST = node(f"{OURS} request", "libkeepalive_request.js", OURS)
OURS_FETCH = node(f"{OURS} fetch", "libkeepalive_fetch.js", OURS)
# Other people's functions on this pool.
FETCH_ON_OURS = node(f"built-in fetch on {OURS}", "libkeepalive_registered_fetch.js", OURS)
UNDICI_ON_OURS = node(f"undici.request on {OURS}", "libkeepalive_undici_request.js", OURS)
HTTP_ON_OURS = node(f"http.request on {OURS}", "libkeepalive_http_agent.js", OURS)

C_SEQUENTIAL = (RAW, CURL, HYPER, GO, OURS_C)
C_CONCURRENT = (RAW_EPOLL, CURL_MULTI, HYPER, GO, OURS_QUEUE)
PYTHON_SYNC = (
    SOCKET, HTTP_CLIENT, URLLIB3, URLLIB3_ON_OURS, REQUESTS, REQUESTS_ON_OURS, HTTPX, NIQUESTS, PYCURL,
    CURL_CFFI, PRIMP, PYREQWEST, HTTPX2, HTTPX2_ON_OURS, OURS_PYTHON,
)  # fmt: skip
ASYNC_ONE_LOOP = (
    AIOHTTP, AIOHTTP_ON_OURS, HTTPX_ASYNC, HTTPX2_ASYNC, HTTPX2_ASYNC_ON_OURS, PRIMP_ASYNC, PYREQWEST_ASYNC, OURS_ASYNC,
)  # fmt: skip
PYTHON_ASYNC = tuple(each for peer in ASYNC_ONE_LOOP for each in (peer, uvloop(peer)))
NODE = (
    UNDICI, UNDICI_FETCH, FETCH, HTTP_AGENT, AXIOS, GOT, IMPIT, FETCH_ON_OURS, UNDICI_ON_OURS, HTTP_ON_OURS,
    OURS_REQUEST, OURS_FETCH,
)  # fmt: skip
ALL = (*C_SEQUENTIAL, RAW_EPOLL, CURL_MULTI, OURS_QUEUE, *PYTHON_SYNC, *PYTHON_ASYNC, *NODE)
