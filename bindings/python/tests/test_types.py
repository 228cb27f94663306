"""The types: the stubs agree with the module, and the package and the examples check strictly."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import libkeepalive

PACKAGE = Path(libkeepalive.__file__).parent
BINDING = Path(__file__).parent.parent


#: What the adapters' hosts are needed for (tests/adapters/python checks it).
ADAPTERS = r"libkeepalive/(_adapters/|[a-z][a-z0-9_]*\.py$)"


@pytest.mark.parametrize(
    "command",
    [
        ["mypy.stubtest", "libkeepalive._native"]
        + ["--allowlist", str(BINDING / "stubtest-allowlist.txt")],
        ["mypy", "--strict", "-p", "libkeepalive", "--exclude", ADAPTERS],
        ["mypy", "--strict", str(BINDING / "examples")],
    ],
    ids=["stubtest", "package", "examples"],
)
def test_types_check(command: list[str], tmp_path: Path):
    # Where the source folder does not hide the installed package.
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


FORGOTTEN = """
import libkeepalive

async def main(client: libkeepalive.AsyncClient) -> None:
    client.get("http://h/")
    client.request("GET", "http://h/")
    client.warm("http://h/")
    client.aclose()
    async with client.stream("GET", "http://h/") as response:
        response.aread()
        response.aclose()
    response = await client.get("http://h/", params={"a": 1}, content=b"x")
    print(response.status_code + await client.warm("http://h/"))
"""


def test_a_forgotten_await_is_an_error_of_types(tmp_path: Path):
    (tmp_path / "forgotten.py").write_text(FORGOTTEN)
    command = [sys.executable, "-m", "mypy", "--strict", "forgotten.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.count("[unused-coroutine]") == 6, done.stdout
    assert "Found 6 errors" in done.stdout, done.stdout


def test_the_stub_has_every_option():
    tree = ast.parse((PACKAGE / "_native.pyi").read_text())
    (options,) = [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "_ClientOptions"
    ]
    names = [each.target.id for each in options.body if isinstance(each, ast.AnnAssign)]
    assert {name for name, *_ in libkeepalive.OPTIONS} <= set(names)
    assert (PACKAGE / "py.typed").exists()


def test_everything_public_is_documented():
    for name in libkeepalive.__all__:
        value = getattr(libkeepalive, name)
        if callable(value):
            assert value.__doc__, name
        if isinstance(value, type):
            for attribute, member in vars(value).items():
                if not attribute.startswith("_") and hasattr(member, "__get__"):
                    assert member.__doc__, f"{name}.{attribute}"


def test_the_stub_has_the_docstrings_of_the_module():
    script = BINDING.parents[1] / "scripts/stub_docs.py"
    done = subprocess.run([sys.executable, script, "--check"], cwd=BINDING.parents[1])
    assert done.returncode == 0, "target/venv/bin/python scripts/stub_docs.py writes them"
