"""The command `suite`: verbs, each a thin function over the pipeline. Answers go to stdout, all else to stderr."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from suite import __version__
from suite.cli import arguments
from suite.cli.printing import FORMATS, Terminal, rendered
from suite.core.errors import SuiteError
from suite.machine.quiet import load_tensorflow

if TYPE_CHECKING:
    from suite.core.study import Constraint, Objective, Study
    from suite.core.trial import Run
    from suite.pipeline import Counted
    from suite.report.results import Results

Command = TypeVar("Command", bound=Callable[..., Any])
LISTED = ("architectures", "lecture", "studies", "measures", "runs")

formatted = click.option("--format", "format", type=click.Choice(FORMATS), default="table", help="How to print it.")
overriding = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE...", help="Override keys of the study, one or several."
)
aimed = click.option(
    "--objective",
    "aims",
    multiple=True,
    metavar="MEASURE",
    help="Compare in this measure, one of `suite list measures`; give two or more.",
)
rooted = click.option(
    "--runs",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default="runs",
    help="Folder that holds the runs.",
)


def limited(command: Command) -> Command:
    """Add the options for limits on costs."""
    for option, measure in reversed(arguments.LIMITS.items()):
        unit = " in ms" if measure == "latency" else ""
        name = f"--{option.replace('_', '-')}"
        command = click.option(name, option, type=float, help=f"Most {measure}{unit} that the model may have.")(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="suite")
def cli() -> None:
    """Which network, on your images, your device, your budget.

    \b
    suite run studies/quickstart/resnet.toml      search an architecture family
    suite front quickstart-resnet                 the accuracy-complexity front it found
    suite report quickstart-resnet                the same as a page with pictures
    suite export quickstart-resnet best exports   a model ready to serve
    suite predict exports/quickstart-resnet-3 picture.png
    """


@cli.command("list")
@click.argument("what", default="architectures", type=click.Choice(LISTED))
@click.argument("pattern", default="*")
@rooted
@formatted
def list_(what: str, pattern: str, root: Path, format: str) -> None:
    """List architectures, studies, measures or runs whose name (or else title) matches PATTERN.

    `lecture` lists the networks of a lecture's table: its figures beside those of the papers, and why they differ.

    \b
    suite list
    suite list architectures 'resnet/50*' --format csv
    suite list architectures '*/50*'
    suite list architectures 'ResNeXt*'
    suite list lecture
    suite list runs
    """
    from suite.cli import listing

    rows = listing.rows(what, root, pattern)
    click.echo(rendered(rows, format, listing.COLUMNS[what], _terminal(what)))


@cli.command()
@click.argument("files", metavar="STUDY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@overriding
@formatted
def check(files: Sequence[Path], overrides: Sequence[str], format: str) -> None:
    """Check study files, and print their spaces with the number of configurations. No model is built.

    \b
    suite check studies/*.toml
    suite check studies/resnet.toml --set budget.trials=5 fidelity.epochs=1
    """
    from suite import pipeline
    from suite.studyfile import binding

    load_tensorflow()
    files, overrides = arguments.told_apart(files, overrides)
    for file in files:
        study = pipeline.check(file, overrides)
        click.echo(rendered([row._asdict() for row in binding.summary(study)], format, binding.Row._fields))
        size = "infinitely many" if study.size == float("inf") else f"{study.size:,.0f}"
        click.echo(f"{file}: in order. {study.name}: {size} configurations from {study.architecture}.", err=True)


@cli.command()
@click.argument("names", metavar="ARCHITECTURE...", nargs=-1, required=True)
@click.option(
    "--path", "paths", default="saved_model", show_default=True, help=f"What runs it: {', '.join(arguments.ON)}."
)
@click.option("--batch", "batches", default="1", show_default=True, help="Pictures in a call: 1,8,32.")
@click.option("--resolution", type=click.IntRange(1), help="Side of the pictures; by default that of the paper.")
@click.option("--image", metavar="HxWxC", help="Shape of the pictures, where they are no square of three colours.")
@click.option("--classes", default=1000, show_default=True, help="Number of classes.")
@click.option("--precision", type=click.Choice(arguments.PRECISIONS), default="float32", show_default=True)
@click.option("--threads", type=click.IntRange(1), help="Processors, and threads on them; by default all.")
@click.option("--seconds", default=30.0, show_default=True, help="After which a number has no further block of calls.")
@click.option(
    "--longest", default=600.0, show_default=True, help="Seconds: what would need more for ten blocks is left out."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="CSV file, or its folder; else in that of the runs."
)
@click.option("--again", is_flag=True, help="Measure again what is in the file and not stable.")
@click.option("--latency/--no-latency", default=True, help="Whether to run the network on this device.")
@click.option("--by", type=click.Choice(("layer", "kind")), help="Where the weights and the work are; nothing is run.")
@rooted
@formatted
def measure(
    names: Sequence[str],
    paths: str,
    batches: str,
    resolution: int | None,
    image: str | None,
    classes: int,
    precision: str,
    threads: int | None,
    seconds: float,
    longest: float,
    again: bool,
    output: Path | None,
    latency: bool,
    by: str | None,
    root: Path,
    format: str,
) -> None:
    """Measure networks on this device, without training: parameters, multiply-adds, latency.

    ARCHITECTURE is a name or a wildcard, a .keras file or the folder of a SavedModel. Each is built, written and timed
    in processes of its own. The same command goes on where it was stopped: what the CSV file has is not measured again.

    \b
    suite measure 'mobilenet/*'
    suite measure 'resnet/*' efficientnet/b0 --batch 1,8,32 --path saved_model,litert -o laptop.csv
    suite measure exports/shapes/1 --path saved_model,xla
    suite measure resnet/50 resnet/152 --no-latency
    suite measure alexnet/ungrouped --by kind
    """
    from suite import pipeline
    from suite.search import supervisor

    shape = arguments.shape(image) or ((resolution, resolution, 3) if resolution else None)
    wanted = arguments.architectures(names)
    load_tensorflow()
    if by:
        click.echo(rendered(pipeline.breakdown(wanted, shape, classes, by), format))
    elif latency:
        supervisor.heed()
        settings = arguments.settings(paths, batches, shape, classes, precision, threads, seconds, longest, again)
        measured = pipeline.measure(wanted, settings, output, root, arguments.teller())
        click.echo(rendered([cell.summary for cell in measured], format))
    else:
        click.echo(rendered(list(map(_row, pipeline.count(wanted, shape, classes))), format))


@cli.command()
@click.argument("files", metavar="STUDY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@overriding
@rooted
@click.option("--storage", metavar="URL", help="Database to share with other machines; by default a file in the run.")
@formatted
def run(files: Sequence[Path], overrides: Sequence[str], root: Path, storage: str | None, format: str) -> None:
    """Run studies, one after the other, into runs/NAME; the same command goes on after an interruption.

    \b
    suite run studies/resnet.toml
    suite run studies/resnet.toml --set dataset=~/pictures image='[64, 64, 3]' budget.hours=2
    suite run studies/resnet.toml --storage postgresql+psycopg://user@host/suite
    """
    from suite import pipeline, studyfile
    from suite.core import seen
    from suite.search import supervisor
    from suite.training import kernels

    files, overrides = arguments.told_apart(files, overrides)
    studies = [studyfile.read(file, overrides) for file in files]
    if not all(pipeline.is_done(study, root) for study in studies):
        if not supervisor.is_worker():
            kernels.choose(dict(zip(files, studies, strict=True)), overrides, _tell)
            sys.exit(
                supervisor.supervise(
                    sys.argv[1:], lambda reason: _fail(studies, root, reason), lambda: pipeline.ended(studies, root)
                )
            )
        supervisor.obey()
    load_tensorflow()
    studies = [pipeline.study(file, overrides) for file in files]  # with what their families train by
    groups = seen.groups([_ran(study, root, storage) for study in studies])
    for group in groups:
        if len(groups) > 1:
            click.echo(f"The front of {', '.join(run.study.name for run in group)}:", err=True)
        _print_front(group, (), format)


@cli.command()
@click.argument("runs", metavar="RUN|TABLE.csv...", nargs=-1, required=True)
@limited
@aimed
@rooted
@formatted
def front(runs: Sequence[str], root: Path, format: str, aims: Sequence[str], **limits: float | None) -> None:
    """Print the front of one run or of several together; with limits, the best model within them.

    Two values are equal where their intervals overlap. A limit is met `surely` when the whole interval is within it.
    Exits with 3, and names the nearest misses, when none is within the limits.

    TABLE.csv is any table of results: a first column that names the candidate, columns named as the measures, and
    `latency_low` and `latency_high` for an interval. timm's tables and those of `suite measure` are understood too.

    \b
    suite front quickstart-resnet quickstart-mobilenet
    suite front resnet --max-latency 5 --max-parameters 2e6
    suite front results.csv --objective accuracy --objective latency
    """
    asked = arguments.objectives(aims)
    _print_front(arguments.results(runs, root, asked), arguments.limits(limits), format, asked)


@cli.command()
@click.argument("runs", metavar="[RUN|TABLE.csv...]", nargs=-1)
@click.option(
    "--field",
    "tables",
    multiple=True,
    metavar="FILE...",
    type=click.Path(path_type=Path),
    help="Report tables of measured networks, ours or timm's, instead of runs; one or several.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder of the report.")
@aimed
@rooted
def report(runs: Sequence[str], tables: Sequence[Path], output: Path | None, aims: Sequence[str], root: Path) -> None:
    """Write the report of runs, finished or not: one page that needs no network, with CSV, PNG and SVG beside it.

    TABLE.csv is any table of results, as in `suite front`.

    With --field, that of measured networks: what each of the catalogue costs, beside the accuracy that papers cite.

    \b
    suite report resnet
    suite report resnet mobilenet alexnet -o reports/comparison
    suite report results.csv --objective accuracy --objective parameters
    suite report --field laptop.csv server.csv -o reports/field
    """
    from suite import pipeline
    from suite.core.trial import Run

    if tables:
        click.echo(pipeline.field(arguments.tables(tables, runs), output or root / "field").resolve())
        return
    asked = arguments.objectives(aims)
    found = arguments.results(arguments.named(runs), root, asked)
    of_runs = [one for one in found if isinstance(one, Run)]
    into = output or (of_runs[0].folder / "report" if of_runs and len(found) == 1 else root / "report")
    click.echo(pipeline.report(found, into, asked).resolve())
    for line in pipeline.deliver(of_runs, root, into):
        click.echo(line, err=True)


@cli.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.argument("trial")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", help="Name of the model; by default STUDY-TRIAL.")
@limited
@rooted
def export(
    runs: Sequence[str], trial: str, directory: Path, name: str | None, root: Path, **limits: float | None
) -> None:
    """Export a trial as a SavedModel to DIR/NAME/1, preprocessing inside, and check it.

    TRIAL is a number (or run/number when there are several runs), `best` (the most accurate within the limits) or
    `knee` (where more accuracy becomes dear).

    \b
    suite export resnet 7 exports
    suite export resnet mobilenet best exports --max-latency 5
    """
    from suite import pipeline
    from suite.report import choice
    from suite.report.comparison import compare

    found = arguments.runs(runs, root)
    comparison, wanted = compare(found), arguments.limits(limits)
    if comparison.left_out:
        click.echo(comparison.left_out, err=True)
    entry = arguments.entry(comparison, trial, wanted)
    doubt = choice.doubt(entry, wanted)
    if doubt:
        click.echo(f"{entry.name} {doubt}.", err=True)
    load_tensorflow()
    done = pipeline.export(entry, found, directory / (name or entry.name.replace("/", "-")))
    click.echo(done.folder)
    click.echo(f"{entry.name}: {done.agreement}", err=True)
    if done.test_accuracy is None:
        click.echo("The pictures have changed since it was trained, so they cannot tell its accuracy.", err=True)
    else:
        click.echo(f"Accuracy on the test pictures, never seen before: {done.test_accuracy:.2f} %.", err=True)


@cli.command()
@click.argument("exported", metavar="EXPORT", type=click.Path(path_type=Path))
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--top", default=5, show_default=True, help="Number of classes to print.")
@formatted
def predict(exported: Path, images: Sequence[Path], top: int, format: str) -> None:
    """Print the likeliest classes of pictures, as an exported model sees them.

    \b
    suite predict exports/resnet-7 cat.jpg dog.png
    """
    load_tensorflow()
    from suite.export import loaded

    rows = [
        {"image": str(image), "rank": rank, "class": name, "probability": round(probability, 6)}
        for image, ranked in zip(images, loaded.predict(exported, images), strict=True)
        for rank, (name, probability) in enumerate(ranked[:top], start=1)
    ]
    click.echo(rendered(rows, format))


@cli.command()
@click.argument("runs", metavar="[RUN...]", nargs=-1)
@rooted
@click.option("--port", default=5000, show_default=True)
def ui(runs: Sequence[str], root: Path, port: int) -> None:
    """Open the MLflow UI on the store of the runs, and print links that show their trials as tables.

    \b
    suite ui
    suite ui resnet --port 8080
    """
    from suite import pipeline

    for line in pipeline.ui(arguments.runs(runs, root) if runs else arguments.every_run(root), root, port):
        click.echo(line)


def main() -> None:
    """Run the command; a SuiteError becomes one line and its exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's own start-up lines say nothing to the user
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
    try:
        cli(standalone_mode=False)
    except SuiteError as error:
        click.echo(f"suite: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("suite: interrupted. What was finished is kept; the same command goes on.", err=True)
        sys.exit(130)


def _terminal(what: str) -> Terminal | None:
    """Return where the list is read by a person; None where a program reads it."""
    from suite.cli import listing

    if not sys.stdout.isatty():
        return None
    return Terminal(
        width=shutil.get_terminal_size().columns,
        spare=listing.SPARE.get(what, ()),
        below=listing.BELOW.get(what, ""),
        apart=listing.APART.get(what, ""),
    )


def _row(counted: Counted) -> dict[str, Any]:
    return {
        "name": counted.name,
        "image": counted.image,
        "total_parameters": counted.total_parameters,
        **counted.measures,
    }


def _ran(study: Study, root: Path, storage: str | None) -> Run:
    from suite import pipeline
    from suite.core.trial import pausing

    done = pipeline.run(study, root, storage)
    states = ("complete", "paused", "refused", "dropped", "failed")
    counts = {state: sum(trial.state == state for trial in done.trials) for state in states}
    counts["paused"] = len(pausing(done.trials))  # without those that went on
    said = ", ".join(
        f"{count} {state}" for state, count in counts.items() if count or state not in ("paused", "dropped")
    )
    click.echo(f"{study.name} is done: {said}. It is kept in {done.folder}.", err=True)
    if ended := pipeline.hours_over(done):
        click.echo(ended, err=True)
    if not pipeline.is_done(study, root):
        click.echo("The budget is not spent: no other candidate was found that keeps the constraints.", err=True)
    return done


def _fail(studies: Sequence[Study], root: Path, reason: str) -> bool:
    """Write down as failed what a dead worker was running; whether there was anything."""
    from suite.search import folder
    from suite.training import kernels

    kernels.suspect(reason, _tell)
    failed = False
    for study in studies:
        if folder.holds(root / study.name):
            with folder.reopened(root / study.name) as store:
                for number in store.fail_running(reason):
                    click.echo(f"{study.name}/{number} failed: {reason}.", err=True)
                    failed = True
    return failed


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _print_front(
    runs: Sequence[Run | Results], limits: Sequence[Constraint], format: str, asked: Sequence[Objective] = ()
) -> None:
    """Print the front, or the one model that is best within limits."""
    from suite.report import choice
    from suite.report.comparison import compare

    comparison = compare(runs, asked)
    if comparison.left_out:
        click.echo(comparison.left_out, err=True)
    columns, rows = choice.table([choice.best(comparison, limits)] if limits else comparison.front, limits)
    click.echo(rendered(rows, format, columns))
