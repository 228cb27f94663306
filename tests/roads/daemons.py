"""Real proxies on free ports of the loopback: squid, tinyproxy, haproxy, dante. Each has a folder
of its own, is ready when it is handed out, and ends with the tests."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

USER, PASSWORD = "ann", "p:w ö"
#: As it stands in a URL.
LOGIN = "ann:p%3Aw%20%C3%B6"
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
SQUID_HELPERS = [Path(f"/usr/{lib}/squid") for lib in ("lib", "libexec", "lib64")]


def program(name: str, package: str) -> str:
    found = shutil.which(name, path=PATH)
    assert found, f"these tests need {name}: apt-get install {package}"
    return found


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def listening(*ports: int) -> Callable[[], bool]:
    """Whether somebody listens on all of them."""

    def listens(port: int) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", port)) == 0

    return lambda: all(map(listens, ports))


def poll(what: Callable[[], Any], why: Callable[[], str] = str) -> Any:
    """Waits for something that gives no sign; what it answered."""
    deadline = time.monotonic() + 20
    while not (answer := what()):
        assert time.monotonic() < deadline, why()
        threading.Event().wait(0.01)
    return answer


@contextlib.contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """A short path, for Unix sockets, that a program which gives up root may use."""
    with tempfile.TemporaryDirectory(prefix=f"roads-{prefix}-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


@contextlib.contextmanager
def running(command: list[Any], ready: Callable[[], bool], log: Path) -> Iterator[None]:
    """The program, once it is ready."""
    with (
        log.with_name("output").open("wb") as output,
        subprocess.Popen([str(each) for each in command], stdout=output, stderr=output) as process,
    ):

        def is_ready() -> bool:
            assert process.poll() is None, said()
            return ready()

        def said() -> str:
            texts = [
                each.read_text(errors="replace") for each in (output_path, log) if each.exists()
            ]
            return f"{command[0]} does not start: {' '.join(texts)}"

        output_path = log.with_name("output")
        try:
            poll(is_ready, said)
            yield
        finally:
            # Squid takes seconds to end otherwise; its helpers end with it.
            process.kill()


class Daemon:
    """A running proxy: its ports by name, and what its log says."""

    def __init__(self, log: Path, **ports: int) -> None:
        self.log, self.ports = log, ports

    def url(self, port: str = "open", scheme: str = "http", login: str = "") -> str:
        host = "localhost" if scheme == "https" else "127.0.0.1"
        return f"{scheme}://{login and login + '@'}{host}:{self.ports[port]}"

    def place(self, port: str = "open") -> str:
        return f"127.0.0.1:{self.ports[port]}"

    def lines(self) -> list[str]:
        return self.log.read_text(errors="replace").splitlines() if self.log.exists() else []

    def logged(self, pattern: str, count: int) -> list[re.Match[str]]:
        """Waits for that many lines that match, and answers them; more are an error."""

        def found() -> list[re.Match[str]]:
            matches = [re.search(pattern, line) for line in self.lines()]
            return [match for match in matches if match]

        poll(lambda: len(found()) >= count, lambda: f"{count} of {pattern} in {self.lines()}")
        assert len(found()) == count, self.lines()
        return found()


SQUID = """
{listen}
pid_filename {dir}/squid.pid
cache_log {dir}/cache.log
error_directory {dir}
logformat roads %{{X-Test}}>h %>p %rm %>Hs %[un %ru
strip_query_terms off
access_log stdio:{dir}/access.log roads
coredump_dir {dir}
hosts_file {dir}/hosts
cache deny all
cache_mem 8 MB
max_filedescriptors 1024
shutdown_lifetime 0 seconds
pinger_enable off
netdb_filename none
# A port of the tests may be any.
acl closed myportname closed
acl guarded myportname guarded
{auth}
http_access deny closed
http_access allow guarded known
http_access deny guarded
http_access allow all
request_header_access X-Test deny all
forwarded_for delete
via off
"""
BASIC = """
auth_param basic program {helpers}/basic_ncsa_auth {dir}/passwd
auth_param basic realm roads
auth_param basic utf8 on
"""
DIGEST = """
auth_param digest program {helpers}/digest_file_auth -c {dir}/passwd
auth_param digest realm roads
auth_param digest nonce_max_count 3
auth_param digest utf8 on
"""


@contextlib.contextmanager
def squid(scheme: str, cert_file: str, key_file: str) -> Iterator[Daemon]:
    """Squid with four ports: `open`, `tls`, `guarded` by `scheme` (basic or digest), and `closed`.
    It alone knows the name `only-squid.test`, which is 127.0.0.1."""
    helpers = next((each for each in SQUID_HELPERS if each.is_dir()), None)
    assert helpers, "squid's helpers are not found"
    with folder("squid") as directory:
        ports = dict(zip(("open", "guarded", "closed", "tls"), free_ports(4), strict=True))
        listen = [
            f"http_port 127.0.0.1:{ports[name]} name={name}"
            for name in ("open", "guarded", "closed")
        ]
        # Squid reads it as root or as another user: a copy that both may read.
        pem = directory / "tls.pem"
        pem.write_text(Path(cert_file).read_text() + Path(key_file).read_text())
        listen.append(f"https_port 127.0.0.1:{ports['tls']} name=tls tls-cert={pem}")
        auth = (BASIC if scheme == "basic" else DIGEST).format(helpers=helpers, dir=directory)
        passwords = directory / "passwd"
        if scheme == "basic":
            hashed = ["openssl", "passwd", "-5", "-salt", "roads", PASSWORD]
            word = subprocess.run(hashed, check=True, capture_output=True, text=True).stdout.strip()
        else:
            word = "roads:" + hashlib.md5(f"{USER}:roads:{PASSWORD}".encode()).hexdigest()
        passwords.write_text(f"{USER}:{word}\n")
        for path in (pem, passwords):
            path.chmod(0o644)
        # A page that goes out in one write with its head, so that the whole answer is there at once.
        (directory / "ERR_CACHE_ACCESS_DENIED").write_text("Who are you?\n")
        (directory / "hosts").write_text("127.0.0.1 only-squid.test localhost\n")
        config = directory / "squid.conf"
        text = auth + "acl known proxy_auth REQUIRED"
        config.write_text(SQUID.format(dir=directory, listen="\n".join(listen), auth=text))
        command = [program("squid", "squid"), "-N", "-f", config]
        with running(command, listening(*ports.values()), directory / "cache.log"):
            yield Daemon(directory / "access.log", **ports)


TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 60
LogFile "{dir}/log"
LogLevel Info
MaxClients 100
Allow 127.0.0.1
DisableViaHeader Yes
{auth}
"""


@contextlib.contextmanager
def tinyproxy(login: bool) -> Iterator[Daemon]:
    """Tinyproxy, which closes every connection after its response; with `login`: `ann`,
    `secret`."""
    with folder("tiny") as directory:
        (port,) = free_ports(1)
        config = directory / "conf"
        auth = "BasicAuth ann secret" if login else ""
        config.write_text(TINYPROXY.format(dir=directory, port=port, auth=auth))
        log = directory / "log"
        with running([program("tinyproxy", "tinyproxy"), "-d", "-c", config], listening(port), log):
            yield Daemon(log, open=port)


HAPROXY = """
global
    stats socket {dir}/stats level admin
    maxconn 200
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
userlist people
    user ann insecure-password secret
frontend open
    bind 127.0.0.1:{open}
    default_backend origin
frontend guarded
    bind 127.0.0.1:{guarded}
    # Without it haproxy asks for Authorization, as an origin does.
    option http-use-proxy-header
    http-request auth realm roads unless {{ http_auth(people) }}
    http-request del-header Proxy-Authorization
    default_backend origin
frontend tls
    bind 127.0.0.1:{tls} ssl crt {dir}/tls.pem
    default_backend origin
frontend unix
    bind unix@{dir}/http.sock mode 666
    default_backend origin
backend origin
    # The origin is strict: absolute-form is for proxies.
    http-request set-uri %[pathq]
    server origin {origin}
"""


class Haproxy(Daemon):
    """haproxy, and its own counters."""

    def __init__(self, directory: Path, **ports: int) -> None:
        super().__init__(directory / "output", **ports)
        self.socket = directory / "http.sock"
        self.stats = directory / "stats"

    def answers(self) -> bool:
        """Whether it runs; its ports are open then."""
        with socket.socket(socket.AF_UNIX) as asked:
            return asked.connect_ex(str(self.stats)) == 0

    def counts(self, frontend: str) -> tuple[int, int]:
        """How many connections and requests a frontend has had."""
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(self.stats))
            asked.sendall(b"show stat\n")
            header, *rows = asked.makefile().read().lstrip("# ").splitlines()
        names = header.split(",")
        for row in rows:
            found = dict(zip(names, row.split(","), strict=True))
            if (found["pxname"], found["svname"]) == (frontend, "FRONTEND"):
                return int(found["conn_tot"]), int(found["req_tot"])
        raise AssertionError(f"no frontend {frontend}")


