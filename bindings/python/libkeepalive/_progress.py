"""Bars that show how far a body has come, by tqdm or rich where they are installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

_KINDS = ("tqdm", "rich")


def bar(kind: bool | str) -> Any:
    """What ``progress=True``, ``"tqdm"`` or ``"rich"`` stands for; None for False."""
    if kind is False:
        return None
    if kind is True:
        found = [name for name in _KINDS if find_spec(name) is not None]
        if not found:
            raise ImportError("progress=True: neither tqdm nor rich is installed; pip install tqdm")
        kind = found[0]
    if kind not in _KINDS:
        raise ValueError(f'progress: {kind!r} is no bar; expected True, "tqdm" or "rich"')
    if find_spec(kind) is None:
        raise ImportError(f'progress="{kind}": {kind} is not installed; pip install {kind}')
    make: Callable[[], Any] = _Tqdm if kind == "tqdm" else _Rich
    return make()


class _Tqdm:
    def __init__(self) -> None:
        self.shown: Any = None

    def __call__(self, progress: Any) -> None:
        if self.shown is None:
            tqdm: Any = import_module("tqdm.auto")
            self.shown = tqdm.tqdm(total=progress.total, unit="B", unit_scale=True, unit_divisor=1024)
        self.shown.total = progress.total
        # A body that is written anew begins at 0 again.
        self.shown.update(progress.bytes - self.shown.n)

    def close(self) -> None:
        if self.shown is not None:
            self.shown.close()


class _Rich:
    def __init__(self) -> None:
        self.shown: Any = None
        self.task: Any = None

    def __call__(self, progress: Any) -> None:
        if self.shown is None:
            rich: Any = import_module("rich.progress")
            columns = (rich.BarColumn, rich.DownloadColumn, rich.TransferSpeedColumn)
            self.shown = rich.Progress(*(column() for column in columns), rich.TimeRemainingColumn())
            self.task = self.shown.add_task("", total=progress.total)
            self.shown.start()
        self.shown.update(self.task, completed=progress.bytes, total=progress.total)

    def close(self) -> None:
        if self.shown is not None:
            self.shown.stop()
