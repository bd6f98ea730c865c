"""What several files of tests ask about, and takes seconds to make: made once in a session, by who needs it first."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from suite import pipeline
from suite.core.trial import Run
from suite.search import folder

STUDY = Path(__file__).parents[1] / "studies" / "quickstart" / "resnet.toml"
SETS = ("budget.trials=1", "fidelity.epochs=1", "latency={seconds=0.3, settling=0}")


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the session's folder of this name, which `make` has filled. No test changes what is in it."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # what one has made, the other needs not
        shared = shared.parent
    home, draft = shared / name, shared / f"{name}-draft"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)  # processes that are forked meanwhile would keep a lock by flock
        if not home.exists():
            make(draft)
            draft.rename(home)
    return home


def quickstart(factory: pytest.TempPathFactory) -> Run:
    """Return a copy of its own of the quickstart's ResNet, of which one network was trained for an epoch."""
    made = once(factory, "quickstart", lambda into: pipeline.run(pipeline.study(STUDY, SETS), into, show=False))
    own = factory.mktemp("runs")
    shutil.copytree(made, own, dirs_exist_ok=True)
    (name,) = [one.name for one in own.iterdir() if folder.holds(one)]
    return folder.read(own / name)
