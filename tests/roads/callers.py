"""The languages in which the tests make their requests, all in one way: options and requests in,
results out."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIBRARY = Path(os.environ.get("KEEPALIVE_LIBRARY", ROOT / "target/debug"))
#: Longer than any limit that a test sets, so that a hanging caller is one failure.
PATIENCE = 60
#: What the test process itself may have set; the tests say what a caller sees of it.
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if not name.lower().endswith("_proxy") and name not in ("REQUEST_METHOD", "KEEPALIVE_TRUST_ENV")
}


@dataclass(frozen=True)
class Result:
    """What became of a request: a response, or an error with its code (`KA_PROXY_FAILED`)."""

    status: int | None = None
    body: str = ""
    reused: bool | None = None
    error: str | None = None
    message: str = ""
    #: The name of the exception's class, in Python and Node.
    kind: str = ""

    def json(self) -> Any:
        assert self.status == 200, self
        return json.loads(self.body)

    def fails(self, code: str, *words: str) -> None:
        """It is this error, and its message has these words, whatever their case."""
        assert self.error == code, self
        for word in words:
            assert word.lower() in self.message.lower(), (word, self)

    def succeeds(self, status: int = 200, body: str | None = None) -> None:
        assert self.status == status, self
        assert body is None or self.body == body, self


def results(line: str) -> list[Result]:
    found = json.loads(line)
    return [
        Result(**{"kind" if name == "class" else name: each[name] for name in each})
        for each in found
    ]


def get(url: str, **options: Any) -> dict[str, Any]:
    """A GET; the options are for this request."""
    return {"method": "GET", "url": url, "options": options}


def post(url: str, body: str, **options: Any) -> dict[str, Any]:
    return {"method": "POST", "url": url, "body": body, "options": options}


class Caller:
    """A language, and the way in which it waits."""

    language = ""

    def __init__(self, way: str) -> None:
        self.way = way
        self.name = f"{self.language}-{way}"

    def run(
        self,
        options: Mapping[str, Any],
        *requests: dict[str, Any],
        env: Mapping[str, str] | None = None,
        together: bool = False,
    ) -> list[Result]:
        """The requests one after the other over one client, or `together`, where a language can;
        with `env`: in a process of its own, with these variables beside those of the tests. A
        client that is refused is one result."""
        raise NotImplementedError

    def one(self, options: Mapping[str, Any], request: dict[str, Any], **more: Any) -> Result:
        (result,) = self.run(options, request, **more)
        return result

    def close(self) -> None:
        pass


class Process(Caller):
    """A driver that takes jobs line by line."""

    #: Those that run, by language: one for all its ways.
    drivers: dict[str, tuple[subprocess.Popen[str], queue.Queue[str]]] = {}

    def command(self) -> list[str]:
        raise NotImplementedError

    def run(
        self,
        options: Mapping[str, Any],
        *requests: dict[str, Any],
        env: Mapping[str, str] | None = None,
        together: bool = False,
    ) -> list[Result]:
        job = json.dumps(
            {"way": self.way, "options": options, "requests": requests, "together": together}
        )
        if env is not None:
            done = subprocess.run(
                self.command(), input=job + "\n", env={**CLEAN, **env}, check=True, text=True,
                stdout=subprocess.PIPE, timeout=PATIENCE,
            )  # fmt: skip
            return results(done.stdout)
        process, lines = self.driver()
        assert process.stdin
        print(job, file=process.stdin, flush=True)
        try:
            return results(lines.get(timeout=PATIENCE))
        except queue.Empty:
            process.kill()
            del self.drivers[self.language]
            raise AssertionError(f"{self.name} hangs: {job}") from None

    def driver(self) -> tuple[subprocess.Popen[str], queue.Queue[str]]:
        if self.language not in self.drivers:
            process = subprocess.Popen(
                self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=CLEAN
            )
            lines: queue.Queue[str] = queue.Queue()

            def read() -> None:
                assert process.stdout
                for line in process.stdout:
                    lines.put(line)

            threading.Thread(target=read, daemon=True).start()
            self.drivers[self.language] = process, lines
        return self.drivers[self.language]

    def close(self) -> None:
        if found := self.drivers.pop(self.language, None):
            assert found[0].stdin
            found[0].stdin.close()
            assert found[0].wait(20) == 0


class Python(Process):
    language = "python"

    def command(self) -> list[str]:
        return [sys.executable, str(HERE / "driver.py")]


class Node(Process):
    language = "node"

    def command(self) -> list[str]:
        return ["node", str(HERE / "driver.mjs")]


def as_text(value: Any) -> str:
    """An option as C has it: mappings and lists are texts there."""
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, Mapping):
        return " ".join(f"{pattern}=>{url or 'direct'}" for pattern, url in value.items())
    return str(value)


def settings(options: Mapping[str, Any]) -> list[str]:
    texts = dict(options)
    if isinstance(fields := texts.get("proxy_headers"), Mapping):
        texts["proxy_headers"] = "\n".join(f"{name}: {value}" for name, value in fields.items())
    return [f"{name}={as_text(value)}" for name, value in texts.items()]


class C(Caller):
    language = "c"
    program: Path | None = None

    def run(
        self,
        options: Mapping[str, Any],
        *requests: dict[str, Any],
        env: Mapping[str, str] | None = None,
        together: bool = False,
    ) -> list[Result]:
        assert self.program and not together
        command = [str(self.program), self.way, *settings(options)]
        for request in requests:
            command += ["--", request["method"], request["url"]]
            command += [f"header:{name}: {value}" for name, value in request.get("headers", [])]
            command += [f"body:{request['body']}"] if "body" in request else []
            command += ["follow:"] if request.get("follow") else []
            command += settings(request.get("options", {}))
        done = subprocess.run(
            command, env={**CLEAN, **(env or {})}, check=True, text=True, stdout=subprocess.PIPE,
            timeout=PATIENCE,
        )  # fmt: skip
        return results(done.stdout)


def compile_driver(folder: Path) -> None:
    """Compiles the C driver, once for all."""
    program = folder / "driver"
    subprocess.run(
        ["gcc", "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
         "-I", ROOT / "include", HERE / "driver.c", "-o", program,
         "-L", LIBRARY, "-lkeepalive", f"-Wl,--disable-new-dtags,-rpath,{LIBRARY}"],
        check=True,
    )  # fmt: skip
    C.program = program


ALL: list[Caller] = [
    Python("sync"), Python("asyncio"), Python("trio"),
    Node("request"), Node("fetch"), C("send"), C("submit"),
]  # fmt: skip
#: One of each language, and both ways to wait.
EACH = [caller for caller in ALL if caller.way in ("sync", "asyncio", "request", "send")]
PYTHON = ALL[0]
