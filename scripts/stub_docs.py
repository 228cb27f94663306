"""stub_docs.py [--check]: writes the docstrings of the native module into its declarations, for editors that read
nothing else. Run it by a Python that has the library (target/venv/bin/python), in the root of the repository.

What stands between ``# <generated`` and ``# </generated>`` is `make generate`'s.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STUB = "bindings/python/libkeepalive/_native.pyi"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def generated(text: str) -> set[int]:
    """The lines that another program writes."""
    found, inside = set(), False
    for number, line in enumerate(text.splitlines(), 1):
        inside = inside or "# <generated" in line
        if inside:
            found.add(number)
        inside = inside and "# </generated>" not in line
    return found


def described(tree: ast.Module, module: Any) -> Iterator[tuple[ast.ClassDef | Function, Any]]:
    """Each declaration that is public, and what it declares; of several of one name the first."""
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | Function) or node.name not in module.__all__:
            continue
        value = getattr(module, node.name)
        yield node, value
        if not isinstance(node, ast.ClassDef):
            continue
        seen = set()
        for member in node.body:
            if isinstance(member, Function) and not member.name.startswith("_"):
                if member.name not in seen:
                    seen.add(member.name)
                    yield member, inspect.getattr_static(value, member.name)


def docstring(doc: str, indent: str) -> list[str]:
    raw = "r" if "\\" in doc else ""
    lines = doc.splitlines()
    if len(lines) == 1 and not doc.endswith('"'):
        return [f'{indent}{raw}"""{doc}"""']
    shown = [f"{indent}{line}" if line else "" for line in lines[1:]]
    return [f'{indent}{raw}"""{lines[0]}', *shown, f'{indent}"""']


def with_docs(text: str, module: Any) -> str:
    """The declarations with the docstrings that the module has."""
    lines, skipped = text.splitlines(), generated(text)
    found = list(described(ast.parse(text), module))
    for node, value in sorted(found, key=lambda pair: pair[0].lineno, reverse=True):
        value = value.__func__ if isinstance(value, staticmethod) else value
        doc = inspect.cleandoc(value.__doc__ or "")
        if not doc or node.lineno in skipped:
            continue
        first = node.body[0]
        indent = " " * (node.col_offset + 4)
        has_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        is_text = has_doc and isinstance(first.value.value, str)
        if isinstance(node, ast.ClassDef):
            end = first.end_lineno if is_text else node.lineno
            lines[node.lineno : end] = docstring(doc, indent)
        elif is_text:
            lines[first.lineno - 1 : first.end_lineno] = docstring(doc, indent)
        else:
            line = lines[first.lineno - 1]
            # With its comment, which may be for a checker.
            head = line[: first.col_offset].rstrip() + line[first.end_col_offset :]
            lines[first.lineno - 1 : first.end_lineno] = [head, *docstring(doc, indent)]
    return "\n".join(lines) + "\n"


def main() -> int:
    import libkeepalive

    path = Path(STUB)
    text = path.read_text()
    new = with_docs(text, libkeepalive)
    if "--check" in sys.argv[1:]:
        return int(text != new)
    path.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
