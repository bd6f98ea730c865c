"""Do two workers search side by side where that is faster here, and only there?"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest

from suite.core.domains import Choice
from suite.machine import helper
from suite.search import sharing
from suite.search.sharing import Load, gain, usual
from tests import studies

MIDDLE = Load(network="vgg/tiny", image=(32, 32))


@pytest.fixture(autouse=True)
def roomy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with room for two, that has measured nothing."""
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path))
    monkeypatch.setattr(sharing, "can_fork", lambda: True)
    monkeypatch.setattr(sharing.capacity, "processors", lambda: 2)
    monkeypatch.setattr(sharing.capacity, "free_memory", lambda: 64e9)


@pytest.fixture
def gains(monkeypatch: pytest.MonkeyPatch) -> dict[Load, float]:
    """What is measured: each load that is asked for, and what it gains."""
    asked: dict[Load, float] = {}
    monkeypatch.setattr(sharing, "measured", lambda load: asked.setdefault(load, 1.3))
    return asked


@pytest.mark.parametrize(
    ("network", "side", "workers"),
    [("resnet/tiny", 32, 2), ("vgg/tiny", 16, 2), ("resnet/50", 224, 1), ("efficientnet/b7", 600, 1)],
)
def test_very_small_and_large_networks_need_no_measurement(
    gains: dict[Load, float], network: str, side: int, workers: int
) -> None:
    assert usual([studies.study(architecture=network, image=(side, side, 3))]) == workers
    assert not gains


def test_between_them_the_machine_decides_and_is_asked_once(
    gains: dict[Load, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    middle = studies.study(architecture="vgg/tiny", image=(32, 32, 3))
    assert usual([middle]) == 2
    monkeypatch.setattr(sharing, "measured", lambda load: pytest.fail("it is known"))
    assert usual([middle]) == 2
    monkeypatch.setattr(sharing, "measured", lambda load: gains.setdefault(load, 1.05))
    assert usual([studies.study(architecture="vgg/tiny", image=(48, 48, 3))]) == 1, "another size of pictures"
    assert len(gains) == 2
    monkeypatch.setattr(sharing.capacity, "processors", lambda: 4)
    monkeypatch.setattr(sharing, "measured", lambda load: 1.05)
    assert usual([middle]) == 1, "another machine is asked again"


def test_the_largest_network_and_picture_of_all_studies_decide(gains: dict[Load, float]) -> None:
    sizes = studies.study(architecture=("resnet/tiny", "vgg/tiny"), image=Choice(values=(16, 48, 32)))
    assert usual([sizes]) == 2
    assert list(gains) == [Load(network="vgg/tiny", image=(48, 48))]
    assert usual([sizes, studies.study(architecture="resnet/50", image=(224, 224, 3))]) == 1


def test_one_worker_trains_what_cannot_be_judged(gains: dict[Load, float], monkeypatch: pytest.MonkeyPatch) -> None:
    small = studies.study(architecture="resnet/tiny", image=(32, 32, 3))
    assert usual([small]) == 2
    assert usual([replace(small, weights="imagenet")]) == 1
    assert usual([replace(small, architecture="mine.py/small")]) == 1
    for name, value in (("free_memory", 1e9), ("processors", 1)):
        with monkeypatch.context() as poorer:
            poorer.setattr(sharing.capacity, name, lambda value=value: value)
            assert usual([small]) == 1
    monkeypatch.setattr(sharing, "can_fork", lambda: False)
    assert usual([small]) == 1


def test_trainings_are_compared_on_this_machine(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Two on half the processors each cannot do thrice what one does on all, nor a third: no thread is lost or won."""
    found = gain(MIDDLE)
    assert 1 / 3 < found < 3
    (kept,) = (tmp_path / "sharing").iterdir()
    assert json.loads(kept.read_text()) == {"gain": found, "of": "vgg/tiny at 32 x 32 pixels"}
    assert f"{found:.2f} times as fast" in caplog.text
    assert not [child for child in children() if "suite.training.steps" in child]


def children() -> list[str]:
    asked = ["ps", "--ppid", str(os.getpid()), "-o", "args="]
    return subprocess.run(asked, capture_output=True, text=True).stdout.splitlines()


@pytest.mark.slow
def test_a_helper_says_how_many_pictures_a_second_it_sees() -> None:
    with (
        TemporaryFile("w+") as errors,
        helper.started(
            "suite.training.steps", "resnet/tiny", "8", "8", "0", "1", errors=errors, environment=os.environ
        ) as process,
    ):
        assert process.stdout.readline() == "ready\n"
        quick, long = (rate(process, seconds) for seconds in (0.2, 1.0))
        process.stdin.close()
        assert process.wait(60) == 0
    assert long / 4 < quick < 4 * long


def rate(process: Any, seconds: float) -> float:
    print(seconds, file=process.stdin, flush=True)
    return float(process.stdout.readline())


def test_what_cannot_be_trained_is_not_kept_and_one_worker_says_why(tmp_path: Path) -> None:
    assert gain(Load(network="alexnet/2012", image=(8, 8))) == 0
    assert not (tmp_path / "sharing").exists()
