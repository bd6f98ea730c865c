"""Seconds of a proposal after 100, 1,000 and 5,000 trials, ours beside Optuna's TPE, in one run.

    python benchmarks/proposals.py
    python benchmarks/proposals.py --trials 100 10000

The trials are made up: six names of five choices, three floats, an error by chance and a cost. Each proposal is made
three times, with one trial more each; the median is printed. They are in memory: a database comes on top, see
`python benchmarks/overhead.py --epochs --at 5 500`.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.samplers import BaseSampler, TPESampler

from suite.sampler.cheap_first import CheapFirstSampler

NAMES = [f"name{number}" for number in range(6)]
SPACE: dict[str, BaseDistribution] = {
    **{name: CategoricalDistribution([f"choice {number}" for number in range(5)]) for name in NAMES},
    **{f"number{number}": FloatDistribution(0, 1) for number in range(3)},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1_000, 5_000])
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    for count in parser.parse_args().trials:
        ours = _seconds(CheapFirstSampler(cost, space=SPACE, seed=0), count)
        theirs = _seconds(TPESampler(multivariate=True, seed=0), count)
        print(f"{count:,} trials: cheap-first {ours:.2f} s, TPE {theirs:.2f} s a proposal ({ours / theirs:.1f} times)")


def cost(params: dict[str, Any]) -> float:
    """Return what is known before training."""
    return 1 + sum(int(params[name].split()[1]) for name in NAMES) + params["number0"]


def _seconds(sampler: BaseSampler, count: int) -> float:
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    source = np.random.default_rng(0)
    for _ in range(count):
        params = {
            name: one.choices[source.integers(5)] if isinstance(one, CategoricalDistribution) else source.random()
            for name, one in SPACE.items()
        }
        values = (source.random() + 10 / cost(params), cost(params))
        study.add_trial(optuna.trial.create_trial(params=params, distributions=SPACE, values=values))
    took = []
    for _ in range(3):
        began = time.perf_counter()
        study.ask(SPACE)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


if __name__ == "__main__":
    main()
