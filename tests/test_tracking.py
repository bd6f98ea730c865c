"""Does MLflow get everything, once, whatever happens to it; and does the study never wait for it?"""

from __future__ import annotations

import json
import logging
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import tomllib
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import pytest

from suite import pipeline, tracking
from suite.core.domains import Choice, Range
from suite.core.errors import StoreError
from suite.core.study import Budget, Constraint, Fidelity, Objective, Study
from suite.core.trial import Run, State, Trial
from suite.machine.ledger import opened
from suite.search import folder
from suite.tracking import ledger, line, models
from suite.tracking.courier import Courier
from tests import studies
from tests.gate import Gate

# Of MLflow's own: it uses a loader strategy that SQLAlchemy 2.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")

ROOT = Path(__file__).parents[1]
EPOCHS = 3
# Ends itself between a table of one of MLflow's last migrations and the note that this migration was made.
MAKING = """
import os, signal, sqlalchemy
from suite.tracking.server import Server
def end(connection, cursor, statement, *rest):
    if "CREATE TABLE budget_policies" in statement:
        os.kill(os.getpid(), signal.SIGKILL)
sqlalchemy.event.listen(sqlalchemy.Engine, "after_cursor_execute", end)
Server({uri!r})
"""
_minutes = iter(range(10**6))  # no two studies of these tests begin at the same time


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Place:
    """A real MLflow server on a database of its own, as `suite ui` starts it."""

    def __init__(self, root: Path) -> None:
        self.root, self.port = root, free_port()
        self.database = f"sqlite:///{root / 'mlflow.db'}"
        self.start()

    def start(self) -> None:
        """Start it, again where it was before."""
        process = tracking.ui(self.database, self.root, self.port)
        assert process is not None
        self.process = process

    def strike(self, blow: signal.Signals) -> None:
        """Send a signal to it and to its workers."""
        server = psutil.Process(self.process.pid)
        for process in [*server.children(recursive=True), server]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(blow)

    def kill(self) -> None:
        """End it without warning, with its workers."""
        self.strike(signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("mlflow"))
    yield place
    place.kill()


@pytest.fixture
def gate(place: Place) -> Iterator[Gate]:
    with Gate(place.port) as gate:
        gate.open()
        yield gate


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "PAUSE", 0.2)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


class Story:
    """A study with trials in a run folder; what a search would have left there."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.begun = datetime(2025, 3, 1, tzinfo=UTC) + timedelta(minutes=next(_minutes))
        study = Study(
            name="tiny",
            question="Depth or width?",
            architecture="resnet/50",
            dataset="digits",
            objectives=(Objective(measure="accuracy", goal="max"), Objective(measure="parameters", goal="min")),
            constraints=(Constraint(measure="parameters", at_most=5000),),
            budget=Budget(trials=10),
            fidelity=Fidelity(epochs=EPOCHS),
            space={"depths": Choice(((1, 1), (2, 2))), "groups": 1},
            recipe={"learning_rate": Range(low=1e-4, high=1e-2, log=True), "batch_size": 32},
        )
        self.study = replace(study, **changes)
        self.trials: list[Trial] = []

    @property
    def run(self) -> Run:
        return Run(folder=self.folder, study=self.study, trials=tuple(self.trials))

    def add(self, accuracy: float = 90.0, parameters: float = 1000.0, state: State = "complete") -> Trial:
        number = len(self.trials)
        start = self.begun + timedelta(seconds=10 * number)
        trained = state == "complete"
        measures = {"parameters": parameters} | ({"accuracy": accuracy} if trained else {})
        row = {"loss": 2.0, "accuracy": 50.0, "val_loss": 2.5, "val_accuracy": 40.0, "learning_rate": 0.001}
        times = [{"epoch": float(n), "time": start.timestamp() + n} for n in range(1, EPOCHS + 1)]
        trial = Trial(
            number=number,
            state=state,
            configuration={"space.depths": (2, 2), "recipe.learning_rate": 0.001},
            measures=measures,
            reason="" if trained else f"why it was {state}",
            traceback="Traceback: boom" if state == "failed" else "",
            curve=tuple(time | {**row, "val_accuracy": 40 + time["epoch"]} for time in times) if trained else (),
            surroundings={"device": "cpu", "tensorflow": "2.21", "dataset": "digits", "dataset_digest": "d1" * 32},
            started=start,
            finished=start + timedelta(seconds=5) if state != "running" else None,
        )
        self.trials.append(trial)
        return trial


def seen(uri: str, story: Story) -> dict[str, Any]:
    """The runs in MLflow of one story by their name, asked as any user may ask."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    groups = [experiment.experiment_id for experiment in client.search_experiments()]
    with ledger.Ledger(story.folder, uri) as entries:
        identity = entries.id("view")
    runs = list(client.search_runs(groups, f"tags.`suite.id` = '{identity}'", max_results=1000))
    assert len({run.info.run_name for run in runs}) == len(runs), "a run was made twice"
    return {run.info.run_name: run for run in runs}


def history(uri: str, run: Any, metric: str) -> list[tuple[int, int, float]]:
    from mlflow import MlflowClient

    points = MlflowClient(tracking_uri=uri).get_metric_history(run.info.run_id, metric)
    return sorted((point.step, point.timestamp, point.value) for point in points)


