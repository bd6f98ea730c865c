"""Does a study end when its hours are over, whatever is being trained then, and keep and mark what it has?"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from suite import datasets, pipeline, tracking
from suite.core.domains import Choice
from suite.core.recipe import Recipe
from suite.core.study import Budget, Fidelity
from suite.core.trial import State, Trial, pausing, resumable
from suite.datasets import Dataset
from suite.report import choice
from suite.report.comparison import compare
from suite.search import budget, fidelity, progress
from suite.tracking.delivery import Delivery
from suite.training import deadline, loop
from suite.training.deadline import Deadline, Forecast, OutOfTimeError, forever
from tests import studies
from tests.networks import classifier as network

RECIPE = Recipe(batch_size=128, learning_rate=0.05, schedule="constant", warmup=0.0)
EPOCH = 9 + 2 + 1  # times that the clock is read: before 9 steps and 2 batches of the validation, and at the end
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARK = "the budget's hours ended it after 1 of 50 epochs"


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return datasets.load("digits")


def over_after(readings: int, least: float = 0.0) -> Callable[[], float]:
    """Return a clock with time enough for so many readings, and `least` seconds afterwards."""
    read = iter([1e9] * readings)
    return lambda: next(read, least)


@pytest.mark.parametrize(
    "more",
    [1, 10, *(pytest.param(more, marks=pytest.mark.slow) for more in (5, 9, 11))],
    ids=lambda more: f"{more} batches into the next epoch",
)
def test_a_training_ends_between_two_batches_with_the_weights_of_its_best_epoch(
    more: int, digits: Dataset, tmp_path: Path
) -> None:
    model, file = network(digits), tmp_path / "0.npz"
    clock = over_after(1 + 3 * EPOCH + more - 1)
    found = loop.train(model, RECIPE, digits, epochs=50, seed=0, checkpoint=file, left=clock)
    assert [row["epoch"] for row in found.curve] == [1, 2, 3]
    assert found.measures["accuracy"] == max(row["val_accuracy"] for row in found.curve)
    answers = [(model.predict_on_batch(images), labels.numpy()) for images, labels in digits.validation()]
    right = np.concatenate([logits.argmax(axis=-1) == labels for logits, labels in answers])
    assert found.measures["accuracy"] == pytest.approx(100 * right.mean())
    if file.exists():  # half an epoch cannot be gone on from, so it holds one that ended
        with np.load(file) as kept:
            known = json.loads(str(kept["header"]))["curve"]
        assert 0 < len(known) <= 3
        assert tuple(known) == found.curve[: len(known)]


@pytest.mark.parametrize("readings", [0, 1, 8, 11], ids=lambda readings: f"{readings} readings")
def test_a_training_without_one_epoch_in_time_says_so(readings: int, digits: Dataset) -> None:
    with pytest.raises(OutOfTimeError, match=r"hours were over before its first epoch.*budget\.hours"):
        loop.train(network(digits), RECIPE, digits, epochs=50, seed=0, left=over_after(readings))


def test_no_epoch_is_begun_that_cannot_end_in_time_and_the_training_can_go_on_later(
    digits: Dataset, tmp_path: Path
) -> None:
    file = tmp_path / "0.npz"
    short = over_after(2 * EPOCH, least=1e-5)  # so that 10 microseconds are left when the second epoch ends
    cut = loop.train(network(digits), RECIPE, digits, epochs=4, seed=1, checkpoint=file, left=short)
    assert len(cut.curve) == 2
    whole = loop.train(network(digits), RECIPE, digits, epochs=4, seed=1, checkpoint=file)
    straight = loop.train(network(digits), RECIPE, digits, epochs=4, seed=1)
    assert whole.curve[:2] == cut.curve
    assert [row["loss"] for row in whole.curve] == pytest.approx([row["loss"] for row in straight.curve], rel=1e-4)


def test_after_each_epoch_it_is_told_what_is_to_come(digits: Dataset) -> None:
    told: list[Forecast] = []
    loop.train(network(digits), RECIPE, digits, epochs=4, seed=0, forecast=told.append)
    assert [(each.epoch, each.last, each.until) for each in told] == [(n, 4, 4) for n in (1, 2, 3, 4)]
    assert not any(each.is_cut for each in told)
    assert told[0].seconds > 0 == told[-1].seconds
    told.clear()
    clock = over_after(EPOCH, 1e-5)
    loop.train(network(digits), RECIPE, digits, epochs=4, seed=0, forecast=told.append, left=clock)
    assert [(each.epoch, each.last, each.is_cut, each.seconds) for each in told] == [(1, 1, True, 0)]


def test_what_is_foreseen_leaves_out_the_tracing_in_the_first_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten steps of a second and five of the validation; the first of each are traced, for half a minute more."""
    told: list[Forecast] = []
    clock = Deadline(forever, 0.5, told.append)
    clock.set_params({"epochs": 4, "steps": 10})
    clock.set_model(SimpleNamespace())
    now = 100.0
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: now))
    for epoch, tracing in enumerate((30, 0, 0, 0)):
        clock.on_epoch_begin(epoch)
        for batch in range(10):
            clock.on_train_batch_begin(batch)
            now += 1 + tracing * (batch == 0)
        clock.on_test_batch_begin(0)
        now += 5 + tracing
        clock.on_epoch_end(epoch)
    assert [each.seconds for each in told] == pytest.approx([45, 30, 15, 0])


