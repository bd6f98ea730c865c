"""Trials that pause: what they cost, which go on, and that neither a crash nor another worker loses or doubles one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.text import Text

from suite import pipeline, tracking
from suite.core.domains import Choice
from suite.core.errors import StudyError
from suite.core.study import Budget, Fidelity, Study
from suite.core.trial import Run, State, Trial, pausing
from suite.report.comparison import compare
from suite.search import fidelity, folder, proposer, tuner
from suite.search.budget import parts, spent
from suite.search.progress import Progress
from suite.search.rows import DEATHS
from suite.search.store import Store
from suite.tracking import content
from suite.tracking.delivery import Delivery
from tests import studies

PAUSING = Fidelity(epochs=30, min_epochs=2)
OF_PAUSING = studies.study(fidelity=PAUSING)


@pytest.mark.parametrize(
    ("wanted", "rungs"),
    [
        (Fidelity(epochs=30), (30,)),
        (Fidelity(epochs=30, min_epochs=2), (2, 6, 18, 30)),
        (Fidelity(epochs=27, min_epochs=1), (1, 3, 9, 27)),
        (Fidelity(epochs=4, min_epochs=1), (1, 4)),  # 3 would be too near
        (Fidelity(epochs=30, min_epochs=20), (20, 30)),
        (Fidelity(epochs=30, min_epochs=21), (30,)),
        (Fidelity(epochs=1, min_epochs=1), (1,)),
    ],
)
def test_a_trial_pauses_at_three_times_the_epochs_each_time(wanted: Fidelity, rungs: tuple[int, ...]) -> None:
    assert wanted.rungs == rungs


def test_a_fidelity_without_an_epoch_is_refused() -> None:
    with pytest.raises(StudyError, match="at least 1"):
        Fidelity(epochs=3, min_epochs=0)


def a_trial(number: int, state: State, continues: int | None = None, until: int | None = None, **known: float) -> Trial:
    begun = datetime(2026, 3, 1, tzinfo=UTC)
    seconds = known.pop("seconds", 0)
    return Trial(
        number=number,
        state=state,
        configuration={"space.depths": (number,)},
        continues=continues,
        until=until,
        measures=known,
        started=begun,
        finished=None if state == "running" else begun + timedelta(seconds=seconds),
    )


CHAINS = [
    a_trial(0, "paused", until=2, seconds=4),
    a_trial(1, "refused", until=2, seconds=8),
    a_trial(2, "paused", until=2, seconds=4),
    a_trial(3, "paused", continues=0, until=6, seconds=8),
    a_trial(4, "interrupted", continues=2, until=6),
    a_trial(5, "complete", continues=3, seconds=48),
    a_trial(6, "failed", until=2, seconds=1),
    a_trial(7, "running", continues=2, until=6),
]


def test_a_budget_of_trials_counts_the_epochs_of_each_piece() -> None:
    each = {number: 30 * part for number, part in parts(CHAINS, OF_PAUSING).items()}
    assert each == pytest.approx({0: 2, 2: 2, 3: 4, 5: 24, 6: 2, 7: 4})
    used = spent(CHAINS, OF_PAUSING)
    assert used.trials == pytest.approx(38 / 30)
    assert used.hours == pytest.approx(73 / 3600)
    assert used.seconds_per_trial == pytest.approx(73 / (34 / 30))
    assert used.least == pytest.approx(2 / 30)


def test_without_a_limit_on_trials_those_that_ended_are_counted() -> None:
    used = spent(CHAINS, OF_PAUSING)
    assert used.counted(Budget(trials=4)) == "1.3 of 4 trials"
    assert used.counted(Budget(hours=1)) == "5 trials", "paused, complete and failed ones"
    assert spent(CHAINS[:1], OF_PAUSING).counted(Budget(hours=1)) == "1 trial"


def test_a_trial_may_begin_while_its_first_epochs_are_left() -> None:
    pieces = [a_trial(number, "paused", until=2) for number in range(14)]
    assert not spent(pieces, OF_PAUSING).exhausts(Budget(trials=1))
    assert spent([*pieces, a_trial(14, "paused", until=2)], OF_PAUSING).exhausts(Budget(trials=1))
    slow = [a_trial(0, "paused", until=2, seconds=60)]
    assert not spent(slow, OF_PAUSING).exhausts(Budget(hours=2 / 60))
    assert spent(slow, OF_PAUSING).exhausts(Budget(hours=1.9 / 60))


def test_without_pauses_a_trial_is_one_of_the_budget() -> None:
    ended = [a_trial(0, "complete", seconds=10), a_trial(1, "failed", seconds=2), a_trial(2, "refused", seconds=6)]
    used = spent([*ended, a_trial(3, "running")], studies.study(fidelity=Fidelity(epochs=7)))
    assert (used.trials, used.seconds_per_trial, used.least) == (3, 9, 1)
    assert used.exhausts(Budget(trials=3))
    assert not used.exhausts(Budget(trials=4))


def test_a_paused_trial_goes_on_once_unless_the_attempt_was_interrupted() -> None:
    assert [trial.number for trial in pausing(CHAINS)] == []
    assert [trial.number for trial in pausing(CHAINS[:-1])] == [2]
    assert fidelity.unfinished(CHAINS) == {2}
    assert [fidelity.first(trial, CHAINS) for trial in CHAINS] == [0, 1, 2, 0, 2, 0, 6, 2]


def test_the_most_accurate_goes_on_of_those_kept_here_and_within_the_budget() -> None:
    study = studies.study(fidelity=PAUSING, budget=Budget(trials=1))
    paused = [a_trial(number, "paused", until=2, accuracy=50.0 + number) for number in range(3)]
    assert fidelity.next_step(study, paused, lambda number: True, unknown) == paused[2]
    assert fidelity.next_step(study, paused, lambda number: number < 2, unknown) == paused[1]
    assert fidelity.next_step(study, [], lambda number: True, unknown) is None
    nearer = [replace(paused[0], until=18), paused[1]]  # 12 epochs more are not left, 4 are
    assert fidelity.best(study, nearer, lambda number: True, unknown) == paused[1]


def unknown(paused: Sequence[Trial]) -> None:
    """Promise nothing yet, as before there is a model."""


def test_what_promises_most_goes_on_and_what_promises_nothing_does_not() -> None:
    study = studies.study(fidelity=PAUSING, budget=Budget(trials=1))
    paused = [a_trial(number, "paused", until=2, accuracy=50.0 + number) for number in range(3)]
    assert fidelity.next_step(study, paused, lambda number: True, lambda trials: [0.1, 0.3, 0.2]) == paused[1]
    assert fidelity.next_step(study, paused, lambda number: True, lambda trials: [0.0, 0.0, 0.0]) is None


def pausing_study(trials: int = 6) -> Study:
    return studies.study(fidelity=Fidelity(epochs=4, min_epochs=1), budget=Budget(trials=trials), constraints=())


def ended(trial: Trial) -> Trial:
    """Return a begun trial as it looks when it has trained as far as it was to; the wider the better."""
    done = studies.complete(trial, accuracy=50 + studies.weights(trial) / 200)
    return done if trial.until is None else replace(done, state="paused")


def test_a_trial_begun_is_read_back_with_what_it_continues_and_where_it_stops(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "run", pausing_study()) as store:
        new = store.ask()
        assert (new.continues, new.until) == (None, 1)
        assert store.trials() == [new]
        store.finish(ended(new))
        further = store.ask()
        assert (further.continues, further.until, further.configuration) == (new.number, None, new.configuration)
        assert folder.read(tmp_path / "run").trials == (ended_as_read(store, new), further)


def ended_as_read(store: Store, trial: Trial) -> Trial:
    return next(known for known in store.trials() if known.number == trial.number)


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from suite.search import folder
from tests.test_fidelity import ended, pausing_study

with folder.opened(Path({home!r}), pausing_study()) as store:
    if not store.trials():
        store.finish(ended(store.ask()))
    assert store.ask().continues == 0
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(home: Path) -> None:
    """Let another process go on with trial 0, and die by kill -9 in it."""
    code = KILLED.format(tests=str(Path(__file__).parents[1]), home=str(home))
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr


def test_what_goes_on_and_is_killed_is_gone_on_with_again_from_the_same_place(tmp_path: Path) -> None:
    killed(tmp_path / "run")
    with folder.opened(tmp_path / "run", pausing_study()) as store:
        again = store.ask()
        assert [trial.state for trial in store.trials()] == ["paused", "interrupted", "running"]
        assert [trial.continues for trial in store.trials()] == [None, 0, 0]
        assert (again.number, again.until) == (2, None)
        assert fidelity.first(again, store.trials()) == 0


def test_what_takes_the_place_of_an_interrupted_trial_takes_up_its_checkpoint(tmp_path: Path) -> None:
    """It is kept while the configuration waits for its turn, while it runs again, and while that may go on."""
    begun, waits = a_trial(0, "interrupted", until=2), a_trial(1, "complete")
    assert fidelity.unfinished([begun, waits]) == {0}
    again = replace(a_trial(2, "running", until=2), reruns=0)
    assert fidelity.unfinished([begun, waits, again]) == {0}
    third = replace(a_trial(3, "running", until=2), reruns=2)
    trials = [begun, waits, replace(again, state="interrupted"), third]
    assert fidelity.first(third, trials) == 0
    assert fidelity.unfinished(trials) == {0}
    on = a_trial(4, "running", continues=3, until=6)
    assert fidelity.first(on, [*trials[:3], replace(third, state="paused"), on]) == 0
    assert fidelity.unfinished([*trials[:3], replace(third, state="complete", until=None)]) == set()


@pytest.mark.slow
def test_what_kills_its_process_whenever_it_goes_on_has_failed(tmp_path: Path) -> None:
    for _ in range(DEATHS):
        killed(tmp_path / "run")
    with folder.opened(tmp_path / "run", pausing_study()) as store:
        assert store.ask().continues is None
        assert [trial.state for trial in store.trials()][1:] == ["interrupted"] * (DEATHS - 1) + ["failed", "running"]
        assert store.trials()[DEATHS].continues == 0


def test_what_is_interrupted_goes_on_first(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "run", pausing_study()) as store:
        store.finish(ended(store.ask()))
        half = store.ask()
    with folder.opened(tmp_path / "run", pausing_study()) as store:
        again = store.ask()
        assert (again.continues, again.until, again.configuration) == (0, None, half.configuration)


@pytest.mark.filterwarnings("ignore:Heartbeat of storage")  # Python's filters are not for threads
def test_two_workers_that_ask_at_once_do_not_go_on_with_the_same_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one has chosen a trial and not begun it, the other asks."""
    with (
        folder.opened(tmp_path / "run", pausing_study()) as one,
        folder.opened(tmp_path / "run", pausing_study()) as two,
        ThreadPoolExecutor() as threads,
    ):
        one.finish(ended(one.ask()))
        asking: list[Future[Trial | None]] = []

        def choose(study: Study, trials: list[Trial], kept: fidelity.Kept, promises: fidelity.Promises) -> Trial | None:
            chosen = fidelity.next_step(study, trials, kept, promises)
            monkeypatch.setattr(proposer, "next_step", fidelity.next_step)
            asking.append(threads.submit(two.ask))
            time.sleep(1)  # it is well under way, or waits
            return chosen

        monkeypatch.setattr(proposer, "next_step", choose)
        begun = [one.ask(), asking[0].result()]
        assert sorted(str(trial.continues) for trial in begun) == ["0", "None"]
        assert [trial.state for trial in one.trials()] == ["paused", "running", "running"]


