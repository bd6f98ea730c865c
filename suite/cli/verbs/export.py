"""Export a trained model as a SavedModel and in other formats, and check each.

The SavedModel goes into DIR/NAME/1, with the preprocessing inside and a model card in assets.extra. Other formats lie
beside it in formats/. Each answers validation pictures on its own runtime; how it agrees with the network, its
accuracy, its size and its latency are printed, and stand in the card. TRIAL is a number (with several runs RUN/NUMBER),
`best` (the most accurate within the limits) or `knee` (the front's best trade of accuracy against cost).

\b
suite export resnet 7 exports
suite export resnet mobilenet best exports --max-latency 5
suite export resnet best exports --format litert,litert-int8,onnx
suite export birds-words best exports --by-text
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from suite import pipeline
from suite.cli import arguments
from suite.cli.options import limited, rooted
from suite.cli.printing import Terminal, rendered
from suite.cli.speaking import say, tell
from suite.export.formats import FORMATS, SAVED_MODEL
from suite.report import choice
from suite.report.comparison import compare

FEW = 100  # training pictures by which the ranges of 8-bit numbers are chosen well


@click.command(help=__doc__)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.argument("trial")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", help="Name of the model; by default STUDY-TRIAL.")
@click.option(
    "--by-text", is_flag=True, help="Export what tells classes by their texts alone, of a study with [words]."
)
@click.option(
    "--class", "classes", metavar="NAME", multiple=True, help="With --by-text: a class of your own; several times."
)
@click.option(
    "--format",
    "formats",
    default=SAVED_MODEL,
    show_default=True,
    metavar="NAME,...",
    help=f"One or several of {', '.join(FORMATS)}. The SavedModel is always written.",
)
@limited
@rooted
def command(
    runs: Sequence[str],
    trial: str,
    directory: Path,
    name: str | None,
    by_text: bool,
    classes: Sequence[str],
    formats: str,
    root: Path,
    **limits: float | None,
) -> None:
    """Export the trial and print where it is."""
    _check(by_text, classes)
    if (name and Path(name).name != name) or name == "..":
        raise click.UsageError("--name: this is the name of a folder within DIR, so it has no / and is not . or ..")
    chosen = arguments.formats(formats)
    found = arguments.runs(runs, root)
    comparison, wanted = compare(found), arguments.limits(limits)
    if comparison.left_out:
        tell(comparison.left_out)
    entry = arguments.entry(comparison, trial, wanted)
    doubt = choice.doubt(entry, wanted)
    if doubt:
        tell(f"{entry.name} {doubt}.")
    into = directory / (name or _named(entry.name, by_text))
    done = pipeline.export(entry, found, into, classes if by_text else None, chosen)
    say(done.folder)
    if len(done.verdicts) > 1:
        terminal = Terminal(width=shutil.get_terminal_size().columns, spare=("MB",)) if sys.stderr.isatty() else None
        tell(rendered([one.row for one in done.verdicts], "table", terminal=terminal))
        for one in done.verdicts:
            if one.untimed:
                tell(f"{one.format} was not timed: {one.untimed}")
            if one.calibrated is not None and one.calibrated < FEW:
                tell(f"{one.format}: its ranges were chosen by {one.calibrated} training pictures; {FEW} are better.")
    tell(f"{entry.name}: {done.agreement}")
    if classes:
        tell("Its classes are your own, so no test pictures can tell its accuracy.")
    elif done.test_accuracy is None:
        tell("The pictures have changed since it was trained, so they cannot tell its accuracy.")
    else:
        tell(f"Accuracy on the test pictures, which no training has seen: {done.test_accuracy:.2f} %.")
        run = comparison.run_of(entry)
        if run and (said := pipeline.looks(run.folder)):
            tell(said)


def _named(entry: str, by_text: bool) -> str:
    return entry.replace("/", "-") + ("-by-text" if by_text else "")


def _check(by_text: bool, classes: Sequence[str]) -> None:
    if classes and not by_text:
        raise click.UsageError("--class goes with --by-text: a trained classifier has the classes of its study")
    if len(set(classes)) < len(classes) or len(classes) == 1:
        raise click.UsageError("--class: name two classes or more, each once")
