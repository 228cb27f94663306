"""The latency of small requests beside a response that never ends and always has more."""

import subprocess

import peers as p
from measure import Failed, Result

COMMAND = ("cargo", "run", "--quiet", "--release", "-p", "keepalive-core", "--example", "beside")


def measure_beside() -> list[Result]:
    """One result for each kind of endless response; the program prints microseconds."""
    done = subprocess.run(COMMAND, cwd=p.ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(done.stderr)
    results = []
    for line in done.stdout.splitlines()[1:]:
        work, median, late, most = line.split()
        result = Result("beside", work, p.OURS, True, False)
        figures = {"median_latency": median, "late_latency": late, "most_latency": most}
        result.add({name: int(micros) / 1e6 for name, micros in figures.items()})
        results.append(result)
    return results