def a_trial(number: int, state: State, minutes: float, *, ago: float = 0.0, until: int | None = None) -> Trial:
    """Return a trial that took so long, or has run for so long."""
    ended = NOW - timedelta(minutes=ago)
    return Trial(
        number=number, state=state, configuration={"space.depths": (number,)}, until=until,
        measures={"accuracy": 50.0 + number}, started=ended - timedelta(minutes=minutes),
        finished=None if state == "running" else ended,
    )  # fmt: skip


def test_the_hours_are_those_of_all_sessions_and_of_workers_side_by_side() -> None:
    ended = [a_trial(0, "complete", 20, ago=300), a_trial(1, "refused", 1, ago=200), a_trial(2, "failed", 9, ago=100)]
    hour = Budget(hours=1)
    assert budget.seconds_left(ended, Budget(trials=3), NOW) == math.inf
    assert budget.seconds_left(ended, hour, NOW) == 30 * 60
    alone = [*ended, a_trial(3, "running", 10)]
    assert budget.seconds_left(alone, hour, NOW) == 20 * 60
    two = [*alone, a_trial(4, "running", 6)]
    assert budget.seconds_left(two, hour, NOW) == 7 * 60  # each, of the 14 minutes that are left
    assert budget.seconds_left([*two, a_trial(5, "complete", 40)], hour, NOW) < 0


def test_what_was_cut_counts_with_its_epochs_and_shows_what_a_whole_training_takes() -> None:
    cut = a_trial(0, "complete", 7, until=7)
    assert cut.is_cut
    used = budget.spent([cut], studies.study(fidelity=Fidelity(epochs=20)))
    assert used.trials == pytest.approx(7 / 20)
    assert used.seconds_per_trial == pytest.approx(20 * 60)
    assert used.exhausts(Budget(hours=0.2))
    assert not used.exhausts(Budget(hours=1))


def test_what_was_cut_goes_on_when_the_budget_is_raised_and_is_told_to_no_model_before() -> None:
    cut = a_trial(0, "complete", 7, until=7)
    study = studies.study(fidelity=Fidelity(epochs=20), budget=Budget(hours=1))
    assert fidelity.next_step(study, [cut], lambda number: True, lambda paused: None) is cut
    assert fidelity.next_step(study, [cut], lambda number: False, lambda paused: None) is None
    enough = replace(study, budget=Budget(hours=0.2))
    assert fidelity.next_step(enough, [cut], lambda number: True, lambda paused: None) is None
    assert fidelity.stop(study, {}, 7) is None  # to its end
    assert fidelity.unfinished([cut]) == {0}  # its checkpoint stays
    assert fidelity.levels(study, cut) == {}
    assert (resumable([cut]), pausing([cut])) == ([cut], [])