def paused(number: int, accuracy: float, parameters: float = 1000, **changes: object) -> Trial:
    row = {"epoch": 1, "val_accuracy": accuracy, "val_loss": 1.0}
    return replace(
        a_trial(number, "paused", until=1, accuracy=accuracy, parameters=parameters), curve=(row,), **changes
    )


def test_what_would_be_on_the_front_with_the_epochs_that_it_has_is_worth_ending() -> None:
    study = pausing_study()
    known = a_trial(0, "complete", accuracy=80, parameters=1000)

    def worth(*trials: Trial, kept: fidelity.Kept = lambda number: True, wanted: Study = study) -> int | None:
        found = fidelity.worth_ending(wanted, [known, *trials], kept)
        return None if found is None else found.number

    assert worth(paused(1, 90)) == 1, "more accurate"
    assert worth(paused(1, 70, 900)) == 1, "smaller"
    assert worth(paused(1, 70)) is None
    assert worth(paused(1, 80)) is None, "as good as what is complete"
    assert worth(paused(1, 70), paused(2, 90)) == 2
    assert worth(paused(1, 90), kept=lambda number: False) is None, "its checkpoint is not here"
    assert worth(paused(1, 90), replace(paused(2, 91), continues=1)) == 2, "the first went on"
    assert worth(paused(1, 90), a_trial(2, "failed", continues=1)) is None
    assert worth(replace(paused(1, 90), curve=())) is None, "a classifier of features, with no epoch"
    limited = replace(study, constraints=studies.study().constraints)
    assert worth(paused(1, 90, 6000), wanted=limited) is None, "it breaks a limit"


