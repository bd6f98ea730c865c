"""What a store must keep: whatever happens to the process, no finished trial is lost and no half-run one forgotten."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from suite.core.errors import StoreError, StudyError
from suite.core.study import Budget
from suite.machine import interruption
from suite.search import folder
from suite.search.budget import spent
from suite.search.rows import DEATHS
from tests import studies

WORKER = """
import contextlib, os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from suite.search import folder, record
from tests import studies

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

with folder.opened(Path({home!r}), studies.study()) as opened:
    for _ in range({finished}):
        opened.finish(studies.complete(opened.ask()))
    {moment}
    print(opened.ask().number, flush=True)
    die()
"""


def killed(home: Path, finished: int = 0, moment: str = "") -> None:
    """Let another process finish some trials, begin one more, and die by kill -9 at `moment` or in that trial."""
    code = WORKER.format(tests=str(Path(__file__).parents[1]), home=str(home), finished=finished, moment=moment)
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr


def test_a_change_that_fails_in_its_midst_is_undone_whole(tmp_path: Path) -> None:
    """Optuna tries again to write a new row. Alone it would be a copy of a trial that was not given back."""
    failures = iter([sqlite3.OperationalError("disk I/O error")])

    def fail_once(cursor: sqlite3.Cursor, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO trials") and (error := next(failures, None)):
            raise error

    with folder.opened(tmp_path / "run", studies.study()) as store:
        begun = store.ask()
        event.listen(store._rows._storage.engine, "do_execute", fail_once)
    assert next(failures, None) is None
    with folder.opened(tmp_path / "run", studies.study()) as store:
        assert [(trial.number, trial.state) for trial in store.trials()] == [(begun.number, "running")]
        assert store.queued() == []


def test_what_was_finished_is_read_back_as_it_was(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "run", studies.study()) as store:
        begun = store.ask()
        ended = replace(studies.complete(begun, 91.5, latency=1.25), surroundings={"device": "a laptop"})
        store.finish(ended)
        crashed = store.ask().failed("ResourceExhaustedError: too large", "Traceback ...")
        store.finish(crashed)
    assert folder.read(tmp_path / "run").trials == (ended, crashed)


def test_a_run_is_read_while_a_trial_is_running(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "run", studies.study()) as store:
        begun = store.ask()
        assert folder.read(tmp_path / "run").trials == (begun,)
        assert begun.state == "running"


@pytest.mark.parametrize("finished", [pytest.param(0, marks=pytest.mark.slow), 2])
def test_a_trial_whose_process_was_killed_is_run_again_and_nothing_else(tmp_path: Path, finished: int) -> None:
    killed(tmp_path / "run", finished)
    with folder.opened(tmp_path / "run", studies.study()) as store:
        before = store.trials()
        again = store.ask()
        assert again.configuration == before[finished].configuration
        store.finish(studies.complete(again))
        after = store.trials()
    assert [trial.state for trial in after] == ["complete"] * finished + ["interrupted", "complete"]
    assert after[:finished] == before[:finished]


def test_a_trial_that_an_earlier_version_left_with_its_record_and_no_end_is_kept(tmp_path: Path) -> None:
    moment = "opened._rows._tell = die; opened._rows.alone = contextlib.nullcontext; " + (
        "opened.finish(studies.complete(opened.ask(), 77.0))"
    )
    killed(tmp_path / "run", moment=moment)
    with folder.opened(tmp_path / "run", studies.study()) as store:
        fresh = store.ask()
        (kept, running) = store.trials()
    assert (kept.state, kept.measures["accuracy"]) == ("complete", 77.0)
    assert running.number == fresh.number
    assert fresh.configuration != kept.configuration


@pytest.mark.parametrize("moment", [pytest.param("begin", marks=pytest.mark.slow), "end"])
def test_a_process_killed_while_it_begins_or_ends_a_trial_has_done_nothing(tmp_path: Path, moment: str) -> None:
    step = {
        "begin": "opened._rows._beaten = die; opened.ask()",
        "end": "begun = opened.ask(); opened._rows._tell = die; opened.finish(studies.complete(begun))",
    }
    killed(tmp_path / "run", finished=1, moment=step[moment])
    with folder.opened(tmp_path / "run", studies.study()) as store:
        left = store.trials()[1:]
        again = store.ask()
    assert [trial.state for trial in left] == {"begin": [], "end": ["running"]}[moment]
    assert all(trial.configuration == again.configuration for trial in left)


def test_a_trial_of_an_earlier_version_killed_before_its_worker_was_named_is_not_forgotten(tmp_path: Path) -> None:
    moment = (
        "opened._rows._beaten = die; opened._rows.alone = contextlib.nullcontext; record.worker.this = die;opened.ask()"
    )
    killed(tmp_path / "run", moment=moment)
    with folder.opened(tmp_path / "run", studies.study()) as store:
        (half,) = store.trials()
        assert store.ask().configuration == half.configuration


@pytest.mark.slow
def test_a_trial_that_kills_its_process_again_and_again_has_failed(tmp_path: Path) -> None:
    for _ in range(DEATHS):
        killed(tmp_path / "run")
    with folder.opened(tmp_path / "run", studies.study()) as store:
        fresh = store.ask()
        trials = store.trials()
    assert [trial.state for trial in trials] == ["interrupted"] * (DEATHS - 1) + ["failed", "running"]
    assert "memory" in trials[DEATHS - 1].reason
    assert fresh.configuration != trials[0].configuration


def test_what_an_interruption_left_is_the_next_to_be_run(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), folder.opened(tmp_path / "run", studies.study()) as store:
        half = store.ask()
        raise KeyboardInterrupt
    with folder.opened(tmp_path / "run", studies.study()) as store:
        assert store.ask().configuration == half.configuration


def test_a_running_trial_of_a_living_worker_is_left_alone(tmp_path: Path) -> None:
    with (
        folder.opened(tmp_path / "run", studies.study()) as one,
        folder.opened(tmp_path / "run", studies.study()) as two,
    ):
        first, second = one.ask(), two.ask()
        assert first.number != second.number
        assert first.configuration != second.configuration
        one.finish(studies.complete(first))
        two.finish(studies.complete(second))
        assert [trial.state for trial in one.trials()] == ["complete", "complete"]


def test_a_folder_with_another_study_is_not_overwritten(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "run", studies.study()):
        pass
    other = studies.study(seed=4)
    with pytest.raises(StudyError, match=r"another seed\. Give the new study another name"):
        folder.opened(tmp_path / "run", other)
    assert folder.read(tmp_path / "run").study == studies.study()


def test_a_budget_may_grow(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "run", studies.study()) as store:
        store.finish(studies.complete(store.ask()))
    with folder.opened(tmp_path / "run", studies.study(budget=Budget(trials=60))) as store:
        assert len(store.trials()) == 1
    assert folder.read(tmp_path / "run").study.budget == Budget(trials=60)


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nothing: no run here"):
        folder.read(tmp_path / "nothing")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match=r"cannot be written .*--runs"):
        folder.opened(tmp_path / "file" / "run", studies.study())


OPENING = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from suite.search import folder
from tests import studies

sys.stdin.read()
with folder.opened(Path({home!r}), studies.study()) as store:
    store.finish(studies.complete(store.ask()))
"""


