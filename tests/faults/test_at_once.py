"""Two searches, two measurements and reports at once, on one folder: each ends well, and nothing is done twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from suite.core import cells
from suite.search import folder
from suite.search.budget import spent
from tests.faults.test_signals import ROOT, SHORT, STUDY

RUN = ("run", str(STUDY), *SHORT, "budget.trials=4")
MEASURE = ("measure", "resnet/tiny", "mobilenet/tiny", "--image", "16x16x1", "--seconds", "0.5", "-o", "here.csv")
REPORT = ("report", "quickstart-resnet", "-o", "report")


def begun(tmp_path: Path, *words: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "suite", *words]
    return subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, stdin=subprocess.DEVNULL, text=True)


@pytest.mark.faults
def test_what_works_at_once_on_one_folder_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    working = [begun(tmp_path, *words) for words in (RUN, RUN, MEASURE, MEASURE)]
    while any(process.poll() is None for process in working):
        with begun(tmp_path, *REPORT) as report:
            _, said = report.communicate()
        assert "Traceback" not in said
        assert report.returncode == 0 or "suite: " in said, said
        if report.returncode:
            assert any(one in said for one in ("no run here", "No trial was completed", "no trial", "just began")), said
    for process in working:
        _, said = process.communicate()
        assert process.returncode == 0, said
        assert "Traceback" not in said
    run = folder.read(tmp_path / "runs" / "quickstart-resnet")
    assert spent(run.trials, run.study).trials == 4
    assert Counter(trial.state for trial in run.trials)["running"] == 0
    done = Counter(str(trial.configuration) for trial in run.trials if trial.state != "interrupted")
    assert max(done.values()) == 1
    rows = Counter((cell.model, cell.batch) for cell in cells.read(tmp_path / "here.csv").cells)
    assert set(rows.values()) == {1}
    assert len(rows) == 2
