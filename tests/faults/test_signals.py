"""A request to end comes at any moment of any verb: an exit code, no traceback, and the same command goes on.

The moments are counted, not timed: a hook of Python's ends the process at the n-th thing that it imports or opens.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from suite.search import folder
from suite.search.budget import spent
from tests import studies

ROOT = Path(__file__).parents[2]
HOOK = """
import os, signal, sys
seen, begun = 0, False
def heard(event, arguments):
    global seen, begun
    if event == "import" and arguments[0] == "suite.cli.commands":
        begun = True
    if begun and event in ("import", "open") and os.getpid() == own:
        seen += 1
        if seen == int(os.environ["MOMENT"]):
            os.kill(os.getpid(), int(os.environ["END"]))
own = os.getpid()
sys.addaudithook(heard)
import atexit
def note():
    if os.getpid() == own and os.path.isdir(os.environ["SEEN"]):
        with open(os.environ["SEEN"] + "/n", "w") as file:
            file.write(str(seen))
atexit.register(note)
"""


def started(tmp_path: Path, moment: int, end: signal.Signals, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a verb that gets a signal at a moment, counted from 1; at moment 0 it gets none."""
    hook = tmp_path / "hook"
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text(HOOK)
    environment = os.environ | {
        "PYTHONPATH": f"{hook}:{ROOT}", "MOMENT": str(moment), "END": str(int(end)), "SEEN": str(hook),
    }  # fmt: skip
    command = [sys.executable, "-m", "suite", *words]
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def moments(tmp_path: Path, count: int, *words: str) -> list[int]:
    """Return so many moments of a verb, from its first to its last one."""
    whole = started(tmp_path, 0, signal.SIGINT, *words)
    assert whole.returncode == 0, whole.stderr
    last = int((tmp_path / "hook" / "n").read_text())
    return [1 + (last - 1) * number // (count - 1) for number in range(count)]


def check(done: subprocess.CompletedProcess[str], end: signal.Signals) -> None:
    """Check how a verb has ended that was asked to."""
    assert done.returncode in (130, -end, 0), (done.returncode, done.stderr)
    assert not re.search("Traceback|Exception ignored|Error", done.stderr), done.stderr
    if done.returncode == 130:
        assert "suite: interrupted. What was finished is kept; the same command goes on." in done.stderr


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder with a run of four trials."""
    with folder.opened(tmp_path / "runs" / "small", studies.study()) as store:
        for accuracy in (80.0, 90.0, 85.0, 70.0):
            store.finish(studies.complete(store.ask(), accuracy))
    return tmp_path


LIGHT = {
    "front": ("front", "small"),
    "report": ("report", "small", "--format", "md", "-o", "-"),
    "list": ("list", "runs"),
}


def test_a_front_that_is_asked_to_end_at_any_moment_ends(run: Path) -> None:
    first, middle, last = moments(run, 3, *LIGHT["front"])
    for moment, end in ((first, signal.SIGINT), (middle, signal.SIGTERM), (last, signal.SIGINT)):
        check(started(run, moment, end, *LIGHT["front"]), end)
    assert len(folder.read(run / "runs" / "small").trials) == 4


@pytest.mark.faults
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("verb", LIGHT)
def test_a_verb_that_is_asked_to_end_at_each_of_many_moments_ends(run: Path, verb: str, end: signal.Signals) -> None:
    for moment in moments(run, 25, *LIGHT[verb]):
        check(started(run, moment, end, *LIGHT[verb]), end)
    assert len(folder.read(run / "runs" / "small").trials) == 4


STUDY = ROOT / "studies" / "quickstart" / "resnet.toml"
SHORT = ("--set", "budget.trials=2", "fidelity.epochs=1", "latency.seconds=0.3", "latency.settling=0", "--workers", "1")


@pytest.mark.faults
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_story_that_is_asked_to_end_at_each_of_many_moments_goes_on(tmp_path: Path, end: signal.Signals) -> None:
    """A search, its export, its confirmation and a measurement, each begun again until it has not been asked to end."""
    name = "quickstart-resnet"
    story = (
        ("run", str(STUDY), *SHORT),
        ("measure", "resnet/tiny", "--image", "16x16x1", "--seconds", "0.5", "-o", "here.csv"),
        ("export", name, "best", "exports"),
        ("confirm", name, "--seeds", "1", "--most", "1"),
    )
    for words in story:
        for moment in (1, 30, 300, 1_000, 2_000, 4_000, 6_000):
            done = started(tmp_path, moment, end, *words)
            check(done, end)
        assert started(tmp_path, 0, end, *words).returncode == 0
    run = folder.read(tmp_path / "runs" / name)
    assert spent(run.trials, run.study).trials == 2
    assert "running" not in [trial.state for trial in run.trials]
