"""Does a trial whose process is killed in the midst of its training go on from its last epoch?"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from suite import pipeline, tracking
from suite.core.domains import Choice
from suite.core.study import Budget, Fidelity, Study
from suite.tracking.delivery import Delivery
from tests import studies

KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from suite.machine.quiet import load_tensorflow
load_tensorflow()
from suite import pipeline
from suite.training import checkpoint
from tests.test_killed_training import study

plain, checkpoint.SPARED = checkpoint.save, 0

def save(file, variables, plan, progress):
    plain(file, variables, plan, progress)
    if progress.epochs == 2:
        os.kill(os.getpid(), signal.SIGKILL)

checkpoint.save = save
pipeline.run(study(), Path({home!r}), show=False)
"""


def study() -> Study:
    """One network, four epochs at once."""
    space = {"stem": "small", "depths": Choice(((1,),)), "widths": (4,)}
    return studies.study(
        image=(16, 16, 1), space=space, recipe={"batch_size": 256}, fidelity=Fidelity(epochs=4), budget=Budget(trials=1)
    )


@pytest.mark.slow
def test_a_trial_whose_process_was_killed_goes_on_from_its_last_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = KILLED.format(tests=str(Path(__file__).parents[1]), home=str(tmp_path))
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    killed = time.time()
    monkeypatch.setattr(tracking, "deliver", lambda *_, **__: Delivery(delivered=0, waiting=0))
    done = pipeline.run(study(), tmp_path, show=False)
    assert [(trial.state, trial.reruns) for trial in done.trials] == [("interrupted", None), ("complete", 0)]
    curve = done.trials[1].curve
    assert [row["epoch"] for row in curve] == [1, 2, 3, 4]
    assert [row["time"] < killed for row in curve] == [True, True, False, False]
    assert list((done.folder / "checkpoints").iterdir()) == []
