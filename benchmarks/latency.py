"""Whether repeated measurements agree, what each takes, and whether the order of networks is that of others.

    python benchmarks/latency.py                                   5 fresh runs of `suite measure` for 3 networks
    python benchmarks/latency.py --beside idle half always         the same, also beside processes that take processors
    python benchmarks/latency.py --table OURS.csv --timm THEIRS.csv    rank correlation of two tables, no run

Printed for each network: the medians of the runs, by how many percent the largest is above the smallest, in how many
pairs of runs the intervals overlap, how many runs said that they are unstable, and the seconds that a run takes. Beside
busy processes (one for each processor; `half` rest every other second) also how many runs lied: were called stable
with an interval that holds none of the medians of the idle machine.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scipy.stats import spearmanr

from suite import cells
from suite.cells import Cell
from suite.profile.surroundings import processors
from suite.report.field.timm import OURS

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
    parser.add_argument("--beside", nargs="+", choices=NEIGHBOURS, default=["idle"], help="the idle machine first")
    parser.add_argument("--table", type=Path, help="a table of `suite measure`, to be compared with")
    parser.add_argument("--timm", type=Path, nargs="+", default=[], help="tables of timm")
    return parser.parse_args()


def _run(chosen: argparse.Namespace, file: Path) -> dict[str, Cell]:
    words = [*chosen.networks, "--path", chosen.path, "--seconds", str(chosen.seconds), "--threads", chosen.threads]
    subprocess.run([sys.executable, "-m", "suite", "measure", *words, "-o", str(file)], check=True, capture_output=True)
    return {cell.model: cell for cell in cells.read(file).cells}


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
    medians = [cell.infer_step_time for cell in found]
    pairs = list(itertools.combinations(found, 2))
    agree = sum(a.step_time_low <= b.step_time_high and b.step_time_low <= a.step_time_high for a, b in pairs)
    least, most = min(cell.infer_step_time for cell in idle), max(cell.infer_step_time for cell in idle)
    lies = sum(
        cell.state == cells.STABLE and not (cell.step_time_low <= most and least <= cell.step_time_high)
        for cell in found
    )
    return (
        f"medians {', '.join(f'{median:.4g}' for median in medians)} ms; "
        f"spread {100 * (max(medians) / min(medians) - 1):.1f} %; intervals overlap in {agree} of {len(pairs)} pairs; "
        f"{sum(cell.state == cells.UNSTABLE for cell in found)} unstable; {lies} lied; "
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