def test_when_the_hours_are_over_paused_trainings_of_the_front_end_and_no_other_begins(tmp_path: Path) -> None:
    for budget, ends in ((Budget(hours=1e-9), True), (Budget(hours=1e3), False), (Budget(trials=1), False)):
        with folder.opened(tmp_path / repr(budget), replace(pausing_study(), budget=budget)) as store:
            store.finish(replace(ended(store.ask()), started=datetime.now(UTC) - timedelta(seconds=1)))
            last = store.ask(within=lambda trials: False)
            assert (last is not None) == ends
            if last:
                assert (last.continues, last.until) == (0, None)
                store.finish(replace(ended(last), until=1))
                assert store.trials()[1].is_cut
                assert store.ask(within=lambda trials: False) is None


def test_what_was_interrupted_does_not_go_on_when_others_have_spent_what_it_takes(tmp_path: Path) -> None:
    """While it waits to be run again, another worker begins a whole training, the last that the budget has."""
    wanted = pausing_study(trials=1)
    with folder.opened(tmp_path / "run", wanted) as store:
        store.finish(ended(store.ask()))
        half = store.ask()
        assert half.continues == 0
    with folder.opened(tmp_path / "run", wanted) as store:
        with store._alone():
            other = store._rows.begin(half.configuration, continues=None, until=None)
        store._asked.add(other.number)
        begun = store.ask()
        assert begun is None or begun.continues is None
        assert [trial.continues for trial in store.trials() if trial.state == "running"] == [None] * (1 + bool(begun))


