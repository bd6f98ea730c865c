"""Whether repeated measurements agree, what each takes, and whether the order of networks is that of others.

    python benchmarks/latency.py                                   5 fresh runs of `suite measure` for 3 networks
    python benchmarks/latency.py --beside idle half always         the same, also beside processes that take processors
    python benchmarks/latency.py --table OURS.csv --timm THEIRS.csv    rank correlation of two tables, no run

Printed for each network: the latencies of the runs, each with half its interval, by how many percent the largest is
above the smallest, the same of the raw medians of the same calls, in how many pairs of runs the intervals overlap, how
many runs were rightly called stable, how many lied, and the seconds that a run takes. A run lies that is called stable
with an interval that holds none of the latencies of the idle machine. Beside busy processes there is one for each
processor; `half` rest every other second. All runs share what is known of this device, as runs of a user do; with
`--forget` each finds it out anew.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scipy.stats import spearmanr

from suite.core import cells
from suite.core.cells import Cell
from suite.core.measures import interval
from suite.machine import cache
from suite.machine.capacity import processors
from suite.report.catalogue.timm import OURS

NEIGHBOURS = {
    "idle": "",
    "half": """
import time
while True:
    end = time.time() + 1
    while time.time() < end:
        sum(range(10**5))
    time.sleep(1)
""",
    "always": "while True: pass",
}
NETWORKS = ("mobilenet_v3/small", "resnet/18", "resnet/50-v1.5")


def main() -> None:
    chosen = _arguments()
    if chosen.table:
        for theirs in chosen.timm:
            _compare(chosen.table, theirs)
        return
    idle: list[dict[str, Cell]] = []
    for beside in chosen.beside:
        with _neighbours(NEIGHBOURS[beside]), tempfile.TemporaryDirectory() as folder:
            runs = [_run(chosen, Path(folder) / f"{number}.csv") for number in range(chosen.runs)]
        idle = idle or runs
        for name in chosen.networks:
            print(f"{beside}, {name}: {_said([run[name] for run in runs], [run[name] for run in idle])}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--path", default="saved_model")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--threads", default="1")
    parser.add_argument("--forget", action="store_true", help="let each run find out what references take at rest")
    parser.add_argument("--beside", nargs="+", choices=NEIGHBOURS, default=["idle"], help="the idle machine first")
    parser.add_argument("--table", type=Path, help="a table of `suite measure`, to be compared with")
    parser.add_argument("--timm", type=Path, nargs="+", default=[], help="tables of timm")
    return parser.parse_args()


def _run(chosen: argparse.Namespace, file: Path) -> dict[str, Cell]:
    words = [*chosen.networks, "--path", chosen.path, "--seconds", str(chosen.seconds), "--threads", chosen.threads]
    forgetting = {"SUITE_CACHE": str(_with_references(file.with_suffix(".cache")))} if chosen.forget else {}
    command = [sys.executable, "-m", "suite", "measure", *words, "-o", str(file)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | forgetting)
    return {cell.model: cell for cell in cells.read(file).cells}


def _with_references(folder: Path) -> Path:
    """Return a cache that has the references, which take long to write, and knows nothing of this device."""
    shutil.copytree(cache.folder(), folder, ignore=shutil.ignore_patterns("rest.json*", "follows.json*"))
    return folder


@contextmanager
def _neighbours(code: str) -> Iterator[None]:
    """Let a process for each processor run `code` meanwhile."""
    busy = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(processors())] if code else []
    try:
        yield
    finally:
        for one in busy:
            one.kill()


def _said(found: list[Cell], idle: list[Cell]) -> str:
    numbers = [cell.measures["latency"] for cell in found]
    raw = [cell.measures["latency_raw"] for cell in found]
    pairs = list(itertools.combinations(found, 2))
    ends = {id(cell): interval(cell.measures, "latency") for cell in found}
    agree = sum(ends[id(a)][0] <= ends[id(b)][1] and ends[id(b)][0] <= ends[id(a)][1] for a, b in pairs)
    least, most = min(cell.measures["latency"] for cell in idle), max(cell.measures["latency"] for cell in idle)
    lies = sum(
        cell.state == cells.STABLE and not (ends[id(cell)][0] <= most and least <= ends[id(cell)][1]) for cell in found
    )
    stable = sum(cell.state == cells.STABLE for cell in found)
    known = (f"{one.measures['latency']:.4g} ms to {_half(*ends[id(one)]):.1f} %" for one in found)
    return (
        f"{', '.join(known)}; spread {_spread(numbers):.1f} %, of raw medians "
        f"{_spread(raw):.1f} %; intervals overlap in {agree} of {len(pairs)} pairs; "
        f"{stable - lies} of {len(found)} rightly stable, {lies} lied; "
        f"{sum(cell.seconds for cell in found) / len(found):.0f} s a run"
    )


def _half(low: float, high: float) -> float:
    """Return half an interval, as percent of its middle."""
    return 100 * (high - low) / (high + low)


def _spread(values: list[float]) -> float:
    """Return by how many percent the largest is above the smallest."""
    return 100 * (max(values) / min(values) - 1)


def _compare(ours: Path, theirs: Path) -> None:
    """Print how the order of networks by latency at batch 1 agrees, over those of the same size in both tables."""
    mine = {cell.model: cell for cell in cells.read(ours).cells if cell.batch == 1 and cell.is_timed}
    known = {
        (name, cell.size): cell.measures["latency"] / cell.batch
        for cell in cells.read(theirs).cells
        for name in OURS.get(cell.model.partition(".")[0], ())
        if cell.is_timed
    }
    pairs = [
        (cell.measures["latency"], known[name, cell.size]) for name, cell in mine.items() if (name, cell.size) in known
    ]
    rho = spearmanr([one for one, _ in pairs], [other for _, other in pairs]).statistic
    print(f"{theirs.name}: Spearman's rho {rho:.3f} over {len(pairs)} networks")


if __name__ == "__main__":
    main()
