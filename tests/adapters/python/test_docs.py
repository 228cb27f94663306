"""What ``help()`` and editors show: each public name says what it does, with its arguments, units, errors and an
example, and the examples are so."""

from __future__ import annotations

import ast
import doctest
import inspect
import json
import os
import pydoc
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from enum import EnumType
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import libkeepalive

MODULES = (
    "", "testing", "aiobotocore", "aiohttp", "azure", "botocore", "elastic", "google_auth", "httpx", "httpx2",
    "opensearch", "requests", "stripe", "urllib3",
)  # fmt: skip
#: What takes seconds, wherever it stands.
SECONDS = {"timeout", "request_timeout", "delay", "interval", "secs"}
#: Where it is said that the other arguments are somebody else's.
ELSEWHERE = re.compile(r"[Aa]rguments?\b|[Aa]s of ``|``[\w.]+\(\)?[^`]*``,")


class Public(NamedTuple):
    name: str
    value: Any
    #: A member of a class.
    is_member: bool

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.value) or ""

    @property
    def is_class(self) -> bool:
        return isinstance(self.value, type)

    @property
    def is_function(self) -> bool:
        return not self.is_class and callable(self.value)

    @property
    def parameters(self) -> list[inspect.Parameter]:
        found = inspect.signature(self.value).parameters.values()
        return [each for each in found if each.name not in ("self", "cls")]


def is_of_host(cls: type, name: str) -> bool:
    """Whether it stands in place of a method of the library that is adapted, where its arguments are told."""
    others = [base for base in cls.__mro__[1:-1] if not base.__module__.startswith("libkeepalive")]
    return any(name in vars(base) for base in others)


def public() -> Iterator[Public]:
    seen: set[int] = set()
    for part in MODULES:
        module = import_module(f"libkeepalive.{part}".rstrip("."))
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, type) and issubclass(value, BaseException):
                continue  # those stand in docs/errors.md
            if not callable(value) or id(value) in seen or name == "USE_CLIENT_DEFAULT":
                continue
            seen.add(id(value))
            where = f"{module.__name__}.{name}"
            yield Public(where, value, False)
            if not isinstance(value, type):
                continue
            for own, member in vars(value).items():
                kinds = (property, staticmethod, classmethod)
                described = inspect.isroutine(member) or inspect.isgetsetdescriptor(member)
                if is_of_host(value, own) or isinstance(getattr(value, own), type):
                    continue
                if not own.startswith("_") and (described or isinstance(member, kinds)):
                    is_method = isinstance(member, (staticmethod, classmethod))
                    yield Public(f"{where}.{own}", getattr(value, own) if is_method else member, True)


ALL = list(public())
every = pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)


@every
def test_it_says_what_it_does(one: Public) -> None:
    own = one.value.__doc__ if one.is_class else one.doc
    assert own and len(own) > 10
    # As help() shows it.
    assert one.doc.splitlines()[0] in pydoc.plain(pydoc.render_doc(one.value))


@every
def test_it_names_its_arguments(one: Public) -> None:
    if not (one.is_function or one.is_class) or isinstance(one.value, EnumType):
        return
    doc = one.doc
    for parameter in one.parameters:
        if re.search(rf"``[^`]*\b{parameter.name}\b[^`]*``", doc) or parameter.name.startswith("_"):
            continue
        assert ELSEWHERE.search(doc), parameter.name


@every
def test_it_has_units(one: Public) -> None:
    if one.is_function or one.is_class:
        for name in SECONDS.intersection(parameter.name for parameter in one.parameters):
            assert "second" in one.doc or ELSEWHERE.search(one.doc), name


def blocks(doc: str) -> list[str]:
    """Code that is shown and not run."""
    found = re.findall(r"^::\n\n((?: {4}.*\n?|\n)+)", doc, re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


@every
def test_it_has_an_example(one: Public) -> None:
    if not one.is_member:
        assert ">>> " in one.doc or blocks(one.doc)
    for block in blocks(one.doc):
        ast.parse("async def shown():\n" + textwrap.indent(block, "    "))


@pytest.mark.parametrize("name", ["get", "post", "request", "stream", "download", "send", "build_request", "warm"])
@pytest.mark.parametrize("client", ["Client", "AsyncClient"])
def test_clients_tell_of_errors(client: str, name: str) -> None:
    doc = inspect.getdoc(getattr(getattr(libkeepalive, client), name)) or ""
    assert "error" in doc or "Raises" in doc


def test_the_examples_are_so(tmp_path: Path) -> None:
    """In a process whose requests all go to one server, as its proxy."""
    done = subprocess.run([sys.executable, __file__], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) >= 50


def _answer(received: Any) -> Any:
    """What ``http://example.com/`` answers."""
    from libkeepalive.testing import Answer

    kind = received.header("content-type") or ""
    path = re.sub(r"^http://[^/]*", "", received.target).partition("?")[0]
    if kind == "application/json":
        return Answer(200, received.body, {"Content-Type": kind})
    if path == "/file":
        return Answer(200, b"content", {"Content-Type": "text/plain"})
    if path == "/events":
        return Answer(200, b"data: 1\n\ndata: 2\n\n", {"Content-Type": "text/event-stream"})
    body = json.dumps({"path": path})
    return Answer(404 if path == "/missing" else 200, body, {"Content-Type": "application/json"})


def _run() -> None:
    from libkeepalive import testing

    with testing.Origin(_answer) as origin:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            del os.environ[name]
        os.environ["http_proxy"] = origin.url
        runner, parser = doctest.DocTestRunner(verbose=False), doctest.DocTestParser()
        for one in ALL:
            globs = {"libkeepalive": libkeepalive, "testing": testing}
            for module in ("httpx", "httpx2", "requests", "urllib3", "boto3", "stripe"):
                if f"{module}." in one.doc:
                    globs[module] = import_module(module)
            runner.run(parser.get_doctest(one.doc, globs, one.name, None, 0))
        failed, tried = runner.summarize(verbose=False)
        print(tried)
        sys.exit(bool(failed))


if __name__ == "__main__":
    _run()
