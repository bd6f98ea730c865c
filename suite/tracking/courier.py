"""What MLflow is told about one study, and when. The ledger avoids telling it twice, which would change nothing."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from suite.core.seen import SPLITS
from suite.core.study import Study
from suite.core.trial import Trial
from suite.tracking import content, trouble
from suite.tracking.content import Content
from suite.tracking.ledger import Ledger
from suite.tracking.server import Server, is_refusal

if TYPE_CHECKING:
    import keras

_log = logging.getLogger("suite.tracking")

SHOWN = (*(f"{split}_images" for split in SPLITS), "classes", "image")  # of a dataset


class Courier:
    """Sends one study to MLflow. Every method may raise what MLflow raises; call `open` before all others."""

    def __init__(self, study: Study, ledger: Ledger) -> None:
        """Send nothing yet."""
        self._study, self._ledger = study, ledger
        self._identity = self._group = self._parent = ""
        self._live: dict[int, set[tuple[str, int]]] = {}  # of trials begun here: the points of the curve that were sent

    def open(self, server: Server, trials: Sequence[Trial]) -> None:
        """Find or create the parent run; needs at least one trial to tell this run from others."""
        self._identity = self._identity or content.identity(self._study, trials)
        parent, group = self._ledger.id("parent"), self._ledger.id("group")
        if not (parent and group and server.is_alive(parent)):
            self._ledger.forget()
            with self._ledger.alone():
                parent, group = self._found_or_made(server, trials)
                self._ledger.note("parent", parent)
                self._ledger.note("group", group)
        self._parent, self._group = parent, group
        state = content.view(self._study, parent)
        if self._ledger.digest("view") != content.digest(state):
            server.view(group, self._identity, state)
            self._ledger.note("view", self._identity, content.digest(state))

    def begin(self, server: Server, trial: Trial) -> None:
        """Show a trial that has just started, unless MLflow has it already."""
        if not self._ledger.id(_key(trial)):
            _taken(partial(self._begin, server, trial), partial(self._lost, server, trial))

    def epoch(self, server: Server, number: int, row: Mapping[str, float]) -> None:
        """Show one epoch of a trial that `begin` has shown; otherwise `end` will send it."""
        run, points = self._ledger.id(f"trial/{number}"), content.points(row)
        if not run or number not in self._live:
            return
        try:
            server.log(run, metrics=points)
        except Exception as error:
            if not is_refusal(error):
                raise
            del self._live[number]  # its run was deleted in MLflow: `end` will find that out, and send it whole
        else:
            self._live[number] |= {(point.name, point.step) for point in points}

    def end(self, server: Server, trial: Trial) -> None:
        """Send all that is known of an ended trial, except what was sent while it ran."""
        if self.has(trial):
            return
        try:
            _taken(partial(self._send, server, trial), partial(self._lost, server, trial))
        except Exception as error:
            run = self._ledger.id(_key(trial))
            if not (is_refusal(error) and run and server.is_alive(run)):
                raise
            _log.warning("MLflow refuses trial %d of %s: %s", trial.number, self._study.name, trouble.in_short(error))
            self._ledger.note(_key(trial), run, content.digest_of(trial))

    def place(self, server: Server, trials: Sequence[Trial], ranks: Mapping[int, int]) -> None:
        """Tag the ended `trials` whose front or rank has changed."""
        for trial in trials:
            if trial.state != "running":
                _taken(partial(self._place, server, trial, ranks), partial(self._lost, server, trial))

    def study(self, server: Server, trials: Sequence[Trial], running: bool) -> None:
        """Tag the parent run with the progress of the study."""
        said = content.of_study(self._study, trials, running=running)
        digest = content.digest([said.status, said.end, dict(said.tags)])
        if self._ledger.digest("study") != digest:
            _taken(partial(self._tell, server, said), partial(self._lost_study, server, trials))
            self._ledger.note("study", self._parent, digest)
        known = next((trial for trial in trials if trial.surroundings.get("dataset_digest")), None)
        if known and self._ledger.id("data") != self._parent:  # the first trial of a new study has seen no data yet
            _taken(partial(self._dataset, server, self._parent, known), partial(self._lost_study, server, trials))
            self._ledger.note("data", self._parent)

    def report(self, server: Server, path: Path) -> None:
        """Store the report, a file or a folder, with the parent run if it has changed."""
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        digest = content.digest([[str(f.relative_to(path)), hashlib.sha256(f.read_bytes()).hexdigest()] for f in files])
        if self._ledger.digest("report") != digest:
            server.artifacts(self._parent, path, "report")
            self._ledger.note("report", self._parent, digest)

    def model(self, server: Server, trial: Trial, load: Callable[[int], keras.Model]) -> None:
        """Log the trained network of a trial, once."""
        run, key = self._ledger.id(_key(trial)), f"model/{trial.number}"
        if not run or self._ledger.id(key):
            return
        try:
            model = load(trial.number)
        except Exception as error:  # a lost model file is not MLflow's fault, and does not end the delivery
            _log.warning("the model of trial %d cannot be logged: %s", trial.number, error)
            return
        params, name = content.trial_params(self._study, trial), f"{self._study.name}-{trial.number}"
        digest = trial.surroundings.get("dataset_digest", "")
        judged_by = (content.dataset_name(self._study), content.digests(digest)["validation"]) if digest else None
        self._ledger.note(key, server.model(self._group, run, name, model, params, content.measured(trial), judged_by))

    def has(self, trial: Trial) -> bool:
        """Whether MLflow has this trial as it is now."""
        return self._ledger.digest(_key(trial)) == content.digest_of(trial)

    def _found_or_made(self, server: Server, trials: Sequence[Trial]) -> tuple[str, str]:
        tags = {"suite.id": self._identity, "kind": "study"}
        first = _united(server, server.groups(content.dataset_name(self._study)), tags)
        if not first:
            group = server.group(content.group(self._study, trials))
            start = content.milliseconds(trials[0].started)
            made = server.create(group, self._study.name, start, tags | {"study": self._study.name})
            first = _united(server, [group], tags) or (made, group)  # another machine may have made one meanwhile
        said = content.of_study(self._study, trials, running=True)
        try:
            server.log(first[0], params=said.params)
        except Exception as error:
            if not is_refusal(error):  # what an earlier version has told in other words stays as it was
                raise
        return first

    def _child(self, server: Server, trial: Trial) -> str:
        tags = {"suite.id": self._identity, "kind": "trial", "suite.core.trial": str(trial.number)}
        with self._ledger.alone():
            known = self._ledger.id(_key(trial))
            found = known or next(iter(_united(server, [self._group], tags) or ()), None)
            if not found:
                more = {"mlflow.parentRunId": self._parent, "study": self._study.name, "state": trial.state}
                name, start = f"{self._study.name}/{trial.number}", content.milliseconds(trial.started)
                made = server.create(self._group, name, start, tags | more)
                found, _ = _united(server, [self._group], tags) or (made, self._group)
            if not known:
                self._ledger.note(_key(trial), found)
        return found

    def _begin(self, server: Server, trial: Trial) -> None:
        run, said = self._child(server, trial), content.of_trial(self._study, trial)
        server.log(run, params=said.params, tags=said.tags)
        self._live[trial.number] = set()

    def _send(self, server: Server, trial: Trial) -> None:
        run, said = self._child(server, trial), content.of_trial(self._study, trial)
        sent = self._live.pop(trial.number, None)
        points = [point for point in said.metrics if (point.name, point.step) not in (sent or ())]
        self._dataset(server, run, trial)
        server.log(run, params=said.params if sent is None else {}, tags=said.tags, metrics=points)
        server.finish(run, said)
        self._ledger.note(_key(trial), run, content.digest_of(trial))

    def _place(self, server: Server, trial: Trial, ranks: Mapping[int, int]) -> None:
        self.end(server, trial)  # again, if MLflow has lost it
        tags, key = content.standing(trial, ranks), f"place/{trial.number}"
        run, digest = self._ledger.id(_key(trial)), content.digest(tags)
        if run and self._ledger.digest(key) != digest:
            server.log(run, tags=tags)
            self._ledger.note(key, run, digest)

    def _tell(self, server: Server, said: Content) -> None:
        server.log(self._parent, tags=said.tags)
        server.finish(self._parent, said)

    def _dataset(self, server: Server, run: str, trial: Trial) -> None:
        facts = trial.surroundings
        name, digest = content.dataset_name(self._study), facts.get("dataset_digest", "")
        if digest:
            source = {"uri": self._study.dataset} if content.is_folder(self._study.dataset) else {"name": name}
            profile = {key: facts[key] for key in SHOWN if key in facts}
            server.dataset(run, name, content.digests(digest), source, profile)

    def _lost(self, server: Server, trial: Trial) -> bool:
        """Forget a trial that MLflow no longer has, and find the parent run again; return whether it was lost."""
        run = self._ledger.id(_key(trial))
        if run and server.is_alive(run):
            return False
        self._ledger.forget(f"%/{trial.number}")
        self.open(server, [trial])
        return True

    def _lost_study(self, server: Server, trials: Sequence[Trial]) -> bool:
        """Find or make the parent run again if MLflow no longer has it; return whether it was lost."""
        if server.is_alive(self._parent):
            return False
        self.open(server, trials)
        return True


def _taken(step: Callable[[], None], lost: Callable[[], bool]) -> None:
    """Take a step; if MLflow refuses it since it has `lost` what the step is about, which mends that, once more."""
    try:
        step()
    except Exception as error:
        if not (is_refusal(error) and lost()):
            raise
        step()


def _united(server: Server, groups: Sequence[str], tags: Mapping[str, str]) -> tuple[str, str] | None:
    """Keep only the first of the runs that several machines made of one thing; return its id and experiment."""
    found = server.find(groups, tags)
    for run, _ in found[1:]:
        server.delete(run)
    return found[0] if found else None


def _key(trial: Trial) -> str:
    return f"trial/{trial.number}"