@contextlib.contextmanager
def haproxy(origin: str, cert_file: str, key_file: str) -> Iterator[Haproxy]:
    """haproxy before the origin at `origin` (host:port), as a proxy that forwards: `open`,
    `guarded` by Basic (`ann`, `secret`), `tls`, and a Unix socket."""
    with folder("haproxy") as directory:
        ports = dict(zip(("open", "guarded", "tls"), free_ports(3), strict=True))
        pem = directory / "tls.pem"
        pem.write_text(Path(cert_file).read_text() + Path(key_file).read_text())
        config = directory / "conf"
        config.write_text(HAPROXY.format(dir=directory, origin=origin, **ports))
        found = Haproxy(directory, **ports)
        command = [program("haproxy", "haproxy"), "-db", "-f", config]
        # It counts connections: a look at its ports would be one.
        with running(command, found.answers, directory / "output"):
            yield found


DANTE = """
logoutput: {dir}/log
internal: 127.0.0.1 port = {port}
external: 127.0.0.1
clientmethod: none
socksmethod: none
user.privileged: {user}
user.unprivileged: {user}
client pass {{
    from: 127.0.0.0/8 to: 0.0.0.0/0
}}
socks block {{
    from: 0.0.0.0/0 to: 0.0.0.0/0 port = 2
}}
socks pass {{
    from: 0.0.0.0/0 to: 0.0.0.0/0
    log: connect
}}
"""


@contextlib.contextmanager
def dante() -> Iterator[Daemon]:
    """Dante, for SOCKS 4, 4a and 5; port 2 is forbidden."""
    import getpass

    with folder("dante") as directory:
        (port,) = free_ports(1)
        config = directory / "conf"
        config.write_text(DANTE.format(dir=directory, port=port, user=getpass.getuser()))
        command = [
            program("danted", "dante-server"),
            "-N",
            "1",
            "-f",
            config,
            "-p",
            directory / "pid",
        ]
        with running(command, listening(port), directory / "log"):
            yield Daemon(directory / "log", open=port)