def test_of_a_shared_study_only_trainings_kept_here_go_on(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "run", pausing_study()) as store:
        store.finish(ended(store.ask()))
        assert store.ask(kept=lambda number: False).continues is None


def test_a_space_without_another_candidate_is_left_when_all_that_paused_have_ended(tmp_path: Path) -> None:
    space = {"depths": Choice(((1,), (2,))), "widths": Choice(((4,), (8,)))}
    study = replace(pausing_study(trials=99), space=space, recipe={})
    with folder.opened(tmp_path / "run", study) as store:
        for _ in range(99):
            trial = store.ask()
            if trial is None:
                break
            store.finish(ended(trial))
        states = [trial.state for trial in store.trials()]
        assert (states.count("complete"), states.count("paused"), pausing(store.trials())) == (4, 4, [])


def test_trials_that_pause_are_no_failures_to_keras_tuner(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "run", pausing_study(trials=3)) as store:
        checkpoints = store.folder / "checkpoints"
        checkpoints.mkdir()

        def evaluate(trial: Trial) -> Trial:
            (checkpoints / f"{fidelity.first(trial, store.trials())}.npz").touch()
            return ended(trial)

        found = tuner.search(store, evaluate)
        trials = store.trials()
    states = {trial.state for trial in trials}
    assert states == {"paused", "complete"}
    assert {trial.status for trial in found.oracle.trials.values()} == {"COMPLETED"}
    front = [found.oracle.record[trial.trial_id].state for trial in found.oracle.get_best_trials()]
    assert set(front) == {"complete"}
    assert {file.stem for file in checkpoints.iterdir()} == {str(fidelity.first(t, trials)) for t in pausing(trials)}
    with folder.opened(tmp_path / "run", pausing_study(trials=3)) as store:
        assert len(tuner.Oracle(store).trials) == len(trials)


def test_what_goes_on_no_more_leaves_no_checkpoint(tmp_path: Path) -> None:
    killed(tmp_path / "run")
    for name in ("0.npz", ".0.npz", "1.npz", ".7.npz"):
        (tmp_path / "run" / "checkpoints").mkdir(exist_ok=True)
        (tmp_path / "run" / "checkpoints" / name).touch()
    with folder.opened(tmp_path / "run", pausing_study()) as store:
        folder.tidy(store)
        assert sorted(file.name for file in (store.folder / "checkpoints").iterdir()) == [".0.npz", "0.npz"]
        store.fail_running("its process was ended by SIGKILL")
        folder.tidy(store)
        assert list((store.folder / "checkpoints").iterdir()) == []


