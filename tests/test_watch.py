"""Does whoever watches a study see what it does, and when it ends, without touching it?"""

from __future__ import annotations

import math
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import pipeline
from suite.cli import characters
from suite.core.study import Budget, Fidelity
from suite.core.trial import Trial
from suite.search import diary, folder
from suite.search.diary import Diary
from suite.search.outlook import Outlook, outlook
from suite.search.store import Store
from tests import studies
from tests.commands import suite
from tests.test_store import killed

BEGAN = 1.7e9


def now(store: Store) -> Outlook:
    return outlook(store, datetime.now(UTC))


def epochs(home: Path, trial: Trial, accuracies: list[float], first: int = 1) -> None:
    for epoch, accuracy in enumerate(accuracies, start=first):
        Diary(home).epoch(trial.number, {"epoch": epoch, "time": BEGAN + 10 * epoch, "val_accuracy": accuracy})


def begun(store: Store) -> Trial:
    trial = store.ask()
    assert trial
    return trial


# What is known.


def test_what_is_trained_has_its_curve_and_its_end(tmp_path: Path) -> None:
    study = studies.study(fidelity=Fidelity(epochs=8), constraints=())
    with folder.opened(tmp_path / "small", study) as store:
        trial = begun(store)
        epochs(tmp_path / "small", trial, [50, 70, 80])
        (seen,) = now(store).now
        assert [row["val_accuracy"] for row in seen.curve] == [50, 70, 80]
        assert (seen.done, seen.until, seen.left) == (3, 8, 50)
        shown = suite("watch", "small", "--runs", tmp_path, "--once").stdout
        assert f"trial {trial.number}: epoch 3 of 8  ▁▆█  80.0 %, about 0:00:50 to go" in shown
        assert "No front yet" in shown


def test_a_paused_trial_that_goes_on_is_shown_from_its_first_epoch_with_the_reason(tmp_path: Path) -> None:
    study = studies.study(fidelity=Fidelity(epochs=9, min_epochs=3), constraints=(), budget=Budget(trials=2))
    with folder.opened(tmp_path / "small", study) as store:
        first = begun(store)
        curve = tuple({"epoch": e, "time": BEGAN + e, "val_accuracy": 60.0 + e, "val_loss": 1.0} for e in (1, 2, 3))
        store.finish(replace(studies.complete(first), state="paused", curve=curve))
        second = begun(store)
        if second.continues is None:
            store.finish(studies.complete(second))
            second = begun(store)
        assert second.continues == first.number
        epochs(tmp_path / "small", second, [70, 71], first=4)
        (seen,) = now(store).now
        assert [row["epoch"] for row in seen.curve] == [1, 2, 3, 4, 5]
        assert seen.why == f"goes on with trial {first.number} after epoch 3, at 63.0 %"


def test_why_a_trial_was_begun_is_told_once_a_model_proposes(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "small", studies.study(constraints=(), budget=Budget(trials=30))) as store:
        whys = []
        for _ in range(12):
            trial = begun(store)
            whys.append(now(store).now[0].why)
            store.finish(studies.complete(trial, 60 + studies.weights(trial) / 300))
    assert whys[0] == "one of the first, which are spread over the costs"
    assert re.fullmatch(r"the most promising for its work: expected to add [\d.e-]+ % of hypervolume", whys[-1])
    told = [trial.promised for trial in folder.read(tmp_path / "small").trials]
    assert told[0] is None
    assert told[-1] is not None
    assert 0 <= told[-1] < 10


@pytest.mark.parametrize(("sampler", "said"), [("random", "what random proposes"), ("cheap-first", "one of the first")])
def test_what_comes_next_is_said_with_the_reason(tmp_path: Path, sampler: str, said: str) -> None:
    with folder.opened(tmp_path / "small", studies.study(sampler=sampler, constraints=())) as store:
        assert now(store).next.startswith(f"a new candidate: {said}")


def test_the_time_left_is_that_of_the_trials_to_come(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "small", studies.study(budget=Budget(trials=5), constraints=())) as store:
        assert now(store).left is None
        for _ in range(2):
            trial = begun(store)
            store.finish(replace(studies.complete(trial), finished=datetime.fromtimestamp(trial_end(trial), UTC)))
        assert now(store).left == pytest.approx(300, rel=0.01)


def trial_end(trial: Trial) -> float:
    assert trial.started
    return trial.started.timestamp() + 100


def test_a_study_that_was_killed_says_how_it_goes_on(tmp_path: Path) -> None:
    killed(tmp_path / "small")
    shown = suite("watch", "small", "--runs", tmp_path, "--once")
    assert shown.returncode == 0
    command = f"suite run {tmp_path / 'small' / 'study.toml'} --runs {tmp_path}"
    assert re.sub(r"\s", "", command) in re.sub(r"\s", "", shown.stdout)  # a long path goes over several lines
    with folder.reopened(tmp_path / "small") as store:
        seen = now(store)
        assert seen.now == []
        assert re.match(r"trial \d+ again: its process ended", seen.next)


def test_a_study_whose_budget_is_spent_ends_at_once_in_a_pipe(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "small", studies.study(budget=Budget(trials=1), constraints=())) as store:
        store.finish(studies.complete(begun(store)))
    shown = suite("watch", tmp_path / "small")
    assert shown.returncode == 0
    (line,) = shown.stdout.splitlines()
    assert "1 of 1 trial, the budget is spent; front: 1 candidate, small/0 has 90.00 %" in line
    assert "Take small/0" in shown.stderr


