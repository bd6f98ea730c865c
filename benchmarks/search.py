"""How good the proposals of search methods are, replayed on tables in which somebody trained every network.

    python benchmarks/search.py --problem FILE...                     every method that is installed
    python benchmarks/search.py --problem FILE... --method tpe random --seeds 10 --evaluations 100 --jobs 2 -o FOLDER
    python benchmarks/search.py --problem FILE... --fidelities        full runs, and low ones that cost 0.06 of them

A table is a CSV file with a row for each network: columns cat:NAME (a choice by its number) and ord:NAME (an ordered
one), error and cost (both minimised), and where there are error_low (after few epochs) and error_one_seed (what a
search sees that trains once, while it is judged by error).

Errors are scaled from the table's least (0) to its 85th percentile (1), costs on the logarithm from the cheapest
network below that error (0) to the dearest (1). Printed is the hypervolume of what was trained within (1, 1), in
percent of the whole table's, and the processor seconds for each proposal. A search may know every cost, not these
scales. Two methods know more than a search may, to show what could be reached: oracle knows the table, and
cheap-first-taught the kernel that 500 of its rows tell. FOLDER gets results.csv and the curves as CSV, PNG and SVG.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from search.problem import offers, read
from search.replay import Replay, clocked
from tqdm import tqdm

Place = tuple[str, str]  # module and name of what builds a method
Task = tuple[Path, str, Place, int]

METHODS: dict[str, Place] = {
    "cheap-first": ("search.methods", "cheap_first"),
    "cheap-first-taught": ("search.methods", "Taught"),
    "botorch": ("search.peers", "BoTorch"),
    "tpe": ("search.methods", "tpe"),
    "nsga2": ("search.methods", "nsga2"),
    "pymoo": ("search.peers", "Pymoo"),
    "keras-tuner-scaled": ("search.peers", "scaled_keras_tuner"),
    "keras-tuner": ("search.peers", "KerasTuner"),
    "random": ("search.methods", "Random"),
    "oracle": ("search.methods", "Oracle"),
}
OF_FIDELITIES: dict[str, Place] = {  # where low runs may be asked for
    "cheap-first": ("search.methods", "CheapFirstOfFidelities"),
    "halving": ("search.methods", "Halving"),
    "tpe": METHODS["tpe"],
    "random": METHODS["random"],
}
NEEDS = {"botorch": "botorch", "pymoo": "pymoo", "keras-tuner": "keras_tuner", "keras-tuner-scaled": "keras_tuner"}


def main() -> None:
    chosen = _arguments()
    problems = list(_usable(chosen.problem, chosen.fidelities, chosen.one_seed))
    methods = list(_installed(chosen.method or list(OF_FIDELITIES if chosen.fidelities else METHODS)))
    known = METHODS | OF_FIDELITIES if chosen.fidelities else METHODS
    # The seed changes slowest, so that the time left is foretold from all methods and problems alike.
    tasks = [(path, m, known[m], seed) for seed in range(chosen.seeds) for path in problems for m in methods]
    replays = list(_replayed(tasks, chosen.evaluations, chosen.one_seed, chosen.jobs))
    if not replays:
        sys.exit("search.py: nothing was replayed")
    from search import report  # the processes of the replays import this file too, and draw nothing

    chosen.output.mkdir(parents=True, exist_ok=True)
    print(report.written(replays, methods, chosen.output, fidelities=chosen.fidelities))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", nargs="+", type=Path, required=True, metavar="FILE", help="tables")
    parser.add_argument("--method", nargs="+", choices=sorted(METHODS | OF_FIDELITIES), metavar="NAME", help="methods")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--evaluations", type=int, default=100, help="full trainings of each replay")
    parser.add_argument("--fidelities", action="store_true", help="low runs may be asked for, where a table has them")
    parser.add_argument("--one-seed", action="store_true", help="the search sees the error of one training")
    parser.add_argument("--jobs", type=int, default=1, help="replays at a time")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/search"), metavar="FOLDER")
    chosen = parser.parse_args()
    if not chosen.fidelities and set(chosen.method or ()) - set(METHODS):
        parser.error("halving asks for low runs: add --fidelities")
    return chosen


def _usable(paths: Sequence[Path], fidelities: bool, one_seed: bool) -> Iterator[Path]:
    """Yield the tables that have what is asked for; say which do not."""
    needed = ["error_low"] * fidelities + ["error_one_seed"] * one_seed
    for path in paths:
        lacking = [column for column in needed if not offers(path, column)]
        if lacking:
            print(f"{path.name} is left out: it has no {' and no '.join(lacking)}", file=sys.stderr)
        else:
            yield path


def _installed(methods: Sequence[str]) -> Iterator[str]:
    """Yield the methods whose package is there; say how to install the others."""
    for method in methods:
        if method in NEEDS and not find_spec(NEEDS[method]):
            package = NEEDS[method].replace("_", "-")
            print(f"{method} is left out: pip install {package}", file=sys.stderr)
        else:
            yield method


def _replayed(tasks: Sequence[Task], evaluations: int, one_seed: bool, jobs: int) -> Iterator[Replay]:
    """Yield the replay of each task, done in a process of its own. Interrupted, it ends with what was done."""
    # Read by the libraries when the children load them. Their matrices are small: more threads are slower, and not
    # only where replays share the cores.
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(_apart, *task, evaluations, one_seed) for task in tasks]
        often = 0.5 if sys.stderr.isatty() else 30.0  # seconds between two lines of progress
        try:
            for future in tqdm(as_completed(futures), total=len(tasks), unit=" replays", mininterval=often):
                yield future.result()
        except KeyboardInterrupt:
            return
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _apart(*task: Any) -> Replay:
    """Replay in a fresh process. A pool of one does not hang where Python 3.11's `max_tasks_per_child` can."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(one, *task).result()


def one(path: Path, method: str, place: Place, seed: int, evaluations: int, one_seed: bool) -> Replay:
    """Replay one method once, in this process."""
    warnings.simplefilter("ignore")  # fits that do not converge, options that are experimental
    module, name = place
    problem, factory = read(path, one_seed), getattr(importlib.import_module(module), name)
    curve, seconds = clocked(problem, factory, seed, evaluations)
    return Replay(problem=problem.name, method=method, seed=seed, curve=curve, seconds=seconds)


if __name__ == "__main__":
    main()
