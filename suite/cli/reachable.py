"""What `suite doctor` finds of the services that runs talk to: MLflow, databases and depots, each with the way out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from suite import tracking
from suite.cli.health import ADVICE, BROKEN, NEWEST, OK, Finding
from suite.core.errors import SuiteError, without_password
from suite.core.numbered import numbered
from suite.depot import examined
from suite.search import addresses, folder, reach
from suite.tracking import place, trouble

WAITS = "Any command that reads the run delivers them when the depot is back: suite front {name}"


def findings(root: Path, storage: str | None, depot: str | None) -> Iterator[Finding]:
    """Yield what is found of MLflow, of a database and a depot that are named, and of the depots of the newest runs."""
    yield _tracking(root)
    if storage is not None:
        yield _storage(storage)
    named = depot or os.environ.get(addresses.VARIABLE)
    if named:
        yield _depot(named)
    homes = sorted(filter(folder.is_run, folder.inside(root)), key=lambda home: -home.stat().st_mtime)
    yield from (found for home in homes[:NEWEST] if (found := _of_run(home)))


def _tracking(root: Path) -> Finding:
    uri = tracking.uri(root)
    shown = without_password(uri)
    try:
        place.knock(uri)
    except Exception as error:  # of sockets, of requests and of SQLite
        found = f"MLflow at {shown} does not answer"
        return Finding(what="tracking", state=BROKEN, found=found, way_out=f"{trouble.reason(error)}.")
    return Finding(what="tracking", state=OK, found=f"MLflow at {shown}")


def _storage(url: str) -> Finding:
    try:
        found = reach.reached(url)
    except SuiteError as error:
        return Finding(what="storage", state=BROKEN, found="the database cannot be used", way_out=str(error))
    return Finding(what="storage", state=OK, found=found)


def _depot(named: str) -> Finding:
    try:
        found = examined(named)
    except SuiteError as error:
        return Finding(what="depot", state=BROKEN, found="the depot cannot be used", way_out=f"{error}.")
    return Finding(what="depot", state=OK, found=found)


def _of_run(home: Path) -> Finding | None:
    """Tell whether the depot of a run answers, and what waits for it here; None for a run without one."""
    what = f"depot of {home.name}"
    try:
        depot = addresses.depot(home)
        if not depot.is_used:
            return None
        waits, kept = len(depot.waiting()), depot.kept()
        found = f"{depot.url} has {numbered(kept, 'file')}"
    except SuiteError as error:
        return Finding(what=what, state=BROKEN, found="it does not answer", way_out=f"{error}.")
    if waits:
        return Finding(
            what=what,
            state=ADVICE,
            found=f"{found}, and here wait {waits:,} more",
            way_out=WAITS.format(name=home.name),
        )
    return Finding(what=what, state=OK, found=found)