def test_a_line_says_how_far_a_trial_came(capsys: pytest.CaptureFixture[str]) -> None:
    study = studies.study(fidelity=PAUSING, budget=Budget(trials=4), constraints=())
    with Progress(study) as progress:
        progress.end(a_trial(7, "paused", until=2, accuracy=71.2, parameters=10.0, seconds=4))
    said = capsys.readouterr().err
    assert said.startswith("small/7   paused at 2 of 30 epochs  accuracy 71.20 %, parameters 10  ")
    assert said.endswith("[0.1 of 4 trials, 0:03:56 left]  (depths 7)\n")


@pytest.mark.parametrize("width", [1, 30, 60, 80, 200])
def test_on_a_terminal_a_line_loses_no_more_than_the_end_of_its_configuration(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, to rich
    trial = a_trial(7, "complete", accuracy=71.2, parameters=10.0, seconds=4)
    with Progress(studies.study(fidelity=PAUSING, budget=Budget(trials=4), constraints=())) as shown:
        shown.end(replace(trial, configuration={"space.widths": tuple(range(100))}))
    text = Text.from_ansi(capsys.readouterr().err).plain
    (line,) = [line for line in text.splitlines() if line.startswith("small/7")]
    assert "accuracy 71.20 %, parameters 10" in line
    assert cell_len(line) <= max(width, len("small/7   complete  accuracy 71.20 %, parameters 10  front"))
    assert ("…" in line) == (width >= 80)


def test_mlflow_is_told_what_a_trial_continues() -> None:
    said = content.of_trial(studies.study(), CHAINS[3])
    assert said.status == "FINISHED"
    assert {"state": "paused", "continues": "0", "until": "6"}.items() <= said.tags.items()
    whole = content.of_trial(studies.study(), a_trial(0, "complete"))
    assert not {"continues", "until"} & whole.tags.keys()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A study with pauses that was really trained."""
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            tracking, "deliver", lambda *_, **__: Delivery(delivered=0, waiting=0)
        )  # tests/test_tracking.py is about that
        space = {"stem": "small", "depths": Choice(((1,), (2,))), "widths": Choice(((4,), (8,)))}
        study = replace(pausing_study(trials=2), image=(16, 16, 1), space=space)
        return pipeline.run(study, root, show=False)


def test_the_budget_holds_over_all_epochs_that_were_trained(trained: Run) -> None:
    states = {trial.state for trial in trained.trials}
    assert states == {"paused", "complete"}
    assert sum(parts(trained.trials, trained.study).values()) <= 2
    assert pipeline.is_done(trained.study, trained.folder.parent)


def test_what_was_complete_in_the_end_has_the_whole_curve(trained: Run) -> None:
    for trial in trained.trials:
        assert [row["epoch"] for row in trial.curve] == list(range(1, (trial.until or 4) + 1))
        assert {"accuracy", "top5", "loss", "training_seconds", "parameters"} <= trial.measures.keys()
        if trial.continues is not None:
            begun = trained.trials[trial.continues]
            assert trial.curve[0] == begun.curve[0]
            assert trial.measures["latency"] == begun.measures["latency"]


def test_models_are_of_complete_trials_and_checkpoints_of_paused_ones(trained: Run) -> None:
    complete = {trial.number for trial in trained.trials if trial.state == "complete"}
    assert {int(file.stem) for file in (trained.folder / "models").iterdir()} == complete
    left = {fidelity.first(trial, trained.trials) for trial in pausing(trained.trials)}
    assert {int(file.stem) for file in (trained.folder / "checkpoints").iterdir()} == left


def test_a_front_is_of_complete_trials_and_the_report_shows_the_others(trained: Run, tmp_path: Path) -> None:
    assert {entry.trial.state for entry in compare([trained]).front} == {"complete"}
    page = pipeline.report([trained], tmp_path / "report").read_text()
    paused = len(pausing(trained.trials))
    assert (f"{paused} paused before their last epoch" in page) == (paused > 0)
    known = json.loads(page.split('id="data">')[1].split("</script>")[0])["trials"]
    states = [known["state"]["levels"][code] for code in known["state"]["codes"]]
    assert {until for state, until in zip(states, known["until"], strict=True) if state == "paused"} == {1}
    assert "4 epochs, pausing at 1" in page
