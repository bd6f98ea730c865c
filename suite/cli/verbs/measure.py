"""Measure networks on this device, without training.

ARCHITECTURE is a name or a wildcard of the catalogue, FILE.py/VARIANT, a .keras, .h5, .tflite or .onnx file, or the
folder of a SavedModel. A wildcard skips the tiny networks for tests. The results go into a CSV file: counts, latency,
memory and file size. One process builds each network and others time it, in turns with up to five more networks. After
an interruption the same command continues: it skips what is measured. The exit code is 1 if anything failed.

\b
suite measure 'mobilenet/*'
suite measure 'resnet/*' efficientnet/b0 --batch 1,8,32 --path saved_model,litert -o laptop.csv
suite measure exports/shapes/1 --path saved_model,xla
suite measure mine.h5 model.tflite theirs.onnx
suite measure any-size.keras --image 224x224x3
suite measure two-inputs.keras --image left=64x64x3 --image right=10
suite measure resnet/50 resnet/152 --no-latency
suite measure alexnet/ungrouped --by kind
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from suite import pipeline
from suite.cli import arguments, measuring
from suite.cli.options import formatted, rooted
from suite.cli.printing import show
from suite.core import cells
from suite.core.rules import PRECISIONS

# What gives way on a narrow terminal, the first one first.
SPARE = (
    "latency_p99", "latency_raw", "activations", "clock", "temperature", "cold_start", "file_size", "latency_p90",
    "macs", "image", "images_per_second", "peak_memory", "reason", "parameters", "path",
)  # fmt: skip

if TYPE_CHECKING:
    from suite.benchmark.plans import Counted


@click.command(help=__doc__)
@click.argument("names", metavar="ARCHITECTURE...", nargs=-1, required=True)
@click.option(
    "--path",
    "paths",
    help=f"What runs the network, one or several of {', '.join(measuring.ON)}; by default what its file is made for, "
    "else saved_model.",
)
@click.option("--batch", "batches", default="1", show_default=True, help="Pictures in a call, such as 1,8,32.")
@click.option("--resolution", type=click.IntRange(1), help="Side of the pictures; by default that of the paper.")
@click.option(
    "--image",
    "images",
    metavar="[NAME=]HxWxC",
    multiple=True,
    help="Shape of the pictures, if they are not square or not in colour, or if a model's file leaves it open; with "
    "the name of an input for one of several.",
)
@click.option("--classes", type=click.IntRange(1), default=1000, show_default=True, help="Number of classes.")
@click.option("--precision", type=click.Choice(PRECISIONS), default="float32", show_default=True)
@click.option("--threads", type=click.IntRange(1), help="Processors to use, one thread each; by default all.")
@click.option(
    "--seconds",
    default=30.0,
    show_default=True,
    callback=measuring.above_zero,
    help="Time limit per measurement, in seconds; at least ten blocks of calls always run.",
)
@click.option(
    "--longest",
    default=600.0,
    show_default=True,
    callback=measuring.above_zero,
    help="Skip a measurement if ten blocks of calls would take longer than this, in seconds.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="CSV file, or the folder for one; by default in the folder of the runs.",
)
@click.option("--again", is_flag=True, help="Measure again what is in the file but unstable.")
@click.option("--trust", is_flag=True, help="Run code that a file brings along. Only for files that you trust.")
@click.option("--latency/--no-latency", default=True, help="Whether to run the networks, or only count.")
@click.option("--by", type=click.Choice(("layer", "kind")), help="Count by layer or by kind of layer. Nothing is run.")
@rooted
@formatted
def command(
    names: Sequence[str],
    paths: str | None,
    batches: str,
    resolution: int | None,
    images: Sequence[str],
    classes: int,
    precision: str,
    threads: int | None,
    seconds: float,
    longest: float,
    again: bool,
    output: Path | None,
    trust: bool,
    latency: bool,
    by: str | None,
    root: Path,
    format: str,
) -> None:
    """Measure or count the networks and print their rows."""
    given = measuring.given(images, resolution)
    wanted = arguments.architectures(names)
    if by:
        show(pipeline.breakdown(wanted, measuring.picture(given), classes, by, trusted=trust), format)
    elif latency:
        settings = measuring.settings(
            paths, batches, given, classes, precision, threads, seconds, longest, again, trust
        )
        measured = pipeline.measure(wanted, settings, output, root, measuring.teller())
        rows = [cell.summary for cell in measured]
        show(rows, format, list(dict.fromkeys(name for row in rows for name in row)), spare=SPARE)
        sys.exit(any(cell.state == cells.FAILED for cell in measured))
    else:
        show(list(map(_row, pipeline.count(wanted, measuring.picture(given), classes, trusted=trust))), format)


def _row(counted: Counted) -> dict[str, Any]:
    return {
        "name": counted.name,
        "image": counted.image,
        "total_parameters": counted.total_parameters,
        **counted.measures,
    }
