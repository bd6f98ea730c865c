"""Count every network of the catalogue, the giants too: seconds, and the most memory that the process took.

    python benchmarks/complexity.py
    python benchmarks/complexity.py --timm results/benchmark-infer-*.csv    # and compare with timm's tables

Counted of each: its totals, its parts by layer, and its activation memory for one picture. timm's tables are those with
the columns model, infer_img_size, param_count and infer_gmacs in the folder `results` of its repository.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from suite import architectures
from suite.core.study import split
from suite.core.task import Task
from suite.counting.complexity import complexity, parts, peak_activation_bytes, weightless
from suite.counting.graph import graph
from suite.report.catalogue.timm import OURS

LIMITS = {"seconds": 180.0, "GB": 2.0}

# The same network at timm: what the report pairs, and what is equal in weights alone or built as there.
PAIRS = {name: timm for timm, names in OURS.items() for name in names} | {
    "nfnet/f7": "nfnet_f7",
    **{f"coatnet/{size}": f"coatnet_{size}_224" for size in range(4)},
}
AS_TIMM = {"coatnet": {"stride_in": "depthwise"}}  # our own choice there is that of the paper's text

# fvcore, with which timm counts, adds these for each output of a normalisation (fvcore/nn/jit_handles.py). In NFNets
# timm standardises a kernel by a batch normalisation of it.
NORMALISATION = {"BatchNormalization": 2, "LayerNormalization": 5}
STANDARDISATION = 5
ROUNDING = 0.005  # timm prints two decimals, of billions and of millions


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One network, counted here and by timm."""

    name: str
    timm: str
    gmacs: float
    timm_gmacs: float
    gmacs_as_timm: float  # with what its tool adds
    million: float  # trainable weights
    timm_million: float


def network(name: str) -> keras.Model:
    config = architectures.config(name)
    task = Task(height=config.resolution, width=config.resolution, channels=3, classes=1000)
    family = split(name)[0]
    return weightless(lambda: architectures.family(family).build(config, task))


def count_all() -> int:
    """Count the catalogue, and print what it took; return 1 when it passes a limit."""
    names = list(architectures.recorded())
    start = time.perf_counter()
    for name in names:
        model = network(name)
        whole, rows = complexity(model), parts(model)
        peak_activation_bytes(model, 1)
        assert sum(row.macs for row in rows) == whole.macs == architectures.recorded()[name].macs
        assert sum(row.total_parameters for row in rows) == whole.total_parameters
    took = {"seconds": time.perf_counter() - start, "GB": peak() / 1e9}
    weights = sum(row.total_parameters for row in architectures.recorded().values())
    print(f"{len(names)} networks of {weights / 1e9:.1f} billion weights: {took['seconds']:.0f} s, {took['GB']:.2f} GB")
    return int(any(took[key] > limit for key, limit in LIMITS.items()))


def peak() -> float:
    """Return the largest memory that this process has held, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def compare(files: Iterable[Path]) -> None:
    rows = {(row["model"], int(row["infer_img_size"])): row for file in files for row in csv.DictReader(file.open())}
    compared = []
    for name, timm in PAIRS.items():
        row = rows.get((timm, architectures.resolution(name)))
        if row:
            compared.append(_compared(name, row))
    print(f"\n{'network':24} {'timm':28} {'weights, M':>17} {'GMACs':>17} {'%':>6}  {'as timm counts':>14} {'%':>6}")
    for one in compared:
        print(
            f"{one.name:24} {one.timm:28} {one.million:8.2f} {one.timm_million:8.2f} {one.gmacs:8.2f} "
            f"{one.timm_gmacs:8.2f} {100 * (one.gmacs / one.timm_gmacs - 1):6.2f}  {one.gmacs_as_timm:14.3f} "
            f"{100 * (one.gmacs_as_timm / one.timm_gmacs - 1):6.2f}"
        )
    print(f"\n{len(compared)} networks, differences in percent beyond the rounding of timm's second decimal")
    _summary("weights", compared, "million", "timm_million")
    _summary("multiply-adds", compared, "gmacs", "timm_gmacs")
    _summary("the same, with what the tool of timm adds", compared, "gmacs_as_timm", "timm_gmacs")


def _compared(name: str, row: dict[str, str]) -> Compared:
    family, recorded = split(name)[0], architectures.recorded()[name]
    config = replace(architectures.config(name), **AS_TIMM.get(family, {}))
    task = Task(height=recorded.resolution, width=recorded.resolution, channels=3, classes=1000)
    model = weightless(lambda: architectures.family(family).build(config, task))
    counts = complexity(model)
    return Compared(
        name=name,
        timm=row["model"],
        gmacs=counts.macs / 1e9,
        timm_gmacs=float(row["infer_gmacs"]),
        gmacs_as_timm=(counts.macs + _extra(model)) / 1e9,
        million=counts.parameters / 1e6,
        timm_million=float(row["param_count"]),
    )


def _extra(model: keras.Model) -> int:
    """Return what fvcore counts beside convolutions, dense layers and products.

    Of the poolings that is the last; those of squeeze-and-excitation are means at timm, which cost nothing there.
    """
    calls = [(type(call.operation).__name__, call) for call in graph(model).calls]
    normalised = sum(NORMALISATION.get(kind, 0) * prod(call.outputs[0].shape) for kind, call in calls)
    kernels = [call.operation.kernel for kind, call in calls if kind == "StandardizedConv2D"]
    pooled = [prod(call.inputs[0].shape) for kind, call in calls if kind == "GlobalAveragePooling2D"]
    return normalised + STANDARDISATION * sum(prod(kernel.shape) for kernel in kernels) + sum(pooled[-1:])


def _summary(what: str, compared: list[Compared], ours: str, theirs: str) -> None:
    """Print median and worst of the relative differences that rounding does not explain."""
    apart = {
        one.name: max(0.0, abs(getattr(one, ours) - getattr(one, theirs)) - ROUNDING) / getattr(one, theirs)
        for one in compared
    }
    worst = max(apart, key=apart.__getitem__)
    equal = sum(not value for value in apart.values())
    print(
        f"{what}: {equal} are equal; median {100 * statistics.median(apart.values()):.2f}, "
        f"worst {100 * apart[worst]:.2f} ({worst if apart[worst] else 'none'})"
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--timm", type=Path, nargs="+", metavar="FILE", help="tables of timm to compare with")
    chosen = options.parse_args()
    code = count_all()
    if chosen.timm:
        compare(chosen.timm)
    return code


if __name__ == "__main__":
    sys.exit(main())
