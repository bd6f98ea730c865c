"""The search as whoever knows Keras Tuner sees it, and what ends it and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import keras_tuner
import pytest

from suite.core import dominance
from suite.core.domains import Range
from suite.core.errors import StoreError
from suite.core.study import Budget
from suite.core.trial import Trial
from suite.search import folder, tuner
from tests import studies


def evaluated(trial: Trial) -> Trial:
    """Refuse what is too large; of the rest the larger is the more accurate, but for the depth (1, 2, 1)."""
    weights = studies.weights(trial)
    if weights > 5_000:
        return studies.refused(trial)
    return studies.complete(
        trial, accuracy=50 + weights / 200 - 20 * (trial.configuration["space.depths"] == (1, 2, 1))
    )


def searched(home: Path, trials: int = 6, evaluate: tuner.Evaluate = evaluated) -> tuner.Tuner:
    with folder.opened(home, studies.study(budget=Budget(trials=trials))) as store:
        return tuner.search(store, evaluate)


def test_the_budget_counts_trainings_and_refusals_are_free(tmp_path: Path) -> None:
    searched(tmp_path / "run", trials=5)
    states = [trial.state for trial in folder.read(tmp_path / "run").trials]
    assert states.count("complete") == 5
    assert set(states) == {"complete", "refused"}


def test_a_search_that_is_done_does_nothing_more(tmp_path: Path) -> None:
    searched(tmp_path / "run", trials=2)
    before = folder.read(tmp_path / "run").trials
    searched(tmp_path / "run", trials=2)
    assert folder.read(tmp_path / "run").trials == before


def test_keras_tuners_best_trials_are_the_pareto_front(tmp_path: Path) -> None:
    found = searched(tmp_path / "run", trials=8)
    run = folder.read(tmp_path / "run")
    front = {str(trial.configuration) for trial in dominance.front(run.candidates, run.study.objectives)}
    best = found.oracle.get_best_trials()
    assert {str(found.oracle.record[trial.trial_id].configuration) for trial in best} == front
    assert all(trial.score == 1 for trial in best)


def test_a_smaller_network_that_is_no_better_is_not_preferred_for_being_small(tmp_path: Path) -> None:
    """Keras Tuner's own sum of objectives would rank by the number of parameters alone."""
    found = searched(tmp_path / "run", trials=8)
    ranked = [found.oracle.record[trial.trial_id] for trial in found.oracle.get_best_trials(8)]
    most_accurate = max(ranked, key=lambda trial: trial.measures["accuracy"])
    assert found.oracle.ranks()[most_accurate.number] == 1


def test_what_keras_tuner_shows_is_what_was_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = searched(tmp_path / "run", trials=3)
    best = found.oracle.get_best_trials()[0]
    ours = found.oracle.record[best.trial_id]
    assert best.metrics.get_best_value("accuracy") == ours.measures["accuracy"]
    assert isinstance(found.get_best_hyperparameters()[0], keras_tuner.HyperParameters)
    found.search_space_summary()
    found.results_summary()
    assert "space.depths" in capsys.readouterr().out


def test_the_trials_of_an_earlier_session_are_shown_too(tmp_path: Path) -> None:
    searched(tmp_path / "run", trials=3)
    found = searched(tmp_path / "run", trials=5)
    complete = [trial for trial in found.oracle.trials.values() if trial.status == "COMPLETED"]
    assert len(complete) == len(folder.read(tmp_path / "run").trials)


def test_nothing_of_keras_tuners_own_is_written(tmp_path: Path) -> None:
    searched(tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["study.toml", "trials.backup.db", "trials.db"]


def test_trials_that_crash_are_rows_and_never_end_the_search(tmp_path: Path) -> None:
    def crashing(trial: Trial) -> Trial:
        raise MemoryError("cannot allocate 2 TiB\nsecond line")

    searched(tmp_path / "run", trials=6, evaluate=crashing)
    trials = folder.read(tmp_path / "run").trials
    assert [trial.state for trial in trials] == ["failed"] * 6
    assert trials[0].reason == "MemoryError: cannot allocate 2 TiB"
    assert "in crashing" in trials[0].traceback


def test_refusals_never_end_the_search(tmp_path: Path) -> None:
    """All but one network are too large: each is refused once, then that one is trained under several recipes."""

    def refusing(trial: Trial) -> Trial:
        smallest = trial.configuration["space.depths"] == (1, 1, 1) and trial.configuration["space.widths"] == (2, 4, 4)
        return studies.complete(trial) if smallest else studies.refused(trial)

    searched(tmp_path / "run", trials=4, evaluate=refusing)
    states = [trial.state for trial in folder.read(tmp_path / "run").trials]
    assert states.count("complete") == 4
    assert 3 < states.count("refused") <= 11  # more in a row than Keras Tuner lets fail


def test_a_search_for_what_is_not_there_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A continuous space is never exhausted; the same command looks further."""
    monkeypatch.setattr(tuner, "REFUSED", 8)
    study = studies.study(space={"width": Range(low=0.5, high=2.0)})
    for session in (1, 2):
        with folder.opened(tmp_path / "run", study) as store:
            tuner.search(store, lambda trial: trial.refused("too large"))
        assert len(folder.read(tmp_path / "run").trials) == 8 * session


def test_a_store_that_cannot_be_written_ends_the_search_with_its_message(tmp_path: Path) -> None:
    def full(trial: Trial) -> Trial:
        raise StoreError("runs/x: the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        searched(tmp_path / "run", evaluate=full)


def test_a_watcher_sees_every_trial_begin_and_end(tmp_path: Path) -> None:
    class Watcher:
        seen: list[str] = []  # noqa: RUF012

        def begin(self, trial: Trial) -> None:
            self.seen.append(f"{trial.number} {trial.state}")

        def epoch(self, number: int, row: dict[str, float]) -> None:
            raise AssertionError("nothing is trained here")

        def end(self, trial: Trial) -> None:
            self.seen.append(f"{trial.number} {trial.state}")

    with folder.opened(tmp_path / "run", studies.study(budget=Budget(trials=2))) as store:
        tuner.search(store, evaluated, [Watcher()])
    trials = folder.read(tmp_path / "run").trials
    assert Watcher.seen == [f"{t.number} {state}" for t in trials for state in ("running", t.state)]


def test_the_hours_end_a_study_before_a_trial_that_would_not_end_within_them(tmp_path: Path) -> None:
    def slow(trial: Trial) -> Trial:
        return replace(studies.complete(trial), finished=trial.started + timedelta(minutes=25))

    study = studies.study(budget=Budget(hours=1.1))
    with folder.opened(tmp_path / "run", study) as store:
        tuner.search(store, slow)
    assert len(folder.read(tmp_path / "run").trials) == 2
