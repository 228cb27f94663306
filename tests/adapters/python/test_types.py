"""The types, beside those of the adapters' hosts: what is right is accepted and what is wrong refused, by mypy and
by pyright, both strict."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

import libkeepalive

TYPES = Path(__file__).resolve().parents[2] / "types/python"
PYRIGHT = TYPES / "node_modules/pyright/index.js"
ADAPTERS = (
    "aiobotocore", "aiohttp", "azure", "botocore", "elastic", "google_auth", "httpx", "httpx2", "opensearch",
    "requests", "stripe", "urllib3",
)  # fmt: skip
CHECKERS = ("mypy", "pyright")


@dataclass(frozen=True)
class Usage:
    """A function of the corpus: ``wrong_...`` has errors in the lines that are marked, ``right_...`` none."""

    file: str
    name: str
    lines: range

    @property
    def is_wrong(self) -> bool:
        return self.name.startswith("wrong_")


#: The rules of an error, by file and line.
Errors = dict[tuple[str, int], set[str]]


def usages() -> list[Usage]:
    found = []
    for file in sorted(TYPES.glob("usages/*.py")):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if node.name.startswith(("right_", "wrong_")):
                    lines = range(node.lineno, (node.end_lineno or 0) + 1)
                    found.append(Usage(file.name, node.name, lines))
    return found


def marked(checker: str) -> Errors:
    """What the marks say: ``# error: RULE,... / RULE,...``, mypy's and pyright's."""
    found: Errors = {}
    for file in TYPES.glob("usages/*.py"):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if mark := re.search(r"# error: (\S+) / (\S+)$", line):
                rules = mark[CHECKERS.index(checker) + 1].split(",")
                found[file.name, number] = set(rules)
    return found


def environment() -> dict[str, str]:
    """Pyright asks the first ``python`` of the PATH for where packages are."""
    binaries = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": binaries, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}


def pyright(*arguments: str) -> str:
    assert PYRIGHT.exists(), "scripts/setup.sh packages installs pyright"
    command = [os.environ.get("KEEPALIVE_NODE", "node"), str(PYRIGHT), *arguments]
    done = subprocess.run(command, cwd=TYPES, env=environment(), capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def pyright_errors() -> Errors:
    found: Errors = defaultdict(set)
    said = json.loads(pyright("--project", ".", "--pythonpath", sys.executable, "--outputjson"))
    assert said["summary"]["filesAnalyzed"] >= len(list(TYPES.glob("usages/*.py")))
    for error in said["generalDiagnostics"]:
        place = Path(error["file"]).name, error["range"]["start"]["line"] + 1
        found[place].add(error.get("rule", error["message"]))
    return found


def mypy_errors(cache: Path) -> Errors:
    found: Errors = defaultdict(set)
    # The package itself too, with what it needs of its hosts.
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(cache), "--output", "json"]
    command += ["-p", "libkeepalive", "-p", "usages"]
    done = subprocess.run(command, cwd=TYPES, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    for error in map(json.loads, done.stdout.splitlines()):
        if error["severity"] == "error":
            found[Path(error["file"]).name, error["line"]].add(error["code"])
    return found


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Errors]:
    """One run of each checker over the whole corpus."""
    with ThreadPoolExecutor() as pool:
        by_mypy = pool.submit(mypy_errors, tmp_path_factory.mktemp("mypy"))
        by_pyright = pool.submit(pyright_errors)
        return {"mypy": by_mypy.result(), "pyright": by_pyright.result()}


def test_the_corpus_marks_what_is_wrong_and_nothing_else() -> None:
    found = usages()
    assert len(found) >= 60
    assert sum(usage.is_wrong for usage in found) >= 20
    places = marked("mypy").keys()
    for usage in found:
        has_marks = any((usage.file, line) in places for line in usage.lines)
        assert has_marks == usage.is_wrong, usage
    inside = {(usage.file, line) for usage in found for line in usage.lines}
    assert places <= inside


@pytest.mark.parametrize("usage", usages(), ids=lambda usage: f"{usage.file[:-3]}-{usage.name}")
def test_a_usage(usage: Usage, verdicts: dict[str, Errors]) -> None:
    for checker in CHECKERS:
        wanted, errors = marked(checker), verdicts[checker]
        for line in usage.lines:
            rules = set(errors.get((usage.file, line), ()))
            if usage.is_wrong:
                # Of what is refused nothing more is known.
                rules = {rule for rule in rules if not rule.startswith("reportUnknown")}
            place = f"{checker}, tests/types/python/usages/{usage.file}:{line}"
            assert rules == wanted.get((usage.file, line), set()), place


def test_there_are_no_errors_beside_the_usages(verdicts: dict[str, Errors]) -> None:
    inside = {(usage.file, line) for usage in usages() for line in usage.lines}
    for checker, errors in verdicts.items():
        assert not {place: rules for place, rules in errors.items() if place not in inside}, checker


def test_the_corpus_has_all_that_is_public() -> None:
    names = set()
    for file in TYPES.glob("usages/*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute):
                names.add(node.attr)
            elif isinstance(node, ast.alias):
                names.add(node.name)
            elif isinstance(node, ast.arg):
                names.add(node.arg)
    missing = []
    for module in ("libkeepalive", "libkeepalive.testing", *(f"libkeepalive.{name}" for name in ADAPTERS)):
        for name in import_module(module).__all__:
            value = getattr(import_module(module), name)
            if isinstance(value, type) and issubclass(value, BaseException):
                continue  # they are alike
            if name not in names:
                missing.append(f"{module}.{name}")
            if module in ("libkeepalive", "libkeepalive.testing") and isinstance(value, type):
                for member in vars(value):
                    of_enum = isinstance(getattr(value, member), value)
                    if not (member.startswith("_") or of_enum or member in names):
                        missing.append(f"{module}.{name}.{member}")
    assert missing == []


def test_the_declarations_are_those_of_the_modules(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "libkeepalive"]
    command += ["--mypy-config-file", str(TYPES / "mypy.ini")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_public_type_is_known() -> None:
    said = json.loads(pyright("--verifytypes", "libkeepalive", "--ignoreexternal", "--outputjson"))
    report = said["typeCompleteness"]
    symbols = [each for each in report["symbols"] if each["isExported"] and not each["isTypeKnown"]]
    assert not symbols, [each["name"] for each in symbols]
    counts = report["exportedSymbolCounts"]
    assert counts["withKnownType"] >= 160 and report["completenessScore"] == 1
    assert Path(report["packageRootDirectory"]).resolve() == Path(libkeepalive.__file__).parent.resolve()
