"""What `make gpu` does, without a GPU: its steps, their seconds, and the parts that are new to each machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import delegates, gpu
from suite.machine import environment, gpus

ROOT = Path(__file__).parents[1]


def test_its_steps_take_eight_minutes_at_the_most_and_none_is_twice(tmp_path: Path) -> None:
    steps = list(gpu._steps(tmp_path, rehearse=False))
    assert sum(seconds for _, seconds, _ in steps) <= 480
    names = [name for name, _, _ in steps]
    assert len({*names}) == len(names)
    for wanted in ("transfer study", "two workers on one GPU", "GPU delegates", "tests that need a GPU"):
        assert wanted in names
    assert {name for name, _, _ in gpu._steps(tmp_path, rehearse=True)} == {*names} - {"tests that need a GPU"}


def test_a_report_is_of_the_runs_that_were_begun(tmp_path: Path) -> None:
    """A step whose time was over has not begun them all."""
    run = tmp_path / "runs-float32" / "quickstart-resnet"
    run.mkdir(parents=True)
    for name in ("study.toml", "trials.db"):
        (run / name).touch()
    reports = {name: words for name, _, words in gpu._steps(tmp_path, rehearse=True) if name.startswith("report of")}
    assert [word for word in reports["report of float32"] if word.startswith("quickstart")] == ["quickstart-resnet"]


@pytest.fixture
def four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine on which the driver sees four GPUs."""
    for number in range(4):
        (tmp_path / f"0000:0{number}:00.0").mkdir()
    monkeypatch.setattr(gpus, "DRIVER", tmp_path)
    known = {name: value for name, value in os.environ.items() if "GPU" not in name and "CUDA" not in name}
    monkeypatch.setattr(os, "environ", known)
    return monkeypatch


@pytest.mark.parametrize(("chosen", "there"), [
    (None, ["0", "1", "2", "3"]), ("2,3", ["2", "3"]), ("GPU-8f", ["GPU-8f"]), ("", []), ("-1", []), ("1,-1,2", ["1"]),
])  # fmt: skip
def test_the_gpus_are_those_that_the_driver_and_the_user_allow(
    four: pytest.MonkeyPatch, chosen: str | None, there: list[str]
) -> None:
    if chosen is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = chosen
    assert gpus.usable() == there


def test_each_worker_has_a_gpu_of_its_own_in_turn(four: pytest.MonkeyPatch) -> None:
    os.environ["CUDA_VISIBLE_DEVICES"] = "1,3"
    gpus.take_part(0)
    inherited, found = dict(os.environ), []
    for number in range(4):  # each inherits what the first has left
        four.setattr(os, "environ", dict(inherited))
        gpus.take_part(number)
        found.append(os.environ["CUDA_VISIBLE_DEVICES"])
    assert found == ["1", "3", "1", "3"]


def test_workers_share_one_gpu_and_each_takes_the_memory_that_it_needs(four: pytest.MonkeyPatch) -> None:
    os.environ["CUDA_VISIBLE_DEVICES"] = "2"
    gpus.take_part(1)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "2"
    environment.settle()
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "false"  # as a user wants it
    environment.settle()
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "false"


@pytest.mark.slow
def test_a_delegate_answers_as_the_processor_does(tmp_path: Path) -> None:
    """The processor in place of a delegate: LiteRT's compiled models and ONNX Runtime's providers are asked alike."""
    rows = list(delegates._rows("mobilenet/tiny", rehearse=True))
    assert [(row[1], row[2]) for row in rows] == [("litert", "CPU"), ("onnx", "CPUExecutionProvider")]
    for *_, difference, took, plain in rows:
        assert float(difference) < 1e-4
        assert min(float(took), float(plain)) > 0


def test_a_delegate_that_fails_is_a_row_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(step: object, *given: object) -> tuple[object, str]:
        if step is delegates.written:
            return {"litert": Path("a.tflite"), "onnx": Path("a.onnx")}, ""
        if given[1] == "CPU":
            return None, "its process crashed"
        return (np.zeros(3), 1.0, "all"), ""

    monkeypatch.setattr(delegates, "_elsewhere", asked)
    first, second = delegates._rows("mobilenet/tiny", rehearse=True)
    assert first[3] == "failed: its process crashed"
    assert second[3:] == ("all", "0.0e+00", "1", "1")


@pytest.mark.slow
def test_a_rehearsal_runs_every_step_on_the_processor(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), "-o", str(tmp_path / "gpu"), "--rehearse"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    steps = json.loads((tmp_path / "gpu" / "steps.json").read_text())
    assert {step["code"] for step in steps} <= {0, 124}, steps  # a busy machine may need longer for one
    text = (tmp_path / "gpu" / "README.md").read_text()
    assert "a rehearsal" in text
    assert all(f"| {step['name']} |" in text for step in steps)
