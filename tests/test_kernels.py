"""Does a study train with oneDNN where it may, and without it where its networks die of it?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite import studyfile
from suite.core.paths import FOR_TRAINING
from suite.machine import cache
from suite.training import kernels
from suite.training.kernels import SWITCH

MINE = """
from dataclasses import dataclass
import os, signal
import keras
from keras import layers

@dataclass(frozen=True, kw_only=True)
class Config:
    width: int = 8

VARIANTS = {"small": Config()}

def build(config, task):
    image = keras.Input(task.image)
    x = layers.Conv2D(config.width, 3, padding="same")(image)
    x = FIRST(config.width)(x)
    return keras.Model(image, layers.Dense(task.classes)(layers.GlobalAveragePooling2D()(x)))
"""
STRIDED = "lambda width: layers.Conv2D(width, 1, strides=2)"
PLAIN = "lambda width: layers.Conv2D(width, 3, strides=2)"
KILLED = "lambda width: os.kill(os.getpid(), signal.SIGABRT)"
WRONG = "lambda width: 1 / 0"

STUDY = """
name = "mine"
architecture = "mine.py/small"
dataset = "digits"
image = [16, 16, 1]
budget = { trials = 1 }
fidelity = { epochs = 1 }
latency = { seconds = 0.3, settling = 0 }
space = { width = { choice = [8, 12] } }
objectives = [{ measure = "accuracy", goal = "max" }, { measure = "parameters", goal = "min" }]
"""


@pytest.fixture(autouse=True)
def _unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have neither an opinion of the user's nor an answer from before; the process goes on as it began."""
    monkeypatch.setenv(SWITCH, "")
    monkeypatch.delenv(SWITCH)
    monkeypatch.setenv(FOR_TRAINING, "")
    monkeypatch.delenv(FOR_TRAINING)
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path / "cache"))
    exercised = kernels._exercised
    monkeypatch.setattr(kernels, "_exercised", lambda words: 0 if words == kernels.OURS else exercised(words))


def study(folder: Path, layer: str) -> Path:
    (folder / "mine.py").write_text(MINE.replace("FIRST(", f"({layer})("))
    (folder / "mine.toml").write_text(STUDY)
    return folder / "mine.toml"


def told(file: Path) -> list[str]:
    lines: list[str] = []
    kernels.choose({file: studyfile.read(file)}, [], lines.append)
    return lines


@pytest.mark.slow
def test_a_network_that_dies_of_onednn_is_trained_without_it_and_that_is_said_and_known(tmp_path: Path) -> None:
    file = study(tmp_path, KILLED)
    first = told(file)
    assert os.environ.pop(SWITCH) == "0"
    assert first[-1] == "oneDNN is off: on this processor it ended a training of mine/small by SIGABRT."
    assert told(file) == first[-1:]
    assert os.environ.pop(SWITCH) == "0"
    study(tmp_path, WRONG)  # another content, another answer
    assert len(told(file)) == 1
    assert SWITCH not in os.environ


@pytest.mark.slow
@pytest.mark.skipif("avx512f" not in kernels.processor(), reason="a fault of kernels for AVX-512")
def test_a_1x1_convolution_of_keras_with_strides_is_found_and_one_of_3x3_is_not(tmp_path: Path) -> None:
    told(study(tmp_path, PLAIN))
    assert SWITCH not in os.environ
    told(study(tmp_path, STRIDED))
    assert os.environ[SWITCH] == "0"


def test_the_networks_of_the_catalogue_are_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[str, ...]] = []
    monkeypatch.setattr(kernels, "_exercised", lambda words: tried.append(words) or -6)
    (quickstart,) = Path(__file__).parents[1].glob("studies/quickstart/resnet.toml")
    assert told(quickstart)[-1].endswith("it ended a training of networks of the catalogue by SIGABRT.")
    assert tried == [kernels.OURS]
    assert os.environ[SWITCH] == "0"


def test_what_the_user_has_set_is_not_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "1")
    assert told(study(tmp_path, KILLED)) == []
    assert os.environ[SWITCH] == "1"


@pytest.mark.slow
def test_another_fault_is_left_to_the_study_and_not_remembered(tmp_path: Path) -> None:
    file = study(tmp_path, WRONG)
    assert [line.partition(" on this")[0] for line in told(file)] == ["Trying TensorFlow's oneDNN kernels"] * 2
    assert SWITCH not in os.environ
    (kept,) = (cache.folder() / "kernels").glob("*.json")
    assert json.loads(kept.read_text())["tried"] == "networks of the catalogue"


def test_a_cache_that_cannot_be_written_or_read_costs_an_answer_and_no_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "_exercised", lambda words: 0)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path / "file"))  # no folder
    monkeypatch.setattr(cache.tempfile, "tempdir", "/proc/nowhere")
    assert len(told(study(tmp_path, PLAIN))) == 2
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path / "cache"))
    assert len(told(study(tmp_path, PLAIN))) == 2
    assert told(study(tmp_path, PLAIN)) == []
    for kept in (cache.folder() / "kernels").glob("*.json"):
        kept.write_text("{")
    assert len(told(study(tmp_path, PLAIN))) == 2


def test_the_answer_is_one_machine_s_and_one_version_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_exercised", lambda words: 0)
    file = study(tmp_path, PLAIN)
    assert [len(told(file)), len(told(file))] == [2, 0]
    monkeypatch.setattr(kernels, "processor", lambda: "another")
    assert [len(told(file)), len(told(file))] == [2, 0]
    monkeypatch.setattr(kernels, "version_of", lambda name: "another")
    assert [len(told(file)), len(told(file))] == [2, 0]


def test_after_a_crash_in_a_study_the_next_process_trains_without_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    kernels.suspect("its process was ended by SIGKILL, most likely for want of memory", lines.append)
    assert SWITCH not in os.environ
    kernels.suspect("its process was ended by SIGSEGV", lines.append)
    assert os.environ[SWITCH] == "0"
    assert len(lines) == 1
    monkeypatch.setenv(SWITCH, "1")
    kernels.suspect("its process was ended by SIGSEGV", lines.append)
    assert os.environ[SWITCH] == "1"


@pytest.mark.slow
@pytest.mark.parametrize(("said", "recorded"), [(None, None), ("0", "off")])
def test_a_trial_records_what_tensorflow_computes_with(said: str | None, recorded: str | None) -> None:
    """By default it is TensorFlow's own choice for the processor, which importing the suite does not change."""
    show = "from tensorflow.python.util import _pywrap_util_port as p; print(p.IsMklEnabled())"
    ours = "import suite; from suite.machine.surroundings import surroundings; print(surroundings()['onednn'])"
    asked = os.environ | ({SWITCH: said} if said else {})

    def answer(code: str) -> str:
        done = subprocess.run([sys.executable, "-c", code], env=asked, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert answer(ours) == (recorded or {"True": "on", "False": "off"}[answer(show)])
