"""Bars that show how far a body has come, by tqdm or rich where they are installed."""

from __future__ import annotations

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
    return _Tqdm() if kind == "tqdm" else _Rich()


class _Tqdm:
    """One bar for each way that a body goes."""

    def __init__(self) -> None:
        self.shown: dict[bool, Any] = {}

    def __call__(self, progress: Any) -> None:
        shown = self.shown.get(progress.upload)
        if shown is None:
            tqdm: Any = import_module("tqdm.auto")
            shown = tqdm.tqdm(total=progress.total, unit="B", unit_scale=True, unit_divisor=1024)
            self.shown[progress.upload] = shown
        shown.total = progress.total
        # A body that comes anew begins at 0 again.
        shown.update(progress.bytes - shown.n)

    def close(self) -> None:
        for shown in self.shown.values():
            shown.close()


class _Rich:
    """One row for each way that a body goes."""

    def __init__(self) -> None:
        self.shown: Any = None
        self.tasks: dict[bool, Any] = {}

    def __call__(self, progress: Any) -> None:
        if self.shown is None:
            rich: Any = import_module("rich.progress")
            columns = (rich.BarColumn, rich.DownloadColumn, rich.TransferSpeedColumn)
            self.shown = rich.Progress(*(column() for column in columns), rich.TimeRemainingColumn())
            self.shown.start()
        if progress.upload not in self.tasks:
            self.tasks[progress.upload] = self.shown.add_task("", total=progress.total)
        self.shown.update(
            self.tasks[progress.upload], completed=progress.bytes, total=progress.total
        )

    def close(self) -> None:
        if self.shown is not None:
            self.shown.stop()
