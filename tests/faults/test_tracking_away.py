"""MLflow's server dies, or falls silent, for minutes of a study, which goes on: MLflow gets everything later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException

from suite import tracking
from suite.search import folder
from tests.faults.simulated import ROOT, Simulated
from tests.faults.test_signals import SHORT, STUDY
from tests.test_tracking import Place, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")]
AWAY = 130  # seconds


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A real MLflow server of this test's own, which may take its time to start."""
    monkeypatch.setattr(sys.modules["suite.tracking.ui"], "STARTING", 900)
    place = Place(tmp_path / "mlflow")
    yield place
    place.strike(signal.SIGCONT)
    place.kill()


def uri(place: Place) -> str:
    return f"http://127.0.0.1:{place.port}"


def in_mlflow(place: Place, study: str) -> dict[str, str]:
    """Return the states of the trials of a study, by the names of their runs. Each has one run."""
    from mlflow import MlflowClient

    client = MlflowClient(uri(place))
    groups = [experiment.experiment_id for experiment in client.search_experiments()]
    wanted = f"tags.study = '{study}' and tags.kind = 'trial'"
    runs = list(client.search_runs(groups, wanted, max_results=1000))
    assert max(Counter(run.info.run_name for run in runs).values(), default=0) <= 1, "a run was made twice"
    return {run.info.run_name: run.data.tags["state"] for run in runs}


def arrived(place: Place, study: str) -> int:
    """Return how many trials of a study MLflow has; 0 while it does not answer, as when it begins to again."""
    try:
        return len(in_mlflow(place, study))
    except MlflowException:
        return 0


@pytest.mark.parametrize("how", ["killed", "silent"])
def test_a_study_whose_server_is_away_for_minutes_goes_on_and_mlflow_gets_all(
    tmp_path: Path, place: Place, how: str
) -> None:
    """Three workers, of which one is killed meanwhile. A silent server takes connections, and answers nobody."""
    with Simulated(tmp_path / "run", None, trials=220, seconds=5) as simulated:
        simulated.start(3, mlflow=uri(place))
        wait_for(lambda: arrived(place, simulated.study.name) > 5, 600)
        before = len(simulated.given())
        if how == "killed":
            place.kill()
        else:
            place.strike(signal.SIGSTOP)
        back = time.monotonic() + AWAY
        time.sleep(AWAY / 3)
        simulated.strike(simulated.running[0])
        simulated.start(1, mlflow=uri(place))
        while time.monotonic() < back:
            time.sleep(1)
        meanwhile = len(simulated.given())
        assert meanwhile > before + 20, "the study waited for MLflow"
        assert len(simulated.running) == 3
        if how == "killed":
            place.start()
        else:
            place.strike(signal.SIGCONT)
        wait_for(lambda: arrived(place, simulated.study.name) > meanwhile, 600)
        assert simulated.end_all() == [0] * 3, simulated.errors()
        simulated.check()
        said = simulated.errors()
        assert "The study goes on, and delivers later." in said
        assert "is back." in said
        assert "Traceback" not in said
        trials = simulated.read()
        delivery = tracking.deliver(folder.read(simulated.home), uri(place))
        assert (delivery.delivered, delivery.waiting) == (len(trials), 0), delivery
        wanted = {f"{simulated.study.name}/{trial.number}": trial.state for trial in trials}
        assert in_mlflow(place, simulated.study.name) == wanted


def test_a_run_whose_server_goes_says_what_waits_and_the_same_command_delivers_it(tmp_path: Path, place: Place) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": uri(place)}
    command = [sys.executable, "-m", "suite", "run", str(STUDY), *SHORT, "budget.trials=8"]
    how = {"cwd": tmp_path, "env": environment, "text": True, "stdin": subprocess.DEVNULL}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **how) as running:  # type: ignore[call-overload]
        wait_for(lambda: "complete" in in_mlflow(place, "quickstart-resnet").values(), 900)
        place.kill()
        _, said = running.communicate()
    assert running.returncode == 0, said
    assert "The study goes on, and delivers later." in said
    assert "wait (connection refused." in said
    assert "or the same command again, delivers it." in said
    place.start()
    done = subprocess.run(command, capture_output=True, **how)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    assert "wait (" not in done.stderr
    trials = folder.read(tmp_path / "runs" / "quickstart-resnet").trials
    assert in_mlflow(place, "quickstart-resnet") == {
        f"quickstart-resnet/{trial.number}": trial.state for trial in trials
    }
