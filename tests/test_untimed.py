"""A study whose objectives and limits need no timing: nothing is timed but what is on the front, at the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from suite import pipeline, tracking
from suite.core import dominance
from suite.core.domains import Choice
from suite.core.measures import MEASURES
from suite.core.study import Budget, Constraint, Latency, Objective
from suite.core.trial import Run, Trial
from suite.report import choice
from suite.report.comparison import compare
from suite.report.shown import shown
from suite.search import folder, settling
from suite.search.proposals import key
from suite.search.space import network
from suite.timing.timer import Timer
from suite.tracking.delivery import Delivery
from tests import studies

BEST = (Objective(measure="accuracy", goal="max"),)
ONE = {"depths": Choice(((1, 1, 1),)), "widths": Choice(((4, 4, 8),))}
SMALL = {"stem": "small", "depths": Choice(((1,), (2,))), "widths": Choice(((4,), (8,)))}
PLAIN = studies.study(objectives=BEST, constraints=(), budget=Budget(trials=3), image=(16, 16, 1), space=SMALL)


@pytest.fixture(scope="module")
def timings() -> list[int]:
    """How many trials had ended each time that the process which times was wanted."""
    return []


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, timings: list[int]) -> Run:
    """Three short trainings for accuracy alone."""
    root, start = tmp_path_factory.mktemp("runs"), Timer.start

    def counted(timer: Timer) -> None:
        timings.append(sum(trial.state == "complete" for trial in folder.read(root / PLAIN.name).trials))
        start(timer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Timer, "start", counted)
        patch.setattr(tracking, "deliver", lambda *_, **__: Delivery(delivered=0, waiting=0))
        return pipeline.run(PLAIN, root, show=False)


@pytest.mark.slow
def test_a_search_that_was_stopped_before_its_front_was_timed_says_so_and_a_whole_one_does_not(done: Run) -> None:
    cut = replace(done, trials=tuple(replace(one, measures=costless(one)) for one in done.trials))
    first = shown(compare([cut])).sentences[0]
    assert first.startswith("Not timed yet: ")
    assert "`suite run`" in first
    assert not any("Not timed yet" in line for line in shown(compare([done])).sentences)


def costless(trial: Trial) -> dict[str, float]:
    return {name: value for name, value in trial.measures.items() if MEASURES[name].known != "measured"}


@pytest.mark.slow
def test_only_the_networks_of_the_front_are_timed_and_only_at_the_end(done: Run, timings: list[int]) -> None:
    assert set(timings) == {3}
    front = {key(network(trial.configuration)) for trial in dominance.front(done.candidates, BEST)}
    timed = [trial for trial in done.trials if "latency" in trial.measures]
    assert front == {key(network(trial.configuration)) for trial in timed}
    assert len(timed) < len(done.trials)
    assert all({"latency_low", "latency_high", "file_size"} <= trial.measures.keys() for trial in timed)
    assert all("latency_timed" in trial.surroundings for trial in timed)
    assert all({"parameters", "macs", "activations"} <= trial.measures.keys() for trial in done.trials)


@pytest.mark.slow
def test_tables_choices_and_the_report_cope_with_candidates_that_were_not_timed(done: Run, tmp_path: Path) -> None:
    comparison = compare([done])
    columns, rows = choice.table(comparison.candidates, (), comparison.objectives)
    assert "latency" in columns
    assert [row["latency"] for row in rows].count(None) == sum("latency" not in one.measures for one in done.trials)
    fast = choice.best(comparison, [Constraint(measure="latency", at_most=1e6)])
    assert fast in comparison.front
    assert choice.knee(comparison).trial.state == "complete"
    assert choice.table(compare([done], [Objective(measure="latency", goal="min")]).front)
    assert pipeline.report([done], tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({}, False),
        ({"constraints": (Constraint(measure="parameters", at_most=5_000),)}, False),
        ({"constraints": (Constraint(measure="latency", at_most=5),)}, True),
        ({"objectives": (*BEST, Objective(measure="file_size", goal="min"))}, True),
        ({"latency": Latency(path="litert")}, True),
    ],
)
def test_candidates_are_timed_before_training_if_the_study_asks_for_what_a_run_tells(
    changes: dict[str, object], first: bool
) -> None:
    assert replace(PLAIN, **changes).times_first is first  # type: ignore[arg-type]


class Untimeable:
    """An evaluation of networks that cannot be timed."""

    def timed_here(self, trials: list[Trial]) -> list[Trial]:
        return trials

    def timed(self, trial: Trial) -> None:
        raise ValueError("no such kernel\nand more")


def test_a_network_that_cannot_be_timed_at_the_end_is_told_of_and_nothing_is_lost(tmp_path: Path) -> None:
    told: list[str] = []
    with folder.opened(tmp_path / "run", PLAIN) as store:
        store.finish(studies.complete(store.ask()))
        settling.settle(store, Untimeable(), told.append)
        assert [trial.state for trial in store.trials()] == ["complete"]
    assert told[-1] == "small/0 could not be timed: no such kernel"


class Found:
    """An evaluation that finds one latency, and counts how often it is asked."""

    asked = 0

    def timed_here(self, trials: list[Trial]) -> list[Trial]:
        return trials

    def timed(self, trial: Trial) -> tuple[dict[str, float], dict[str, str]]:
        self.asked += 1
        return {"latency": 7.0}, {}


def test_all_trials_of_a_network_have_the_one_latency_that_was_measured(tmp_path: Path) -> None:
    one = studies.study(objectives=BEST, constraints=(), space=ONE)
    evaluation = Found()
    with folder.opened(tmp_path / "run", one) as store:
        for accuracy in (90.0, 80.0):
            store.finish(studies.complete(store.ask(), accuracy))
        settling.settle(store, evaluation)
        settling.settle(store, evaluation)
        assert [trial.measures["latency"] for trial in store.trials()] == [7.0, 7.0]
    assert evaluation.asked == 1


def test_a_network_that_two_workers_have_timed_at_once_has_the_latency_that_is_known_best(tmp_path: Path) -> None:
    one = studies.study(constraints=(), space=ONE)
    known = [{"latency": 2.0, "latency_low": 1.0, "latency_high": 3.0, "latency_raw": 2.5},
             {"latency": 1.9, "latency_low": 1.8, "latency_high": 2.0, "latency_raw": 2.4}]  # fmt: skip
    with folder.opened(tmp_path / "run", one) as store:
        for latency in known:
            ended = studies.complete(store.ask(), 90.0)
            told = {"latency_rest": str(latency["latency"])}
            store.finish(replace(ended, measures={**ended.measures, **latency}, surroundings=told))
        settling.settle(store, Found())
    for trial in folder.read(tmp_path / "run").trials:
        assert known[1].items() <= trial.measures.items()
        assert trial.surroundings["latency_rest"] == "1.9"
