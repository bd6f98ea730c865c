"""Run studies: search, train, measure.

Results go into runs/NAME. The same command continues after an interruption. With [confirm] in a study, the best
networks are then trained again with several seeds, beyond the budget, as `suite confirm` does.

\b
suite run studies/resnet.toml
suite run studies/resnet.toml --set dataset=~/pictures image='[64, 64, 3]' budget.hours=2
suite run studies/resnet.toml --storage postgresql+psycopg://user@host/suite --depot s3://suite
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from suite import pipeline, studyfile
from suite.cli import arguments
from suite.cli.fronts import print_front
from suite.cli.options import formatted, overriding, rooted, skipping
from suite.cli.speaking import tell
from suite.core import seen
from suite.core.study import Study
from suite.core.trial import Run, counted
from suite.machine import environment
from suite.search import folder, outage, sharing, supervisor
from suite.training import kernels


@click.command(help=__doc__)
@click.argument("files", metavar="STUDY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@overriding
@skipping
@rooted
@click.option("--storage", metavar="URL", help="Database shared with other machines; by default a file in the run.")
@click.option(
    "--depot", metavar="PLACE", help="Folder or s3://BUCKET/PREFIX in which machines share networks and checkpoints."
)
@click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Trainings side by side; by default 2 where that is faster."
)
@formatted
def command(
    files: Sequence[Path],
    overrides: Sequence[str],
    skip_broken: bool,
    root: Path,
    storage: str | None,
    depot: str | None,
    workers: int | None,
    format: str,
) -> None:
    """Run the studies, one after the other, and print their front."""
    environment.check()
    files, overrides = arguments.told_apart(files, overrides, skip_broken=skip_broken)
    studies = [studyfile.read(file, overrides) for file in files]
    if not all(pipeline.is_done(study, root) for study in studies):
        if not supervisor.is_worker():
            kernels.choose(dict(zip(files, studies, strict=True)), overrides, tell)
            code = supervisor.supervise(
                sys.argv[1:],
                lambda reason: _fail(studies, root, reason),
                lambda: pipeline.ended(studies, root),
                fork=supervisor.may_fork(),
            )
            if code is not None:
                sys.exit(code)
        supervisor.obey()
    studies = [pipeline.bound(study, file, overrides) for study, file in zip(studies, files, strict=True)]
    workers = workers or sharing.usual([study for study in studies if not pipeline.is_done(study, root)])
    groups = seen.groups([_ran(study, root, storage, depot, workers) for study in studies])
    for group in groups:
        if len(groups) > 1:
            tell(f"The front of {', '.join(run.study.name for run in group)}:")
        print_front(group, (), format)


def _ran(study: Study, root: Path, storage: str | None, depot: str | None, workers: int) -> Run:
    was_done = pipeline.is_done(study, root)
    done = pipeline.run(study, root, storage, depot=depot, workers=workers)
    counts = counted(done.trials)
    said = ", ".join(
        f"{count} {state}" for state, count in counts.items() if count or state not in ("paused", "dropped")
    )
    tell(f"{study.name} is done: {said}. It is kept in {done.folder}.")
    if was_done and (changed := pipeline.changed(done)):
        tell(f"{study.name} was searched before, and {changed}. Search the new pictures under another name.")
    if ended := pipeline.hours_over(done):
        tell(ended)
    if not pipeline.is_spent(study, done):
        tell("The budget is not spent: no other candidate was found that keeps the constraints.")
    for line in pipeline.confirm_as_asked(done):
        tell(line)
    return done


def _fail(studies: Sequence[Study], root: Path, reason: str) -> bool:
    """Mark the trials of a dead worker as failed; return whether there were any."""
    kernels.suspect(reason, tell)
    failed = False
    for study in studies:
        if folder.holds(root / study.name):
            with outage.waits(folder.reopened)(root / study.name) as store:
                for number in store.fail_running(reason):
                    tell(f"{study.name}/{number} failed: {reason}.")
                    failed = True
    return failed
