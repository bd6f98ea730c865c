"""A team of workers on one study: the trials are the same whoever ends first, and nothing is lost when one dies."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from mlflow import MlflowClient

from suite.core.study import Budget, Study
from suite.core.trial import Trial
from suite.machine import forked
from suite.search import folder
from suite.search.store import Store
from tests import studies
from tests.test_workers import ROOT


def study(**changes: object) -> Study:
    return studies.study(constraints=(), budget=Budget(trials=50), **changes)


def ended(trial: Trial) -> Trial:
    """Return a trial with results that depend on its configuration alone; some are refused."""
    source = random.Random(json.dumps(trial.configuration, sort_keys=True))
    return studies.refused(trial) if source.random() < 0.2 else studies.complete(trial, source.uniform(50, 99))


def searched(home: Path, wanted: Study, order: random.Random, count: int = 14) -> list[Trial]:
    """Return the first trials of a team of two that end in a random order: of those that run, `order` takes one."""
    with ExitStack() as stack:
        stores = [stack.enter_context(folder.opened(home, wanted, workers=2)) for _ in range(2)]
        idle, running = list(stores), {}
        while len(stores[0].trials()) < count:
            for store in list(idle):
                if trial := now(store):
                    idle.remove(store)
                    running[store] = trial
                    if ended(trial).state != "refused":
                        store.trains(trial.number)
            done = order.choice(list(running))
            done.finish(ended(running.pop(done)))
            idle.append(done)
        return stores[0].trials()[:count]


def now(store: Store) -> Trial | None:
    """Return the next trial if it begins at once."""
    waited = threading.Event()
    store._wait = lambda awaited: waited.set() or (_ for _ in ()).throw(TimeoutError)  # type: ignore[method-assign]
    try:
        return store.ask()
    except TimeoutError:
        return None


@pytest.mark.parametrize("sampler", ["cheap-first", "tpe"])
def test_a_team_tries_the_same_whoever_ends_first(tmp_path: Path, sampler: str) -> None:
    wanted = study(sampler=sampler)
    found = [searched(tmp_path / str(seed), wanted, random.Random(seed)) for seed in range(3)]
    assert {trial.state for trial in found[0]} >= {"complete", "refused"}
    for other in found[1:]:
        assert [trial.configuration for trial in other] == [trial.configuration for trial in found[0]]


def test_a_proposal_waits_until_a_candidate_is_known_to_train_and_for_no_training_but_the_last(tmp_path: Path) -> None:
    with ExitStack() as stack:
        one, other = (stack.enter_context(folder.opened(tmp_path, study(), workers=2)) for _ in range(2))
        begun: list[Trial | None] = []
        first = one.ask()
        asking = threading.Thread(target=lambda: begun.append(other.ask()))
        asking.start()
        asking.join(0.5)
        assert asking.is_alive(), "the first may still be refused"
        one.trains(first.number)
        asking.join()
        assert one.news() == []
        for seconds in (None, 0.5):  # the first takes long, and the other goes on for one more, but not for two
            other.trains(begun[-1].number)
            other.finish(studies.complete(begun[-1]))
            asking = threading.Thread(target=lambda: begun.append(other.ask()))
            asking.start()
            asking.join(seconds)
        assert asking.is_alive()
        assert [trial.number for trial in one.news()] == [1, 2]
        assert one.news() == []
        one.finish(studies.complete(first))
        asking.join()


def test_a_worker_alone_waits_for_nobody_and_knows_everything(tmp_path: Path) -> None:
    with folder.opened(tmp_path, study()) as store:
        one, two = store.ask(), store.ask()
        store.finish(studies.complete(two))
        assert store.ask()
        assert store.news() == []
        store.finish(studies.complete(one))


# ---- real processes


def started(home: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "suite", "run", str(ROOT / "studies" / "quickstart" / "resnet.toml")]
    pipe = subprocess.PIPE
    return subprocess.Popen([*command, *words], cwd=home, stdout=pipe, stderr=pipe, text=True)


QUICK = ("--set", "budget.trials=6", "fidelity.epochs=3", "latency.settling=0", "seed=4")
team = pytest.mark.skipif(not forked.can_fork(), reason="no team here")


def trials(home: Path) -> Sequence[Trial]:
    run = home / "runs" / "quickstart-resnet"
    return folder.read(run).trials if folder.holds(run) else ()


@team
@pytest.mark.slow
def test_two_workers_spend_the_budget_and_one_speaks_for_both(tmp_path: Path) -> None:
    _, said = (done := started(tmp_path, "--workers", "2", *QUICK)).communicate(timeout=600)
    assert done.returncode == 0, said
    found = [trial for trial in trials(tmp_path) if trial.state == "complete"]
    assert len(found) == 6
    assert {trial.surroundings["threads"] for trial in found} == {str(max(1, len(os.sched_getaffinity(0)) // 2))}
    for trial in found:
        assert said.count(f"quickstart-resnet/{trial.number:<3} complete") == 1
        assert {"accuracy", "latency"} <= trial.measures.keys()
    together = [(one.started, one.finished) for one in found]
    assert any(a[0] < b[0] < a[1] for a in together for b in together), "side by side"
    client = MlflowClient(f"sqlite:///{tmp_path / 'runs' / 'mlflow.db'}")
    groups = [one.experiment_id for one in client.search_experiments()]
    assert len(client.search_runs(groups, "tags.kind = 'trial'")) == len(trials(tmp_path))


@team
@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_ends_leaves_its_trial_to_the_others(tmp_path: Path, end: signal.Signals) -> None:
    begun = started(tmp_path, "--workers", "2", *QUICK)
    while not any(trial.state == "complete" for trial in trials(tmp_path)):
        assert begun.poll() is None, begun.communicate()
    leader = psutil.Process(begun.pid).children()[0]
    others = pids(tmp_path) - {leader.pid}
    for pid in others:
        os.kill(pid, end)
    _, said = begun.communicate(timeout=600)
    assert begun.returncode == 0, said
    assert others
    assert "A worker beside this one was" in said
    assert sum(trial.state == "complete" for trial in trials(tmp_path)) == 6
    assert not any(trial.state == "running" for trial in trials(tmp_path))


def pids(home: Path) -> set[int]:
    """Return the processes that have begun trials."""
    with folder.reopened(home / "runs" / "quickstart-resnet") as store:
        return {row.user_attrs["worker"]["pid"] for row in store._rows.all() if "worker" in row.user_attrs}
