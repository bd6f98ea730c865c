"""The whole story as a user lives it, with the real parts: one's own pictures, a crash, a model that answers."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from mlflow import MlflowClient
from PIL import Image

from suite.core.trial import Run
from suite.search import folder
from tests import commands

STUDY = """
name = "shapes"
question = "How wide must a network be that tells discs from bars?"
architecture = "resnet/tiny"
dataset = "{pictures}"
image = [16, 16, 3]

[space]
depths = {{ choice = [[1], [1, 1]] }}
widths = {{ choice = [[4], [8], [4, 8], [64, 128]] }}

[recipe]
batch_size = 16
learning_rate = {{ log = [1e-3, 1e-2] }}

[[objectives]]
measure = "accuracy"
goal = "max"

[[objectives]]
measure = "latency"
goal = "min"

[[constraints]]
measure = "parameters"
at_most = 20_000

[budget]
trials = 5

[fidelity]
epochs = 3

[latency]
seconds = 0.3
settling = 0
"""


ALONE = ("--workers", "1")  # so that it is known which trial ends with a process; teams are in test_team


def draw(root: Path) -> None:
    """Draw 40 pictures each of discs, bars and rings, in any colour and size."""
    source = np.random.default_rng(7)
    for name in ("bar", "disc", "ring"):
        (root / name).mkdir(parents=True)
        for number in range(40):
            side = int(source.integers(20, 60))
            y, x = np.mgrid[:side, :side] - side / 2
            radius, size = np.hypot(x, y), side * source.uniform(0.25, 0.45)
            shapes = {"bar": np.abs(x) < size / 3, "disc": radius < size, "ring": np.abs(radius - size) < side / 10}
            colours = source.integers(0, 256, (2, 3), np.uint8)
            Image.fromarray(colours[shapes[name].astype(int)]).save(root / name / f"{number}.png")


class World:
    """A folder in which `suite` is called."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.heard: list[str] = []  # what each command wrote on stderr
        draw(root / "pictures")
        (root / "shapes.toml").write_text(STUDY.format(pictures=root / "pictures"))

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = commands.suite(*arguments, cwd=self.root)
        self.heard.append(done.stderr)
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments), cwd=self.root, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-W", "error::UserWarning:suite", "-m", "suite", *arguments]

    def run(self) -> Run:
        return folder.read(self.root / "runs" / "shapes")

    def wait(self, for_: Callable[[Run], bool], process: subprocess.Popen[str], home: Path | None = None) -> None:
        """Wait until the run looks so."""
        home = home or self.root / "runs" / "shapes"
        while process.poll() is None:
            if folder.holds(home):
                try:
                    if for_(folder.read(home)):
                        return
                except KeyError:  # the study is being created
                    pass
            time.sleep(0.05)
        raise AssertionError(process.communicate())


def states(run: Run) -> list[str]:
    return [trial.state for trial in run.trials]


