"""What each metric is, and how its values are written."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A measured quantity; smaller is better unless `more_is_better`."""

    title: str
    unit: str  # "s", "B", "share" or "count"
    more_is_better: bool = False


METRICS = {
    "time": Metric("time/request", "s"),
    "cpu": Metric("client CPU/request", "s"),
    "median_latency": Metric("median", "s"),
    "late_latency": Metric("99 %", "s"),
    "most_latency": Metric("longest", "s"),
    "fairness": Metric("slowest/fastest thread", "ratio", more_is_better=True),
    "memory": Metric("memory/connection", "B"),
    "idle_cpu": Metric("CPU while idle", "share"),
    "import": Metric("import", "s"),
    "first_request": Metric("first request", "s"),
    "size": Metric("size", "B"),
    "instructions": Metric("instructions/request", "count"),
    "allocations": Metric("allocations/request", "count"),
}


def written(metric: str, value: float) -> str:
    """`value` of `metric` in the unit that reads best."""
    unit = METRICS[metric].unit
    if unit == "s":
        return scaled(value, ((1, "s"), (1e-3, "ms"), (1e-6, "µs")))
    if unit == "B":
        return scaled(value, ((1e6, "MB"), (1e3, "KB"), (1, "B")))
    if unit == "share":
        return f"{value * 100:.2f} %"
    if unit == "ratio":
        return f"{value:.2f}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def scaled(value: float, steps: tuple[tuple[float, str], ...]) -> str:
    for size, name in steps:
        if abs(value) >= size or (size, name) == steps[-1]:
            break
    number = value / size
    return f"{number:.0f} {name}" if number >= 100 else f"{number:.3g} {name}"
