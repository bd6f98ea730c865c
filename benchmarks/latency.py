"""Whether repeated measurements agree, what each takes, and whether the order of networks is that of others.

    python benchmarks/latency.py                                   5 fresh runs of `suite measure` for 3 networks
    python benchmarks/latency.py --busy                            the same beside a process that takes a processor
    python benchmarks/latency.py --table OURS.csv --timm THEIRS.csv    rank correlation of two tables, no run

Printed for each network: the medians of the runs, by how many percent the largest is above the smallest, in how many
pairs of runs the intervals overlap, how many runs said that they are unstable, and the seconds that a run takes.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scipy.stats import spearmanr

from suite import cells
from suite.cells import Cell
from suite.report.field.timm import OURS

NEIGHBOUR = """
import time
while True:
    end = time.time() + 1
    while time.time() < end:
        sum(range(10**5))
    time.sleep(1)
"""
NETWORKS = ("mobilenet_v3/small", "resnet/18", "resnet/50-v1.5")


def main() -> None:
    chosen = _arguments()
    if chosen.table:
        for theirs in chosen.timm:
            _compare(chosen.table, theirs)
        return
    with _load(chosen.busy), tempfile.TemporaryDirectory() as folder:
        runs = [_run(chosen, Path(folder) / f"{number}.csv") for number in range(chosen.runs)]
    for name in chosen.networks:
        _say(name, [next(cell for cell in run if cell.model == name) for run in runs])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--path", default="saved_model")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--busy", action="store_true", help="load the machine meanwhile")
    parser.add_argument("--table", type=Path, help="a table of `suite measure`, to be compared with")
    parser.add_argument("--timm", type=Path, nargs="+", default=[], help="tables of timm")
    return parser.parse_args()


def _run(chosen: argparse.Namespace, file: Path) -> list[Cell]:
    words = [*chosen.networks, "--path", chosen.path, "--seconds", str(chosen.seconds), "--threads", "1"]
    subprocess.run([sys.executable, "-m", "suite", "measure", *words, "-o", str(file)], check=True, capture_output=True)
    return list(cells.read(file).cells)


@contextmanager
def _load(wanted: bool) -> Iterator[None]:
    """Let a process of its own come and go every other second, as a neighbour does."""
    if not wanted:
        yield
        return
    code = (
        "import time\nwhile True:\n end = time.time() + 1\n while time.time() < end: sum(range(10**5))\n time.sleep(1)"
    )
    busy = subprocess.Popen([sys.executable, "-c", code])
    try:
        time.sleep(1)
        yield
    finally:
        busy.kill()


def _say(name: str, found: list[Cell]) -> None:
    medians = [cell.infer_step_time for cell in found]
    pairs = list(itertools.combinations(found, 2))
    agree = sum(a.step_time_low <= b.step_time_high and b.step_time_low <= a.step_time_high for a, b in pairs)
    print(
        f"{name}: medians {', '.join(f'{median:.4g}' for median in medians)} ms; "
        f"spread {100 * (max(medians) / min(medians) - 1):.1f} %; intervals overlap in {agree} of {len(pairs)} pairs; "
        f"{sum(cell.state == cells.UNSTABLE for cell in found)} unstable; "
        f"{sum(cell.seconds for cell in found) / len(found):.0f} s a run"
    )


def _compare(ours: Path, theirs: Path) -> None:
    """Print how the order of networks by latency at batch 1 agrees, over those of the same size in both tables."""
    mine = {cell.model: cell for cell in cells.read(ours).cells if cell.infer_batch_size == 1 and cell.is_timed}
    known = {
        (name, cell.infer_img_size): cell.infer_step_time / cell.infer_batch_size
        for cell in cells.read(theirs).cells
        for name in OURS.get(cell.model.partition(".")[0], ())
        if cell.infer_step_time
    }
    pairs = [
        (cell.infer_step_time, known[name, cell.infer_img_size])
        for name, cell in mine.items()
        if (name, cell.infer_img_size) in known
    ]
    rho = spearmanr([one for one, _ in pairs], [other for _, other in pairs]).statistic
    print(f"{theirs.name}: Spearman's rho {rho:.3f} over {len(pairs)} networks")


if __name__ == "__main__":
    main()