def trains(run: Run) -> bool:
    """Whether the newest trial is under way, and is one that will not be refused within the next moment."""
    depths, widths = (
        run.trials[-1].configuration[f"space.{key}"] if run.trials else () for key in ("depths", "widths")
    )
    return states(run)[-1:] == ["running"] and len(depths) == len(widths) and widths != (64, 128)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A study that was killed in its first trials, lost a worker in a later one, and was run to its end."""
    made = World(tmp_path_factory.mktemp("world"))
    first = made.start("run", "shapes.toml", *ALONE)
    made.wait(trains, first)
    worker = psutil.Process(first.pid).children()[0]
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert worker.wait(timeout=120) is None or not worker.is_running()

    second = made.start("run", "shapes.toml", *ALONE)
    made.wait(lambda run: "complete" in states(run) and trains(run), second)
    os.kill(psutil.Process(second.pid).children()[0].pid, signal.SIGKILL)
    _, said = second.communicate()
    assert second.returncode == 0, said
    made.said = said  # type: ignore[attr-defined]
    return made


def test_a_study_killed_before_anything_was_trained_goes_on_where_it_was(world: World) -> None:
    trials = world.run().trials
    (half,) = [trial for trial in trials if trial.state == "interrupted"]
    assert all(trial.state == "refused" for trial in trials if trial.number < half.number)
    assert any(trial.configuration == half.configuration for trial in trials if trial.number > half.number)


def test_a_trial_that_took_its_process_with_it_is_a_row_and_the_study_goes_on(world: World) -> None:
    (failed,) = [trial for trial in world.run().trials if trial.state == "failed"]
    assert "SIGKILL" in failed.reason
    assert "want of memory" in failed.reason


def test_the_budget_is_kept_and_nothing_is_run_twice(world: World) -> None:
    trials = [trial for trial in world.run().trials if trial.state != "interrupted"]
    assert sum(trial.state in ("complete", "failed") for trial in trials) == 5
    configurations = [json.dumps(trial.configuration) for trial in trials]
    assert len(set(configurations)) == len(configurations)


def test_every_complete_trial_has_all_that_is_asked_of_it(world: World) -> None:
    for trial in world.run().trials:
        if trial.state == "complete":
            assert {"accuracy", "top5", "loss", "parameters", "macs", "activations", "latency"} <= trial.measures.keys()
            assert trial.measures["top5"] == 100  # there are three classes
            assert len(trial.curve) == 3
            assert {"device", "tensorflow", "dataset_digest", "commit", "threads"} <= trial.surroundings.keys()
            assert trial.measures["accuracy"] == max(row["val_accuracy"] for row in trial.curve)
            assert folder.model(world.run().folder, trial.number).is_file()


def test_the_same_command_says_that_it_is_done(world: World) -> None:
    before = world.run().trials
    again = world.call("run", "shapes.toml")
    assert again.returncode == 0
    assert "shapes is done" in again.stderr
    assert world.run().trials == before


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_study_that_is_asked_to_end_gives_back_what_is_half_done(world: World, end: signal.Signals) -> None:
    begun = world.start("run", "shapes.toml", *ALONE, "--set", f"name=ended-{end.name}", "budget.trials=50")
    home = world.root / "runs" / f"ended-{end.name}"
    world.wait(lambda run: "complete" in states(run) and trains(run), begun, home)
    begun.send_signal(end)
    _, said = begun.communicate()
    assert begun.returncode == 130, said
    assert "interrupted. What was finished is kept" in said
    before = folder.read(home).trials
    left = [trial.state for trial in before]
    assert "running" not in left
    assert "complete" in left
    with folder.reopened(home) as store:
        half = [trial for trial in before if trial.state in ("running", "interrupted")]
        again = store.ask()
        assert [trial.configuration for trial in half] in ([again.configuration], [])
    assert not [trial for trial in before if trial.state == "failed"]


def test_another_study_of_that_name_is_not_taken_for_it(world: World) -> None:
    done = world.call("run", "shapes.toml", "--set", "seed=9")
    assert done.returncode == 2
    assert "runs/shapes holds trials of this study with another seed" in done.stderr


def test_a_picture_that_cannot_be_read_is_named_and_leaves_no_run(world: World, tmp_path: Path) -> None:
    draw(tmp_path)
    (tmp_path / "disc" / "7.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    done = world.call("run", "shapes.toml", "--set", f"dataset={tmp_path}", "name=damaged")
    assert done.returncode == 2
    assert f"{tmp_path}/disc/7.png" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (world.root / "runs" / "damaged").exists()


def test_the_resolved_study_stands_beside_the_results(world: World) -> None:
    done = world.call("check", "runs/shapes/study.toml")
    assert done.returncode == 0, done.stderr
    assert str(world.root / "pictures") in (world.root / "runs" / "shapes" / "study.toml").read_text()


def test_the_front_is_printed_for_programs_too(world: World) -> None:
    done = world.call("front", "shapes", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows
    accuracies = [float(row["accuracy"]) for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    latencies: dict[float, list[float]] = {}
    for row in rows:
        latencies.setdefault(float(row["accuracy"]), []).append(float(row["latency"]))
    fastest = [min(equal) for equal in latencies.values()]
    assert fastest == sorted(fastest, reverse=True)


def test_when_nothing_fits_the_exit_code_is_3_and_the_nearest_are_named(world: World) -> None:
    done = world.call("front", "shapes", "--max-latency", "0.000001")
    assert done.returncode == 3
    assert "no trained model meets latency <= 1e-06 ms. Nearest:" in done.stderr
    assert done.stdout == ""


def test_the_report_is_written_from_the_store(world: World) -> None:
    done = world.call("report", "shapes", "-o", "page")
    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.strip())
    assert page == world.root / "page" / "index.html"
    assert "SIGKILL" in page.read_text()
    assert (world.root / "page" / "trials.csv").is_file()


def test_mlflow_holds_the_study_its_trials_and_the_models_of_the_front(world: World) -> None:
    client = MlflowClient(f"sqlite:///{world.root / 'runs' / 'mlflow.db'}")
    groups = [experiment.experiment_id for experiment in client.search_experiments()]
    found = client.search_runs(groups, "tags.kind = 'trial'")
    children = [run for run in found if run.info.run_name.startswith("shapes/")]  # other studies are told of there too
    ended = [trial for trial in world.run().trials if trial.state != "running"]
    assert len(children) == len(ended)
    front = [child for child in children if child.data.tags["front"] == "true"]
    models = [model for model in client.search_logged_models(groups) if model.name.startswith("shapes-")]
    assert sorted(model.name for model in models) == sorted(child.info.run_name.replace("/", "-") for child in front)


@pytest.fixture(scope="module")
def exported(world: World) -> Path:
    done = world.call("export", "shapes", "best", "exports", "--name", "shapes")
    assert done.returncode == 0, done.stderr
    assert "the same class comes first for 100.0%" in done.stderr
    return Path(done.stdout.strip())


def test_the_exported_model_answers_for_a_picture(world: World, exported: Path) -> None:
    picture = next((world.root / "pictures" / "disc").iterdir())
    done = world.call("predict", str(exported), str(picture), "--format", "json")
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert [row["rank"] for row in answers] == [1, 2, 3]
    assert {row["class"] for row in answers} == {"bar", "disc", "ring"}


def test_exporting_the_same_again_writes_nothing(world: World, exported: Path) -> None:
    done = world.call("export", "shapes", "best", "exports", "--name", "shapes")
    assert Path(done.stdout.strip()) == exported


@pytest.mark.slow
def test_the_exported_trial_is_registered_once_and_its_alias_is_printed(world: World, exported: Path) -> None:
    words = ("register", "shapes", "best", "--name", "shapes", "--alias", "champion")
    first, again = world.call(*words), world.call(*words)
    assert first.stdout == again.stdout == "models:/shapes@champion\n"
    assert "is version 1 of shapes" in first.stderr
    assert "is already version 1 of shapes" in again.stderr


def test_a_trial_without_a_model_cannot_be_exported(world: World) -> None:
    number = next(trial.number for trial in world.run().trials if trial.state == "failed")
    done = world.call("export", "shapes", str(number), "exports")
    assert done.returncode == 1
    assert f"shapes/{number} is failed and has no trained model" in done.stderr


def test_no_line_of_another_library_reaches_the_terminal(world: World, exported: Path) -> None:
    """Over all commands of this story: TensorFlow's notes on kernels, drivers and retracing, and Python's warnings."""
    world.call("measure", "resnet/tiny", "--no-latency")
    chatter = re.compile(r"^[IWEF]\d{4} |oneDNN custom|tensorflow:|retrac|absl|cuda|Warning: |alembic", re.IGNORECASE)
    told = [line for said in (*world.heard, world.said) for line in said.splitlines()]  # type: ignore[attr-defined]
    assert len(told) > 10
    assert [line for line in told if chatter.search(line)] == []
