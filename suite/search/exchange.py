"""When a run and its depot exchange files: at the end of each trial, before a training goes on, and before a report."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from suite.core.trial import Run, Trial
from suite.depot.depot import PATIENCE
from suite.search import addresses, folder
from suite.search.fidelity import first, unfinished
from suite.search.store import Store

READ = ("answers/", "confirmed/", "classes.json", "mistakes.npz")  # what reports and exports read of each trial

_log = logging.getLogger("suite.search")


def delivering(evaluate: Callable[[Trial], Trial], store: Store) -> Callable[[Trial], Trial]:
    """Return the same evaluation, which delivers what a trial leaves before anybody is told of its end."""

    def evaluated(trial: Trial) -> Trial:
        ended = evaluate(trial)
        if store.depot.is_used:
            over = ended.state == "complete" and not ended.is_cut
            try:
                store.depot.deliver(without=[_checkpoint(store, trial)] if over else [])
            except KeyboardInterrupt:  # the training is done: it is not lost for want of a depot
                store.finish(ended)
                raise
        return ended

    return evaluated


def checkpoint(store: Store, trial: Trial) -> Path:
    """Return the checkpoint file of a trial's training. What another machine has trained of it is brought."""
    file = _checkpoint(store, trial)
    if file.stem != str(trial.number) and not store.depot.renew(file, PATIENCE) and store.depot.trouble:
        _log.warning(
            "%s/%d: its checkpoint cannot be had from the depot, so its training begins with the first epoch.",
            store.study.name, trial.number,
        )  # fmt: skip
    return file


def _checkpoint(store: Store, trial: Trial) -> Path:
    return folder.checkpoint(store.folder, first(trial, store.trials()))


def exchanged(home: Path) -> Run:
    """Return the run in a folder, when its depot has what waited here, and has given what other machines told.

    An outage is told, and changes nothing. Raises StoreError when there is no run.
    """
    run, depot = folder.read(home), addresses.depot(home)
    if depot.is_used:
        needed = set(map(str, unfinished(run.trials)))
        depot.deliver(without=[file for file in (home / "checkpoints").glob("*") if file.stem not in needed])
        depot.bring_all(READ)
    return run