def test_several_that_open_a_new_run_at_once_all_get_it(tmp_path: Path) -> None:
    code = OPENING.format(tests=str(Path(__file__).parents[1]), home=str(tmp_path / "run"))
    command = [sys.executable, "-c", code]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    time.sleep(3)  # they have imported what they need, and wait
    for each in workers:
        each.stdin.close()
    for each in workers:
        said = each.stderr.read()
        each.stderr.close()
        assert each.wait() == 0, said
    assert [trial.state for trial in folder.read(tmp_path / "run").trials] == ["complete"] * 4


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database that several machines share."""
    postgres = request.param == "postgres"
    return request.getfixturevalue("postgres") if postgres else f"sqlite:///{tmp_path / 'shared.db'}"


ELSEWHERE = """
import os, signal, socket, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
socket.gethostname = lambda: "elsewhere"
from suite.search import folder
from tests import studies

store = folder.opened(Path({home!r}), studies.study(name={name!r}), {url!r}).__enter__()
store.finish(studies.complete(store.ask()))
print(store.ask().number, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_machine_that_died_left_running_is_taken_over_when_its_heartbeats_end(
    tmp_path: Path, shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"study-{time.time_ns()}"
    code = ELSEWHERE.format(tests=str(Path(__file__).parents[1]), home=str(tmp_path / "there"), name=name, url=shared)
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    for module in ("store", "database"):
        monkeypatch.setattr(f"suite.search.{module}.HEARTBEAT", 1)
    with folder.opened(tmp_path / "here", studies.study(name=name), shared) as patient:
        _, half = patient.trials()
        assert patient.ask().configuration != half.configuration  # it may still be at it
        monkeypatch.setattr("suite.search.database.GRACE", 2)
        time.sleep(3)
        with folder.opened(tmp_path / "here", studies.study(name=name), shared) as hasty:
            assert hasty.ask().configuration == half.configuration
            assert [trial.state for trial in hasty.trials()] == ["complete", "interrupted", "running", "running"]


FULL = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from suite.core.errors import StoreError
from suite.search import folder
from tests import studies

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with folder.opened(Path({home!r}), studies.study()) as store:
    store.finish(studies.complete(store.ask()))
    size = (Path({home!r}) / "trials.db").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # from here on no file grows: the disk is full
    begun = store.ask()
    try:
        for _ in range(50):
            store.finish(studies.complete(begun))
            begun = store.ask()
    except StoreError as error:
        print(error)
"""


def test_a_full_disk_is_a_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    code = FULL.format(tests=str(Path(__file__).parents[1]), home=str(tmp_path / "run"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "cannot be read or written" in done.stdout, done.stderr
    assert "Finished trials are safe" in done.stdout
    with folder.opened(tmp_path / "run", studies.study()) as store:
        trials = store.trials()
        assert trials[0].state == "complete"
        assert store.ask() is not None


def test_the_storage_of_other_machines_is_not_for_everybody_to_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    with folder.opened(tmp_path / "run", studies.study(), url) as store:
        store.finish(studies.complete(store.ask()))
    assert (tmp_path / "shared.db").is_file()
    assert not (tmp_path / "run" / "trials.db").exists()
    assert (tmp_path / "run" / "storage.url").stat().st_mode & 0o077 == 0
    assert len(folder.read(tmp_path / "run").trials) == 1


def test_the_half_run_trial_of_a_dead_worker_can_be_failed_from_outside(tmp_path: Path) -> None:
    killed(tmp_path / "run", finished=1)
    with folder.reopened(tmp_path / "run") as store:
        assert store.fail_running("its process was ended by SIGKILL") == [1]
        assert store.trials()[1].reason == "its process was ended by SIGKILL"
        assert store.ask().configuration != store.trials()[1].configuration


def test_a_database_elsewhere_does_not_hide_the_trials_of_a_run(tmp_path: Path) -> None:
    home, url = tmp_path / "run", f"sqlite:///{tmp_path / 'shared.db'}"
    with folder.opened(home, studies.study()) as store:
        store.finish(studies.complete(store.ask()))
    with pytest.raises(
        StoreError, match=r"are in .*run/trials\.db, and sqlite:///.*shared\.db would hide them"
    ) as error:
        folder.opened(home, studies.study(), url)
    assert "without --storage" in str(error.value)
    assert len(folder.read(home).trials) == 1


def test_another_database_does_not_hide_the_trials_that_are_elsewhere(tmp_path: Path) -> None:
    home, url = tmp_path / "run", f"sqlite:///{tmp_path / 'shared.db'}"
    with folder.opened(home, studies.study(), url) as store:
        store.finish(studies.complete(store.ask()))
    with pytest.raises(StoreError, match=r"are in sqlite:///.*shared\.db, and sqlite:///.*other\.db would hide them"):
        folder.opened(home, studies.study(), f"sqlite:///{tmp_path / 'other.db'}")
    for same in (url, None):  # and what it was found with is found again
        with folder.opened(home, studies.study(), same) as store:
            assert len(store.trials()) == 1


def test_trials_in_two_databases_are_named_before_anything_is_run(tmp_path: Path) -> None:
    home = tmp_path / "run"
    with folder.opened(home, studies.study()):
        pass
    (home / "storage.url").write_text("postgresql+psycopg://suite:secret@server:5432/suite")
    with pytest.raises(
        StoreError, match=r"trials\.db and in postgresql://server:5432/suite, which hide each other"
    ) as error:
        folder.opened(home, studies.study())
    assert "secret" not in str(error.value)


def test_a_database_that_cannot_be_reached_leaves_no_address_behind(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read or written"):
        folder.opened(tmp_path / "run", studies.study(), f"sqlite:///{tmp_path / 'no folder' / 'shared.db'}")
    with folder.opened(tmp_path / "run", studies.study(), f"sqlite:///{tmp_path / 'shared.db'}") as store:
        assert store.trials() == []


ELSEWHEN = """
import sys, time
from datetime import datetime, timedelta
from pathlib import Path
sys.path.insert(0, {tests!r})
from suite.search import folder
from tests import studies

if {write}:
    with folder.opened(Path({home!r}), studies.study()) as store:
        store.finish(studies.complete(store.ask()))
        running = store.ask()
print(*(f"{{trial.seconds:.3f}} {{trial.started.timestamp():.3f}}" for trial in folder.read(Path({home!r})).trials))
"""


def elsewhen(home: Path, zone: str, write: bool) -> list[float]:
    """Let a process in another time zone read the run, or write it first; return its seconds and starts."""
    code = ELSEWHEN.format(tests=str(Path(__file__).parents[1]), home=str(home), write=write)
    environment = os.environ | {"TZ": zone}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return list(map(float, done.stdout.split()))


@pytest.mark.slow
@pytest.mark.parametrize("hours", [0, -9, 5])
def test_a_trial_lasts_as_long_in_every_time_zone(tmp_path: Path, hours: int) -> None:
    """Optuna kept local times, and keeps UTC now: the column is changed to what it would be in a zone."""
    written = elsewhen(tmp_path / "run", "America/New_York", write=True)
    assert abs(written[1] - time.time()) < 15 * 60  # zones are a quarter of an hour apart at least
    with sqlite3.connect(tmp_path / "run" / "trials.db") as database:
        database.execute("UPDATE trials SET datetime_start = datetime(datetime_start, ?)", (f"{hours} hours",))
    database.close()
    for zone in ("UTC", "Asia/Kolkata", "Pacific/Auckland"):
        assert elsewhen(tmp_path / "run", zone, write=False) == written


def test_seconds_are_never_negative(tmp_path: Path) -> None:
    """A clock may be set back; and a trial of an earlier version has its start in some other zone."""
    with folder.opened(tmp_path / "run", studies.study()) as store:
        begun = store.ask()
        store.finish(replace(studies.complete(begun), finished=begun.started - timedelta(hours=1)))
    (trial,) = folder.read(tmp_path / "run").trials
    assert trial.seconds == 0


def test_a_late_result_of_a_trial_that_others_took_over_keeps_its_measures_and_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A machine slept, or its network was down, for longer than the others waited."""
    monkeypatch.setattr("suite.search.database.GRACE", 1)
    with (
        folder.opened(tmp_path / "run", studies.study()) as asleep,
        folder.opened(tmp_path / "run", studies.study()) as other,
    ):
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr("socket.gethostname", lambda: "elsewhere")
            late = asleep.ask()
        time.sleep(2.5)
        again = other.ask()
        assert again.configuration == late.configuration
        asleep.finish(studies.complete(late, 12.0))
        assert f"small/{late.number}: its result came late" in caplog.text
        assert f"trial {again.number} runs in its place" in caplog.text
        other.finish(studies.complete(again, 34.0))
        for store in (other, asleep):
            assert [trial.state for trial in store.trials()] == ["interrupted", "complete"]
            assert [trial.measures["accuracy"] for trial in store.trials()] == [12.0, 34.0]
        assert spent(other.trials(), other.study).trials == 1


def test_a_late_result_ends_the_trial_if_nobody_has_begun_it_again(
    tmp_path: Path, shared: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Others gave the trial back, but its configuration still waits: it is not trained twice."""
    name = f"small-{time.time_ns()}"
    with (
        folder.opened(tmp_path / "run", studies.study(name=name), shared) as asleep,
        folder.opened(tmp_path / "there", studies.study(name=name), shared) as other,
    ):
        late = asleep.ask()
        with other._alone():
            other._rows.give_back(late.number, died=True)
        assert [trial.state for trial in other.trials()] == ["interrupted"]
        asleep.finish(studies.complete(late, 12.0))
        assert "nobody had begun it again, so it counts" in caplog.text
        for store in (asleep, other):
            (trial,) = store.trials()
            assert (trial.number, trial.state, trial.measures["accuracy"]) == (late.number, "complete", 12.0)
        following = other.ask()
        assert following.configuration != late.configuration
        other.finish(studies.complete(following, 34.0))
        assert spent(other.trials(), other.study).trials == 2
    (first, _) = folder.read(tmp_path / "run").trials
    assert (first.state, first.measures["accuracy"]) == ("complete", 12.0)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_end_is_held_while_a_step_is_made_and_never_forgotten(end: signal.Signals) -> None:
    before = {number: signal.getsignal(number) for number in interruption.ENDS}
    interruption.heed()
    done = []
    try:
        with pytest.raises(KeyboardInterrupt), interruption.uninterrupted():
            with interruption.uninterrupted():
                signal.raise_signal(end)
            done.append("the whole step")
        with interruption.uninterrupted():
            done.append("the next step")
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(end)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert done == ["the whole step", "the next step"]