def test_what_cannot_be_watched_is_said(tmp_path: Path) -> None:
    shown = suite("watch", tmp_path / "none")
    assert shown.returncode == 1
    assert "suite run STUDY" in shown.stderr


def test_to_look_changes_nothing(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "small", studies.study(constraints=())) as store:
        store.finish(studies.complete(begun(store)))
        running = begun(store)
        before = folder.read(tmp_path / "small").trials
        suite("watch", tmp_path / "small", "--once")
        assert folder.read(tmp_path / "small").trials == before
        assert store.trials()[-1].number == running.number


def test_the_page_reloads_itself_only_while_the_study_runs(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "small", studies.study(budget=Budget(trials=2), constraints=())) as store:
        store.finish(studies.complete(begun(store)))
        page = pipeline.live(now(store).run, tmp_path / "small" / "report", seconds=60)
        assert '<meta http-equiv="refresh" content="60">' in page.read_text()
        store.finish(studies.complete(begun(store)))
    shown = suite("watch", tmp_path / "small", "--page")
    assert shown.stdout.splitlines()[-1] == str(page.resolve())
    assert 'http-equiv="refresh"' not in page.read_text()


# The diary.


def test_the_epochs_of_a_trial_that_ended_are_forgotten(tmp_path: Path) -> None:
    trial = Trial(number=3, state="running", configuration={})
    epochs(tmp_path, trial, [1, 2])
    with (tmp_path / "epochs" / "3.jsonl").open("a") as half:
        half.write('{"epoch": 3, "ti')
    assert [row["epoch"] for row in diary.read(tmp_path, 3)] == [1, 2]
    Diary(tmp_path).begin(replace(trial, number=4, reruns=3))
    assert diary.read(tmp_path, 3) == []
    epochs(tmp_path, trial, [1])
    Diary(tmp_path).end(trial)
    assert list((tmp_path / "epochs").iterdir()) == []


# Pictures in characters.

NUMBERS = st.floats(0.001, 1e9, allow_nan=False)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20), st.integers(5, 80), st.integers(3, 20))
def test_each_of_the_best_is_drawn_in_its_place(best: list[tuple[float, float]], width: int, height: int) -> None:
    drawn = characters.plane([(0.0, 0.0), *best], best, width, height)
    assert len(drawn.lines) == height
    assert max(map(len, drawn.lines)) <= width
    assert "●" in "".join(drawn.lines)
    assert all(drawn.bottom <= y <= drawn.top for _, y in best)
    top = max(best, key=lambda point: point[1])
    first = next(row for row, line in enumerate(drawn.lines) if "●" in line)
    share = (drawn.top - top[1]) / (drawn.top - drawn.bottom)
    assert math.isclose(first, share * height, abs_tol=1.01)


@given(st.lists(st.floats(0, 100), max_size=40))
def test_a_curve_rises_where_its_values_do(values: list[float]) -> None:
    bars = characters.curve(values, 24)
    assert len(bars) == min(24, len(values))
    shown = values[-24:]
    for (a, one), (b, other) in zip(
        zip(shown, bars, strict=True), list(zip(shown, bars, strict=True))[1:], strict=False
    ):
        assert (a <= b) == (one <= other) or one == other


# While another process works.

TINY = """
name = "tiny"
architecture = "resnet/tiny"
dataset = "digits"
image = [16, 16, 1]
space = { stem = "small", depths = { choice = [[1, 1], [1, 2]] } }
recipe = { learning_rate = { log = [3e-3, 2e-2] }, batch_size = 64 }
objectives = [{ measure = "accuracy", goal = "max" }, { measure = "parameters", goal = "min" }]
budget = { trials = 3 }
fidelity = { epochs = 3 }
"""


@pytest.mark.slow
def test_a_study_is_watched_from_another_process_until_its_end(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY)
    python = [sys.executable, "-m", "suite"]
    with subprocess.Popen([*python, "run", "tiny.toml"], cwd=tmp_path, stdout=-1, stderr=-1, text=True) as study:
        while not (tmp_path / "runs" / "tiny" / "trials.db").exists():
            assert study.poll() is None
            time.sleep(0.2)
        shown = subprocess.run([*python, "watch", "tiny"], cwd=tmp_path, capture_output=True, text=True, check=True)
        _, said = study.communicate()
        assert study.returncode == 0, said
    lines = shown.stdout.splitlines()
    assert any("trial 0" in line or "trial 1" in line for line in lines)
    assert "3 of 3 trials, the budget is spent" in lines[-1]
    assert not list((tmp_path / "runs" / "tiny" / "epochs").iterdir())


def test_an_interrupt_ends_the_watching_alone(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "small", studies.study(constraints=())) as store:
        begun(store)
        command = [sys.executable, "-m", "suite", "watch", str(tmp_path / "small")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
            assert watching.stdout
            assert "trial 0" in watching.stdout.readline()
            watching.send_signal(signal.SIGINT)
            _, said = watching.communicate()
        assert watching.returncode == 130
        assert "The study is not touched" in said
        assert now(store).now
