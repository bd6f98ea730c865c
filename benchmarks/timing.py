"""What share of a study's time its timing takes, and how well its candidates are known in the end.

    python benchmarks/timing.py                           the quickstart's studies
    python benchmarks/timing.py --seconds 0.5 1 2         the same with each of these for [latency] seconds
    python benchmarks/timing.py --studies studies/vgg.toml --set budget.trials=4

Timed is all that a search does to know a latency: writing each candidate as it would be deployed, converting it, the
calls, and the timing again of what decides. Printed are the share of the whole study, what one candidate takes, how
many are known to within 3 %, and to how many percent each is.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from suite import pipeline
from suite.core.measures import is_stable
from suite.search import folder

QUICKSTART = sorted(Path("studies/quickstart").glob("*.toml"))


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one study took: seconds of all of it, of timing each candidate, and of timing again."""

    took: float
    first: Sequence[float]
    again: Sequence[float]
    measures: Sequence[Mapping[str, float]]  # of the candidates that were timed


def main() -> None:
    """Run the studies with each of the settings, each in a process of its own that has TensorFlow still to load."""
    chosen = _arguments()
    for seconds in chosen.seconds or [None]:
        timed = [f"latency.seconds={seconds}"] if seconds else []
        for file in chosen.studies:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                found = pool.submit(run, file, [*chosen.set, *timed]).result()
            print(f"{', '.join([file.stem, *timed])}: {_said(found)}", flush=True)


def run(file: Path, sets: Sequence[str]) -> Found:
    """Run one study, and watch what its bench does."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    first: list[float] = []
    again: list[float] = []
    opened = folder.opened

    @contextmanager
    def watching(*words: Any) -> Iterator[Any]:
        from suite.search.bench import Bench  # takes TensorFlow, which a study has loaded by now

        Bench.time = _counting(Bench.time, first)  # type: ignore[method-assign]
        Bench.time_again = _counting(Bench.time_again, again)  # type: ignore[method-assign]
        with opened(*words) as store:
            yield store

    folder.opened = watching
    with tempfile.TemporaryDirectory() as root:
        began = time.perf_counter()
        done = pipeline.run(pipeline.study(file, sets), Path(root), show=False)
        took = time.perf_counter() - began
    measures = [dict(trial.measures) for trial in done.trials if "latency" in trial.measures]
    return Found(took=took, first=first, again=again, measures=measures)


def _counting(method: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    def counted(*words: Any) -> Any:
        began = time.perf_counter()
        try:
            return method(*words)
        finally:
            seconds.append(time.perf_counter() - began)

    return counted


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", nargs="+", type=Path, default=QUICKSTART)
    parser.add_argument("--seconds", nargs="+", type=float, default=[])
    parser.add_argument("--set", action="append", default=[], help="as of `suite run`")
    return parser.parse_args()


def _said(found: Found) -> str:
    first, again = sum(found.first), sum(found.again)
    within = sorted(50 * (one["latency_high"] - one["latency_low"]) / one["latency"] for one in found.measures)
    return (
        f"timing {(first + again) / found.took:.0%} of {found.took:.0f} s ({first:.1f} s for {len(found.first)} "
        f"candidates, {statistics.median(found.first):.2f} s at the median, and {again:.1f} s again); "
        f"{sum(is_stable(one, 'latency') for one in found.measures)} of {len(within)} within 3 %: "
        f"{', '.join(f'{one:.1f}' for one in within)} %"
    )


if __name__ == "__main__":
    main()