def show(mirror: tracking.Mirror, trial: Trial) -> None:
    """What a search says of one trial."""
    mirror.begin(replace(trial, state="running", measures={}, curve=(), surroundings={}, finished=None))
    for row in trial.curve:
        mirror.epoch(trial.number, row)
    mirror.end(trial)


def test_a_study_becomes_a_parent_with_a_child_for_each_trial(gate: Gate, tmp_path: Path) -> None:
    story = Story(tmp_path / "tiny")
    best, *_ = (
        story.add(95),
        story.add(90, 2000),
        story.add(state="failed"),
        story.add(state="refused", parameters=9000),
    )
    delivery = tracking.deliver(story.run, gate.url)
    assert (delivery.delivered, delivery.waiting, delivery.reason) == (4, 0, "")

    runs = seen(gate.url, story)
    assert sorted(runs) == ["tiny", "tiny/0", "tiny/1", "tiny/2", "tiny/3"]
    parent, child = runs["tiny"], runs["tiny/0"]
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert parent.data.tags["mlflow.note.content"] == "Depth or width?"
    assert parent.data.tags["trials.complete"] == "2"
    assert child.data.params["depths"] == "[2, 2]"  # searched over
    assert child.data.params["groups"] == "1"  # fixed by the study
    assert child.data.params["batch_size"] == "32"  # fixed recipe
    assert child.data.params["optimizer"] == "adamw"  # as the recipe leaves it
    assert child.data.params["architecture"] == "resnet/50"
    assert {key: child.data.metrics[key] for key in ("accuracy", "parameters")} == dict(best.measures)
    assert {key: child.data.tags[key] for key in ("device", "tensorflow", "front", "rank", "state")} == {
        "device": "cpu", "tensorflow": "2.21", "front": "true", "rank": "1", "state": "complete",
    }  # fmt: skip
    assert (runs["tiny/1"].data.tags["front"], runs["tiny/1"].data.tags["rank"]) == ("false", "2")
    used = {each.tags[0].value: each.dataset for each in child.inputs.dataset_inputs}
    assert sorted(used) == ["training", "validation"]
    assert (used["training"].name, used["training"].digest) == ("digits", ("d1" * 32)[:36])
    assert (used["validation"].name, used["validation"].digest) != ("digits", used["training"].digest)
    assert {each.dataset.digest for each in parent.inputs.dataset_inputs} == {each.digest for each in used.values()}
    assert parent.data.params["space.depths"] == "one of [1, 1], [2, 2]"
    assert parent.data.params["recipe.learning_rate"] == "0.0001 to 0.01, logarithmic"
    start, end = best.started, best.finished
    assert start
    assert end
    assert (child.info.start_time, child.info.end_time) == (start.timestamp() * 1000, end.timestamp() * 1000)


def test_the_curve_of_a_trial_has_a_point_for_each_epoch_at_its_time(gate: Gate, tmp_path: Path) -> None:
    story = Story(tmp_path / "tiny")
    trial = story.add()
    tracking.deliver(story.run, gate.url)
    expected = [(int(row["epoch"]), round(row["time"] * 1000), row["val_accuracy"]) for row in trial.curve]
    assert history(gate.url, seen(gate.url, story)["tiny/0"], "val/accuracy") == expected


def test_states_are_told_apart_by_status_and_tag_with_the_reason(gate: Gate, tmp_path: Path) -> None:
    story = Story(tmp_path / "tiny")
    for state in ("complete", "refused", "failed", "interrupted", "running"):
        story.add(state=state)  # type: ignore[arg-type]
    tracking.deliver(story.run, gate.url)
    runs = seen(gate.url, story)
    found = {runs[f"tiny/{n}"].data.tags["state"]: runs[f"tiny/{n}"].info.status for n in range(5)}
    assert (found["complete"], found["failed"], found["running"]) == ("FINISHED", "FAILED", "RUNNING")
    assert (found["refused"], found["interrupted"]) == ("FINISHED", "KILLED")  # a refusal is no failure
    assert runs["tiny/1"].data.tags["reason"] == "why it was refused"
    assert "boom" in runs["tiny/2"].data.tags["mlflow.note.content"]
    assert runs["tiny"].info.status == "RUNNING"