@pytest.fixture(scope="module")
def cut_run(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Run:
    """A study whose hours are over when the first of its only training's 50 epochs is."""
    root = tmp_path_factory.mktemp("runs")
    space = {"stem": "small", "depths": Choice(((1,), (2,))), "widths": Choice(((4,), (8,)))}
    study = studies.study(
        image=(16, 16, 1), space=space, recipe={"batch_size": 128}, fidelity=Fidelity(epochs=50),
        budget=Budget(hours=1e-4),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            tracking, "deliver", lambda *_, **__: Delivery(delivered=0, waiting=0)
        )  # tests/test_tracking.py is about that
        clock = over_after(EPOCH, 1e-5)
        patch.setattr(budget.Hours, "left", lambda hours: clock())
        return pipeline.run(study, root)


@pytest.mark.slow
def test_a_first_trial_that_is_too_long_ends_complete_marked_and_with_its_network(cut_run: pipeline.Run) -> None:
    only = cut_run.trials[0]
    assert [trial.state for trial in cut_run.trials] == ["complete"]
    assert (only.until, len(only.curve), only.is_cut, only.reason) == (1, 1, True, MARK)
    assert {"accuracy", "latency", "parameters"} <= only.measures.keys()
    assert pipeline.model(cut_run.folder, only.number).count_params() > 0
    assert pipeline.is_done(cut_run.study, cut_run.folder.parent)
    said = pipeline.hours_over(cut_run)
    assert re.fullmatch(r"Its budget, 0\.0001 hours, .* about 0:\d\d:\d\d\. --set budget\.hours=\.\.\. .*", said)


def test_a_training_that_paused_ends_with_the_hours_if_it_would_be_on_the_front(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its network is there, as good as it was when it paused: nobody loses what was learned."""
    study = studies.study(
        image=(16, 16, 1), space={"stem": "small", "depths": (1,), "widths": Choice(((4,), (8,)))},
        recipe={"batch_size": 128}, fidelity=Fidelity(epochs=50, min_epochs=1), budget=Budget(hours=1e-4),
    )  # fmt: skip
    monkeypatch.setattr(tracking, "deliver", lambda *_, **__: Delivery(delivered=0, waiting=0))
    is_over = lambda hours: any(trial.state == "paused" for trial in hours._trials())  # noqa: E731
    monkeypatch.setattr(budget.Hours, "left", lambda hours: 0.0 if is_over(hours) else 1e9)
    done = pipeline.run(study, tmp_path)
    begun, last = done.trials
    assert (begun.state, last.state, last.continues) == ("paused", "complete", 0)
    assert (last.until, last.is_cut, last.reason) == (1, True, MARK)
    assert last.curve == begun.curve
    assert last.measures["accuracy"] == begun.measures["accuracy"]
    pixels, labels = (
        np.concatenate(part) for part in zip(*datasets.load("digits", study.image).validation(), strict=True)
    )
    model = pipeline.model(done.folder, last.number)
    right = np.argmax(model.predict(pixels, verbose=0), axis=1) == labels
    assert 100 * right.mean() == pytest.approx(last.measures["accuracy"])
    assert [entry.trial.number for entry in compare([done]).front] == [1]


@pytest.mark.slow
def test_whoever_reads_the_front_sees_the_mark(cut_run: pipeline.Run, tmp_path: Path) -> None:
    columns, rows = choice.table(compare([cut_run]).front)
    assert "notes" in columns
    assert MARK in rows[0]["notes"]
    page = pipeline.report([cut_run], tmp_path / "report")
    said = "Not trained to the end, because the budget&#39;s hours were over: small/0 after 1 of 50 epochs."
    assert said in page.read_text()
    assert MARK in (page.parent / "trials.csv").read_text()


@pytest.mark.slow
def test_a_front_of_whole_trainings_has_no_such_mark(cut_run: pipeline.Run) -> None:
    whole = replace(cut_run.trials[0], until=None, reason="")
    _, rows = choice.table(compare([replace(cut_run, trials=(whole,))]).front)
    assert MARK not in rows[0]["notes"]


@pytest.mark.slow
def test_with_more_hours_the_same_training_goes_on_to_its_end(
    cut_run: pipeline.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "deliver", lambda *_, **__: Delivery(delivered=0, waiting=0))
    study = replace(cut_run.study, budget=Budget(trials=2))
    done = pipeline.run(study, cut_run.folder.parent, show=False)
    assert [(trial.state, trial.continues, trial.until) for trial in done.trials] == [
        ("complete", None, 1),
        ("complete", 0, None),
        ("complete", None, None),
    ]
    assert done.trials[1].curve[0] == cut_run.trials[0].curve[0]
    assert len(done.trials[1].curve) == 50
    assert pipeline.hours_over(done) == ""


def test_in_a_pipe_something_is_said_while_nothing_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "QUIET", 0.05)
    with progress.Progress(studies.study(fidelity=Fidelity(epochs=20))) as shown:
        shown.begin(replace(a_trial(3, "running", 0), started=datetime.now(UTC) - timedelta(minutes=95)))
        said = _said(capsys, "so far")
        assert re.search(
            r"small/3 +building, measuring and its first epoch: 1:3[5-9]:\d\d so far  \[0 of 6 trials\]", said
        )
        shown.epoch(3, {"epoch": 2, "val_accuracy": 71.25})
        assert "epoch 2 of 20, accuracy 71.2 %" in _said(capsys, "epoch 2")
        shown.forecast(Forecast(epoch=2, last=20, until=20, seconds=3600))
        assert _said(capsys, "to go").count("about 1:00:00 to go") >= 1


def _said(capsys: pytest.CaptureFixture[str], words: str) -> str:
    """Wait for a line with these words, and return what was said until then."""
    said, over = "", time.monotonic() + 60
    while words not in said and time.monotonic() < over:
        time.sleep(0.02)
        said += capsys.readouterr().err
    return said


def test_the_time_of_a_trial_is_said_once_after_its_first_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.Progress(studies.study(fidelity=Fidelity(epochs=20))) as shown:
        shown.begin(a_trial(3, "running", 0))
        for epoch, last in ((1, 20), (2, 20), (3, 11), (4, 12)):
            shown.epoch(3, {"epoch": epoch, "val_accuracy": 70.0 + epoch})
            shown.forecast(Forecast(epoch=epoch, last=last, until=20, seconds=60.0 * (last - epoch)))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("small/3   epoch 1 of 20, accuracy 71.0 %, about 0:19:00 to go")
    assert lines[1].endswith("about 0:08:00 to go: the budget's hours end it after epoch 11")