def test_a_database_beside_the_runs_is_the_default_and_the_terminal_stays_clean(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    story = Story(tmp_path / "runs" / "tiny")
    uri = tracking.uri(tmp_path / "runs")
    with tracking.Mirror(story.folder, story.study, uri) as mirror:
        show(mirror, story.add())
        delivery = mirror.close(120)
    assert (delivery.delivered, delivery.waiting) == (1, 0), delivery
    assert sorted(seen(f"sqlite:///{tmp_path}/runs/mlflow.db", story)) == ["tiny", "tiny/0"]
    report = tmp_path / "report.html"
    report.write_text("<p>a front</p>")
    assert not tracking.deliver(story.run, uri, report=report).reason
    assert [file.read_text() for file in (tmp_path / "runs" / "mlartifacts").rglob("report.html")] == ["<p>a front</p>"]
    assert capfd.readouterr() == ("", "")


def test_the_address_in_the_environment_goes_before_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.example:5000/")
    assert tracking.uri(tmp_path) == "http://tracking.example:5000"


def test_delivering_again_only_asks_whether_the_parent_is_still_there(gate: Gate, tmp_path: Path) -> None:
    story = Story(tmp_path / "tiny")
    story.add(), story.add(80)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("a front")
    tracking.deliver(story.run, gate.url, report=tmp_path / "report")
    gate.requests.clear()
    delivery = tracking.deliver(story.run, gate.url, report=tmp_path / "report")
    assert delivery.delivered == 2
    assert [request.partition("?")[0] for request in gate.requests if "/health" not in request] == [
        "GET /api/2.0/mlflow/runs/get"
    ]


def test_a_latency_that_was_timed_again_replaces_the_one_before_though_it_is_less(gate: Gate, tmp_path: Path) -> None:
    story = Story(tmp_path / "tiny")
    before = story.add()
    for minute, latency in enumerate((5.0, 4.0)):
        timed = (story.begun + timedelta(minutes=minute)).isoformat()
        known = {"measures": {**before.measures, "latency": latency}, "surroundings": {"latency_timed": timed}}
        story.trials = [replace(before, **known)]
        assert tracking.deliver(story.run, gate.url).delivered == 1
    assert seen(gate.url, story)["tiny/0"].data.metrics["latency"] == 4.0


def test_an_epoch_is_one_request_and_no_point_is_sent_twice(gate: Gate, tmp_path: Path) -> None:
    story = Story(tmp_path / "tiny")
    first, second = story.add(), story.add()
    story.trials = [first]
    tracking.deliver(story.run, gate.url)
    gate.requests.clear()
    with tracking.Mirror(story.folder, story.study, gate.url, [first]) as mirror:
        mirror.begin(replace(second, state="running", measures={}, curve=(), finished=None))
        wait_for(lambda: gate.count("runs/log-batch") == 2)  # the parent is running; the params of the trial
        for row in second.curve:
            mirror.epoch(second.number, row)
            wait_for(lambda row=row: gate.count("runs/log-batch") == 2 + row["epoch"])
        mirror.end(second)
        mirror.close(120)
    story.trials = [first, second]
    run = seen(gate.url, story)["tiny/1"]
    assert [step for step, *_ in history(gate.url, run, "train/loss")] == [1, 2, 3]
    assert gate.count("runs/log-batch") == 2 + EPOCHS + 3  # its measures; its place on the front; the parent's end


def test_a_trial_that_dominates_takes_the_front_from_the_others(gate: Gate, tmp_path: Path) -> None:
    story = Story(tmp_path / "tiny")
    with tracking.Mirror(story.folder, story.study, gate.url) as mirror:
        show(mirror, story.add(90, 2000))
        show(mirror, story.add(80, 3000))
        show(mirror, story.add(95, 1000))
        mirror.close(120)
    tags = {name: run.data.tags for name, run in seen(gate.url, story).items()}
    assert [(tags[f"tiny/{n}"]["front"], tags[f"tiny/{n}"]["rank"]) for n in range(3)] == [
        ("false", "2"), ("false", "3"), ("true", "1"),
    ]  # fmt: skip
    story.add(99, 500)
    tracking.deliver(story.run, gate.url)
    tags = {name: run.data.tags for name, run in seen(gate.url, story).items()}
    assert [tags[f"tiny/{n}"]["rank"] for n in range(4)] == ["3", "4", "2", "1"]


def test_a_server_that_is_down_gets_everything_when_it_is_up(
    gate: Gate, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gate.shut()
    story = Story(tmp_path / "tiny")
    with tracking.Mirror(story.folder, story.study, gate.url) as mirror:
        for accuracy in (80, 85, 90):
            show(mirror, story.add(accuracy))
        delivery = mirror.close(120)
    assert (delivery.delivered, delivery.waiting) == (0, 3)
    assert "refused" in delivery.reason
    assert [record.levelno for record in caplog.records if record.name == "suite.tracking"] == [logging.WARNING]

    gate.open()
    delivery = tracking.deliver(story.run, gate.url)
    assert (delivery.delivered, delivery.waiting) == (3, 0)
    runs = seen(gate.url, story)
    assert len(history(gate.url, runs["tiny/1"], "val/accuracy")) == EPOCHS
    assert runs["tiny/2"].data.tags["front"] == "true"


@pytest.mark.slow
def test_a_server_killed_during_a_study_has_everything_once_it_is_back(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    uri = f"http://127.0.0.1:{place.port}"
    story = Story(tmp_path / "tiny")
    caplog.set_level(logging.WARNING, "suite.tracking")
    with tracking.Mirror(story.folder, story.study, uri) as mirror:
        show(mirror, story.add(80))
        wait_for(lambda: is_delivered(story, uri, 0))
        second = story.add(85)
        mirror.begin(replace(second, state="running", measures={}, curve=(), finished=None))
        mirror.epoch(second.number, second.curve[0])
        place.kill()
        for row in second.curve[1:]:
            mirror.epoch(second.number, row)
        mirror.end(second)
        show(mirror, story.add(90))
        wait_for(lambda: any("goes on" in record.message for record in caplog.records))
        place.start()
        wait_for(lambda: is_delivered(story, uri, 2))
        delivery = mirror.close(120)
    assert (delivery.delivered, delivery.waiting) == (3, 0), delivery
    runs = seen(uri, story)
    assert sorted(runs) == ["tiny", "tiny/0", "tiny/1", "tiny/2"]
    assert [step for step, *_ in history(uri, runs["tiny/1"], "val/loss")] == [1, 2, 3]
    assert "is back" in caplog.text


def test_a_server_that_never_answers_holds_nobody_up(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("suite.tracking.place.PATIENCE", 3600)
    story = Story(tmp_path / "tiny")
    gate.hang()
    with tracking.Mirror(story.folder, story.study, gate.url) as mirror:
        show(mirror, story.add())
        assert gate.held.wait(60), "nobody called"  # the thread hangs in its call for an hour from here on
        for _ in range(4):
            show(mirror, story.add())
        delivery = mirror.close(0.1)
    assert (delivery.delivered, delivery.waiting) == (0, 5)
    gate.open()
    assert tracking.deliver(story.run, gate.url).delivered == 5


def test_a_delivery_to_a_server_that_hangs_ends(gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suite.tracking.place.PATIENCE", 0.2)
    story = Story(tmp_path / "tiny")
    story.add()
    gate.hang()
    delivery = tracking.deliver(story.run, gate.url)
    assert (delivery.delivered, delivery.waiting) == (0, 1)
    assert "timed out" in delivery.reason


def test_a_lost_ledger_costs_no_second_run(gate: Gate, tmp_path: Path) -> None:
    story = Story(tmp_path / "tiny")
    story.add(), story.add()
    tracking.deliver(story.run, gate.url)
    before = {name: run.info.run_id for name, run in seen(gate.url, story).items()}
    (story.folder / ledger.FILE).unlink()
    assert tracking.deliver(story.run, gate.url).delivered == 2
    assert {name: run.info.run_id for name, run in seen(gate.url, story).items()} == before
    (story.folder / ledger.FILE).write_bytes(b"not a database" * 100)
    assert tracking.deliver(story.run, gate.url).delivered == 2
    assert {name: run.info.run_id for name, run in seen(gate.url, story).items()} == before


@pytest.mark.parametrize("key", ["parent", "trial/0"])
def test_a_run_made_just_before_a_kill_is_found_again(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    story = Story(tmp_path / "tiny")
    story.add()
    note = ledger.Ledger.note

    def killed(self: ledger.Ledger, noted: str, id: str, digest: str = "") -> None:
        if noted == key:
            raise KeyboardInterrupt
        note(self, noted, id, digest)

    with monkeypatch.context() as patch:
        patch.setattr(ledger.Ledger, "note", killed)
        with pytest.raises(KeyboardInterrupt):
            tracking.deliver(story.run, gate.url)
    assert gate.count("runs/create") == (1 if key == "parent" else 2)
    assert tracking.deliver(story.run, gate.url).delivered == 1
    assert sorted(seen(gate.url, story)) == ["tiny", "tiny/0"]
    assert gate.count("runs/create") == 2


def test_two_runs_that_two_machines_made_at_once_become_one(gate: Gate, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    story = Story(tmp_path / "here" / "tiny")
    story.add()
    tracking.deliver(story.run, gate.url)
    first = seen(gate.url, story)["tiny/0"]
    twin = MlflowClient(gate.url).create_run(
        first.info.experiment_id, first.info.start_time + 1, dict(first.data.tags), "tiny/0"
    )
    elsewhere = replace(story.run, folder=tmp_path)  # the ledger of another machine
    assert tracking.deliver(elsewhere, gate.url).delivered == 1
    assert seen(gate.url, story)["tiny/0"].info.run_id == first.info.run_id != twin.info.run_id


def test_studies_of_one_name_in_two_folders_stay_apart(gate: Gate, tmp_path: Path) -> None:
    stories = [Story(tmp_path / where / "tiny") for where in ("here", "there")]
    for story in stories:
        story.add()
        tracking.deliver(story.run, gate.url)
    one, other = (seen(gate.url, story)["tiny"].info for story in stories)
    assert one.run_id != other.run_id
    assert one.experiment_id == other.experiment_id  # the same pictures


def test_other_pictures_in_a_folder_are_another_table(gate: Gate, tmp_path: Path) -> None:
    groups = set()
    for digest in ("aaaa", "bbbb"):
        story = Story(tmp_path / digest / "tiny", dataset=str(tmp_path / "flowers"))
        story.trials = [replace(story.add(), surroundings={"dataset_digest": digest})]
        with tracking.Mirror(story.folder, story.study, gate.url) as mirror:
            show(mirror, story.trials[0])
            assert mirror.close(120).delivered == 1
        groups.add(seen(gate.url, story)["tiny"].info.experiment_id)
    assert len(groups) == 2


def test_a_run_deleted_in_mlflow_is_made_again(gate: Gate, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    story = Story(tmp_path / "tiny")
    story.add(), story.add()
    tracking.deliver(story.run, gate.url)
    client = MlflowClient(gate.url)
    client.delete_run(seen(gate.url, story)["tiny/1"].info.run_id)
    story.trials[1] = replace(story.trials[1], reason="it has changed")
    assert tracking.deliver(story.run, gate.url).waiting == 0
    assert seen(gate.url, story)["tiny/1"].data.tags["reason"] == "it has changed"
    client.delete_run(seen(gate.url, story)["tiny"].info.run_id)
    assert tracking.deliver(story.run, gate.url).waiting == 0
    assert sorted(seen(gate.url, story)) == ["tiny", "tiny/0", "tiny/1"]


def test_a_trial_that_mlflow_refuses_keeps_no_other_waiting(
    gate: Gate, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    story = Story(tmp_path / "tiny")
    odd = story.add()
    story.trials[0] = replace(odd, curve=({"epoch": 1, "time": 1.0, "los$": 1.0},))  # a name MLflow does not take
    story.add()
    tracking.deliver(story.run, gate.url)
    assert "refuses trial 0" in caplog.text
    assert seen(gate.url, story)["tiny/1"].info.status == "FINISHED"
    gate.requests.clear()
    tracking.deliver(story.run, gate.url)
    assert gate.count("runs/log-batch") == 0  # it is not tried again and again


def test_a_full_disk_does_not_end_the_delivery(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(file: Path | str, table: str) -> sqlite3.Connection:
        connection = opened(file, table)
        connection.execute("PRAGMA page_size = 512")
        connection.execute("VACUUM")
        if file != ":memory:":
            connection.execute("PRAGMA max_page_count = 1")  # of what it has; then: database or disk is full
        return connection

    monkeypatch.setattr(ledger, "opened", full)
    story = Story(tmp_path / "tiny")
    for _ in range(4):
        story.add(state="refused")
    assert tracking.deliver(story.run, gate.url).delivered == 4
    assert "full" in caplog.text
    monkeypatch.undo()
    assert tracking.deliver(story.run, gate.url).delivered == 4
    assert len(seen(gate.url, story)) == 5


@pytest.mark.slow
def test_a_kill_while_mlflow_makes_its_database_leaves_none_that_is_half_made(tmp_path: Path) -> None:
    story, uri = Story(tmp_path / "tiny"), tracking.uri(tmp_path)
    story.add()
    killed = subprocess.run([sys.executable, "-c", MAKING.format(uri=uri)])
    assert killed.returncode == -signal.SIGKILL
    assert tracking.deliver(story.run, uri).delivered == 1


@pytest.mark.parametrize("trouble", ["locked", "damaged"])
def test_a_database_in_trouble_is_an_outage_and_not_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr("suite.tracking.place.PATIENCE", 0.2)
    story = Story(tmp_path / "tiny")
    story.add()
    file = tmp_path / "mlflow.db"
    if trouble == "damaged":
        file.write_bytes(b"this was a database once " * 1000)
    other = sqlite3.connect(file, isolation_level=None)
    try:
        if trouble == "locked":
            other.execute("BEGIN EXCLUSIVE")
        delivery = tracking.deliver(story.run, tracking.uri(tmp_path))
    finally:
        other.close()
    assert (delivery.delivered, delivery.waiting) == (0, 1)
    assert {"locked": "locked", "damaged": "not a database"}[trouble] in delivery.reason


def test_the_models_of_the_front_are_logged_once_and_answer_as_before(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras
    import mlflow
    import numpy as np

    keras.utils.set_random_seed(0)
    image, answer = keras.Input((8, 8, 1), name="image"), keras.layers.Dense(3, name="classes")
    model = keras.Model(image, answer(keras.layers.Flatten()(image)))
    asked: list[int] = []

    def load(number: int) -> keras.Model:
        asked.append(number)
        return model

    story = Story(tmp_path / "tiny")
    story.add(90), story.add(80)
    assert not tracking.deliver(story.run, gate.url, models=load).reason
    assert not tracking.deliver(story.run, gate.url, models=load).reason
    assert asked == [0]  # 1 is not on the front; 0 is there already

    client = mlflow.MlflowClient(gate.url)
    run = seen(gate.url, story)["tiny/0"]
    (logged,) = client.search_logged_models([run.info.experiment_id], f"source_run_id = '{run.info.run_id}'")
    assert (logged.name, str(logged.status)) == ("tiny-0", "READY")
    (accuracy,) = (metric for metric in logged.metrics if metric.key == "accuracy")
    used = {each.tags[0].value: each.dataset for each in run.inputs.dataset_inputs}
    judged_by = used["validation"]
    assert (accuracy.value, accuracy.dataset_name, accuracy.dataset_digest) == (90, "digits", judged_by.digest)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", gate.url)
    loaded = mlflow.tensorflow.load_model(f"models:/{logged.model_id}")
    pictures = np.random.default_rng(0).random((4, 8, 8, 1)).astype("float32")
    np.testing.assert_allclose(loaded(pictures), model(pictures), rtol=1e-6)


def test_a_model_names_what_it_needs_and_no_other_package_is_read_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To read the files of all takes seconds of a processor."""
    import importlib_metadata
    import keras
    from mlflow.utils import environment, requirements_utils

    image = keras.Input((8, 8, 1), name="image")
    model = keras.Model(image, keras.layers.Dense(3)(keras.layers.Flatten()(image)))
    read: list[int] = []
    monkeypatch.setattr(requirements_utils, "_MODULES_TO_PACKAGES", None)
    monkeypatch.setattr(importlib_metadata, "packages_distributions", lambda: read.append(1) or {})
    before = environment.warn_dependency_requirement_mismatches
    models._save(model, tmp_path / "model", "an id", "a run")
    assert not read
    assert environment.warn_dependency_requirement_mismatches is before
    needed = (tmp_path / "model" / "requirements.txt").read_text()
    assert all(f"{name}=={version(name)}" in needed for name in ("tensorflow", "keras", "mlflow"))


def test_a_model_that_cannot_be_read_is_left_out(gate: Gate, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def gone(number: int) -> Any:
        raise StoreError(f"model {number} is gone")

    story = Story(tmp_path / "tiny")
    story.add()
    assert tracking.deliver(story.run, gate.url, models=gone).delivered == 1
    assert "model 0 is gone" in caplog.text


def test_the_report_lies_with_the_parent_and_a_new_one_replaces_it(gate: Gate, tmp_path: Path) -> None:
    from mlflow.artifacts import download_artifacts

    story = Story(tmp_path / "tiny")
    story.add()
    page = tmp_path / "report" / "index.html"
    (page.parent / "figures").mkdir(parents=True)
    (page.parent / "figures" / "front.svg").write_text("<svg/>")
    for text in ("first", "second"):
        page.write_text(text)
        tracking.deliver(story.run, gate.url, report=page.parent)
        run = seen(gate.url, story)["tiny"].info.run_id
        got = download_artifacts(
            run_id=run, artifact_path="report", dst_path=str(tmp_path / text), tracking_uri=gate.url
        )
        assert (Path(got) / "index.html").read_text() == text
    assert (Path(got) / "figures" / "front.svg").read_text() == "<svg/>"


def test_the_link_names_a_view_that_lists_the_trials_of_the_study(gate: Gate, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    story = Story(tmp_path / "tiny")
    assert (
        tracking.link(gate.url, 0, story.run) == f"{gate.url}/#/experiments?workflowType=machine_learning"
    )  # nothing is there yet
    story.add(), story.add()
    tracking.deliver(story.run, gate.url)
    address = tracking.link(gate.url, 0, story.run)
    group, key = address.split("/runs?")[0].rpartition("/")[2], address.split("viewStateShareKey=")[1].split("&")[0]
    client = MlflowClient(gate.url)
    view = json.loads(client.get_experiment(group).tags[f"mlflow.sharedViewState.{key}"])
    order = f"{view['orderByKey']} {'ASC' if view['orderByAsc'] else 'DESC'}"
    listed = client.search_runs([group], view["searchFilter"], order_by=[order])
    assert {run.info.run_name for run in listed} == {"tiny/0", "tiny/1"}
    assert {"metrics.`accuracy`", "metrics.`parameters`", "params.`depths`"} <= set(view["selectedColumns"])
    charts = {(chart["xaxis"]["key"], chart["yaxis"]["key"]) for chart in view["compareRunCharts"]}
    assert charts == {("parameters", "accuracy"), ("macs", "accuracy")}
    assert {chart["metricSectionId"] for chart in view["compareRunCharts"]} == {
        section["uuid"] for section in view["compareRunSections"]
    }
    assert tracking.link(gate.url, 0, story.run, charts=True) == f"{address}&compareRunsMode=CHART"


def test_each_trial_has_its_page_on_a_server(gate: Gate, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    story = Story(tmp_path / "tiny")
    story.add(), story.add()
    assert tracking.pages(gate.url, story.run) == {}
    tracking.deliver(story.run, gate.url)
    found = tracking.pages(gate.url, story.run)
    assert found.keys() == {0, 1}
    for number, address in found.items():
        group, run = address.removeprefix(f"{gate.url}/#/experiments/").split("/runs/")
        known = MlflowClient(gate.url).get_run(run).info
        assert (known.experiment_id, known.run_name) == (group, f"tiny/{number}")
    assert tracking.pages(f"sqlite:///{tmp_path / 'mlflow.db'}", story.run) == {}


def test_an_address_with_a_password_reaches_the_server(gate: Gate, tmp_path: Path) -> None:
    story = Story(tmp_path / "tiny")
    story.add()
    assert tracking.deliver(story.run, gate.url.replace("//", "//me:secret@")).delivered == 1


ANSWERS = [
    (401, "", "refuses access"),
    (403, "<h1>Forbidden</h1>", "MLFLOW_TRACKING_TOKEN"),
    (403, '{"error_code": "PERMISSION_DENIED", "message": "no"}', "MLFLOW_TRACKING_USERNAME"),
    (404, "<h1>Nothing here</h1>", "something else answers"),
    (500, "<h1>timed out</h1>", "error 500"),
    (503, "", "error 503"),
    (200, "<h1>Sign in</h1>", "something else answers"),
    (200, "{}", "something else answers"),
    (200, "", "something else answers"),
]


@pytest.mark.parametrize(("status", "body", "words"), ANSWERS)
def test_what_is_no_mlflow_or_lets_nobody_in_gets_one_line_and_nothing_counts_as_delivered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int, body: str, words: str
) -> None:
    story = Story(tmp_path / "tiny")
    with answering(status, body) as uri, tracking.Mirror(story.folder, story.study, uri) as mirror:
        show(mirror, story.add())
        show(mirror, story.add(80))
        mirror.close(120)
        delivery = tracking.deliver(story.run, uri)
    assert (delivery.delivered, delivery.waiting) == (0, 2)
    assert words in delivery.reason
    assert "<" not in delivery.reason
    (line,) = [record.getMessage() for record in caplog.records if record.name == "suite.tracking"]
    assert delivery.reason in line


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """A server that gives everybody the same answer: its address."""

    class Same(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Same) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    "address",
    ["rubbish", "foo://bar", "file:///tmp/mlruns", "sqlite://", "http://", "http://[::1", "http://host:port"],
)
def test_an_address_that_mlflow_does_not_take_is_named_with_those_it_takes(tmp_path: Path, address: str) -> None:
    story = Story(tmp_path / "tiny")
    story.add()
    assert "Set MLFLOW_TRACKING_URI to http://HOST:PORT" in tracking.deliver(story.run, address).reason


@pytest.mark.parametrize("when", ["before the study", "before a trial", "during a trial", "after the trials"])
def test_an_experiment_deleted_in_mlflow_s_pages_gets_a_successor_with_everything(
    gate: Gate, tmp_path: Path, caplog: pytest.LogCaptureFixture, when: str
) -> None:
    from mlflow import MlflowClient

    client, name = MlflowClient(gate.url), f"set-{zlib.crc32(when.encode())}"
    story = Story(tmp_path / "tiny", dataset=name)

    def deleted(now: str) -> None:
        found = client.get_experiment_by_name(name) or client.get_experiment(client.create_experiment(name))
        if now == when:
            client.delete_experiment(found.experiment_id)

    deleted("before the study")
    with tracking.Mirror(story.folder, story.study, gate.url) as mirror:
        show(mirror, story.add(80))
        wait_for(lambda: is_delivered(story, gate.url, 0))
        deleted("before a trial")
        second = story.add(85)
        mirror.begin(replace(second, state="running", measures={}, curve=(), finished=None))
        mirror.epoch(second.number, second.curve[0])
        wait_for(lambda: gate.count("runs/log-batch") >= 4)
        deleted("during a trial")
        mirror.epoch(second.number, second.curve[1])
        mirror.end(second)
        wait_for(lambda: is_delivered(story, gate.url, 1))
        deleted("after the trials")
        mirror.close(120)
    delivery = tracking.deliver(story.run, gate.url)
    assert (delivery.delivered, delivery.waiting, delivery.reason) == (2, 0, "")
    runs = seen(gate.url, story)
    assert sorted(runs) == ["tiny", "tiny/0", "tiny/1"]
    assert [step for step, *_ in history(gate.url, runs["tiny/1"], "val/loss")] == [1, 2, 3]
    assert {client.get_experiment(run.info.experiment_id).name for run in runs.values()} == {f"{name}-2"}
    assert [record.getMessage() for record in caplog.records if record.name == "suite.tracking"] == [
        f"MLflow's experiment '{name}' was deleted there: '{name}-2' takes its place."
    ]


def test_a_trial_deleted_in_mlflow_keeps_no_later_front_from_being_shown(gate: Gate, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    story = Story(tmp_path / "tiny")
    story.add(80)
    tracking.deliver(story.run, gate.url)
    MlflowClient(gate.url).delete_run(seen(gate.url, story)["tiny/0"].info.run_id)
    story.add(90, 500)
    assert tracking.deliver(story.run, gate.url).reason == ""
    tags = {name: run.data.tags for name, run in seen(gate.url, story).items()}
    assert (tags["tiny/0"]["rank"], tags["tiny/1"]["rank"]) == ("2", "1")


def test_a_taken_port_is_named_with_what_is_there(place: Place, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=rf"port {place.port} is taken: MLflow's pages are open there, http://127"):
        tracking.ui(tracking.uri(tmp_path), tmp_path, place.port)
    with answering(200, "<h1>Mine</h1>") as other, pytest.raises(StoreError, match=r"is taken\. Choose another with"):
        tracking.ui(tracking.uri(tmp_path), tmp_path, int(other.rpartition(":")[2]))


def test_pages_on_a_database_that_cannot_be_read_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database at all")
    with pytest.raises(StoreError, match="not a database"):
        tracking.ui(tracking.uri(tmp_path), tmp_path, free_port())


def test_a_server_of_its_own_is_not_started_again(gate: Gate, tmp_path: Path) -> None:
    assert tracking.ui(gate.url, tmp_path, 1) is None


def test_a_password_in_the_address_is_not_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    story = Story(tmp_path / "tiny")
    story.add()
    with tracking.Mirror(
        story.folder, story.study, f"postgresql://suite:secret@127.0.0.1:{free_port()}/mlflow"
    ) as mirror:
        show(mirror, story.trials[0])
    assert "suite@127.0.0.1" in caplog.text
    assert "secret" not in caplog.text


def test_importing_the_package_loads_neither_mlflow_nor_keras() -> None:
    code = "import sys, suite.tracking; sys.exit(bool({'mlflow', 'tensorflow', 'keras'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_compose_file_runs_an_mlflow_that_the_suite_accepts() -> None:
    import yaml
    from packaging.requirements import Requirement

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    mlflow = next(one for one in map(Requirement, wanted) if one.name == "mlflow")
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    server = compose["services"]["mlflow"]
    image = re.search(r"^FROM ghcr.io/mlflow/mlflow:v(.+)$", server["build"]["dockerfile_inline"], re.MULTILINE)
    assert image
    assert mlflow.specifier.contains(image[1])
    assert "@database:5432/mlflow" in server["environment"]["MLFLOW_BACKEND_STORE_URI"]
    assert "CREATE DATABASE mlflow" in compose["configs"]["databases"]["content"]


# Python tells of every change of the environment that C sees. As in a study, TensorFlow is there before the thread is.
ENVIRONMENT = """
import sys, threading
changed = []
def heard(event, arguments):
    if event in ("os.putenv", "os.unsetenv") and any(each.name == "mlflow" for each in threading.enumerate()):
        changed.append(arguments[0])
from pathlib import Path
from suite import tracking
import keras
from tests.test_tracking import Story, show
sys.addaudithook(heard)
root = Path({root!r})
story = Story(root / "tiny")
with tracking.Mirror(story.folder, story.study, tracking.uri(root)) as mirror:
    show(mirror, story.add())
    delivery = mirror.close(120)
assert delivery.delivered == 1, delivery
assert not changed, changed
"""


@pytest.mark.slow
def test_the_environment_stays_as_it_is_while_a_study_is_mirrored(tmp_path: Path) -> None:
    """Else a thread of TensorFlow's that reads it meanwhile ends the process."""
    code = ENVIRONMENT.format(root=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_to_look_for_a_run_deletes_none_and_of_two_that_are_made_at_once_the_first_stays(tmp_path: Path) -> None:
    """Another machine makes the parent of the same study between our looking for one and our making it."""
    from suite.tracking.server import Server

    class Crossed(Server):
        def create(self, group: str, name: str, start: int | None, tags: Mapping[str, str]) -> str:
            super().create(group, name, (start or 0) - 1, tags)  # the other's, and it was first
            return super().create(group, name, start, tags)

    story = Story(tmp_path / "tiny")
    trial = story.add()
    server = Crossed(tracking.uri(tmp_path))
    with ledger.Ledger(story.folder, "there") as entries:
        courier = Courier(story.study, entries)
        courier.open(server, [trial])
        tags = {"kind": "study"}
        group = str(entries.id("group"))
        assert [run for run, _ in server.find([group], tags)] == [entries.id("parent")]
    Server.create(server, group, "tiny", 0, tags)
    assert len(server.find([group], tags)) == len(server.find([group], tags)) == 2


def test_what_two_workers_send_at_the_same_moment_is_there_once_and_nobody_waits(tmp_path: Path) -> None:
    """Both look whether a row is there, and both write it."""
    from suite.tracking.server import Server

    uri, count = tracking.uri(tmp_path), 10
    server = Server(uri)
    group = server.group("tiny")
    runs = [server.create(group, str(number), 0, {}) for number in range(count)]
    barrier, lines = threading.Barrier(2), [line.Line(uri), line.Line(uri)]

    def send(over: line.Line) -> None:
        for run in runs:
            barrier.wait()
            over.attempt(lambda server, run=run: server.dataset(run, "digits", {"training": "1", "test": "2"}, {}, {}))

    workers = [threading.Thread(target=send, args=(one,)) for one in lines]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert [one.reason for one in lines] == ["", ""]
    for run in runs:
        assert len(server._client.get_run(run).inputs.dataset_inputs) == 2


def test_a_step_that_fails_for_another_reason_is_not_taken_again(tmp_path: Path) -> None:
    taken: list[str] = []

    def step(server: Any) -> None:
        taken.append("step")
        raise OSError("the disk is full")

    assert not line.Line(tracking.uri(tmp_path)).attempt(step)
    assert taken == ["step"]


def test_a_study_says_when_its_delivery_did_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The trials of a study whose budget is spent are delivered last; that takes a minute at most."""
    wanted = studies.study(budget=Budget(trials=1))
    with folder.opened(tmp_path / wanted.name, wanted) as store:
        store.finish(studies.complete(store.ask()))
    late = iter(range(0, 10**6, 61))
    monkeypatch.setattr("suite.tracking.delivery.time.monotonic", lambda: next(late))
    pipeline.run(wanted, tmp_path)
    assert "small: 0 trials are in MLflow, 1 waits (60 s were over)" in caplog.text


def wait_for(happened: Callable[[], bool], seconds: float = 120) -> None:
    """Look again and again until it has happened; fail when it does not."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def is_delivered(story: Story, uri: str, number: int) -> bool:
    with ledger.Ledger(story.folder, uri) as entries:
        return bool(entries.digest(f"trial/{number}"))
