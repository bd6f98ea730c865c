"""Does the doctor find what is broken, say the way out, and keep passwords to itself?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.cli import health
from suite.machine import gpus
from suite.search import folder
from suite.training import kernels
from tests import studies
from tests.commands import suite

WAYS = {"what", "state", "found", "way_out"}


def examined(root: Path, *words: str) -> tuple[int, dict[str, dict[str, str]]]:
    done = suite("doctor", "--runs", root, "--format", "json", *words)
    found = json.loads(done.stdout)
    assert all(set(one) == WAYS for one in found)
    return done.returncode, {one["what"]: one for one in found}


def test_all_is_well_where_nothing_is_wrong(tmp_path: Path) -> None:
    code, found = examined(tmp_path / "new" / "runs")
    assert code == 0, found
    assert {one["state"] for one in found.values()} <= {"ok", "advice"}
    assert found["folder of the runs"]["found"].endswith("can be made")
    assert "tensorflow 2." in found["packages"]["found"]
    assert not (tmp_path / "new").exists()  # to look changes nothing


def test_what_is_broken_is_named_with_a_way_out_and_the_exit_code_says_so(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "study.toml").write_text("no study")
    (tmp_path / "run" / "trials.db").write_bytes(b"no database")
    (tmp_path / "mlflow.db").write_bytes(b"no database either, but long enough to be read as one" * 99)
    code, found = examined(tmp_path)
    assert code == 1
    for what in ("runs", "tracking"):
        assert found[what]["state"] == "broken"
        assert found[what]["way_out"]
    assert "1 of 1 cannot be read" in found["runs"]["found"]


def test_a_file_in_the_place_of_the_folder_is_broken(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    assert health._folder("folder", tmp_path / "runs", "--runs names another").state == health.BROKEN


@pytest.mark.parametrize("url", [
    "postgresql+psycopg://user:s3cret@127.0.0.1:9/suite", "mysql+none://user:s3cret@host/x", "s3cret",
    "postgresql+psycopg://user:s3cret@host:port/x",
])  # fmt: skip
def test_no_password_is_ever_said(url: str, tmp_path: Path) -> None:
    done = suite("doctor", "--runs", tmp_path, "--storage", url)
    assert done.returncode == 1
    assert "storage" in done.stdout
    assert "s3cret" not in done.stdout + done.stderr


def test_the_password_of_the_tracking_server_is_not_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "suite", "doctor", "--runs", str(tmp_path)]
    environment = os.environ | {"MLFLOW_TRACKING_URI": "http://me:s3cret@127.0.0.1:9"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "http://me@127.0.0.1:9" in done.stdout
    assert "s3cret" not in done.stdout + done.stderr


def test_a_database_that_answers_is_named_and_nothing_is_made_in_it(tmp_path: Path) -> None:
    code, found = examined(tmp_path, "--storage", f"sqlite:///{tmp_path / 'some.db'}")
    assert (code, found["storage"]["state"]) == (0, "ok")
    assert not (tmp_path / "some.db").exists() or (tmp_path / "some.db").stat().st_size == 0


def test_a_depot_is_tried_and_nothing_is_left_in_it(tmp_path: Path) -> None:
    (tmp_path / "place" / "small-3fa9c1d2" / "models").mkdir(parents=True)
    file = tmp_path / "place" / "small-3fa9c1d2" / "models" / "7.1-0f3a9c51d2b84e67.keras"
    file.write_text("a network")
    code, found = examined(tmp_path / "runs", "--depot", str(tmp_path / "place"))
    assert (code, found["depot"]["state"]) == (0, "ok")
    assert found["depot"]["found"].endswith("place can be written, and keeps 1 file of 1 run")
    assert [one for one in (tmp_path / "place").rglob("*") if one.is_file()] == [file]


@pytest.mark.parametrize(("place", "said"), [
    ("no such folder", "make it, or mount its disk"),
    ("s4://me:s3cret@bucket", "no such kind of place: name a folder, s3://BUCKET/PREFIX"),
    ("sftp://me:s3cret@127.0.0.1/suite", "sftp://me@127.0.0.1/suite"),
])  # fmt: skip
def test_a_depot_that_cannot_be_used_is_broken_and_its_way_out_is_said(place: str, said: str, tmp_path: Path) -> None:
    code, found = examined(tmp_path, "--depot", place)
    assert (code, found["depot"]["state"]) == (1, "broken")
    assert said in found["depot"]["way_out"]
    assert "s3cret" not in str(found)


def test_what_waits_for_the_depot_of_a_run_is_counted(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    with folder.opened(tmp_path / "runs" / "small", studies.study(), depot=str(tmp_path / "place")) as store:
        (store.folder / "classes.json").write_text("[]")
        assert store.depot.deliver()
        (store.folder / "models").mkdir()
        (store.folder / "models" / "7.keras").write_text("a network")
    _, found = examined(tmp_path / "runs")
    assert found["depot of small"]["state"] == "advice"
    assert "has 1 file, and here wait 1 more" in found["depot of small"]["found"]
    (tmp_path / "place").rename(tmp_path / "away")
    code, found = examined(tmp_path / "runs")
    assert (code, found["depot of small"]["state"]) == (1, "broken")
    assert "mount its disk" in found["depot of small"]["way_out"]


def test_what_onednn_has_ended_on_this_processor_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path))
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    assert health._onednn().state == health.OK
    for name, processor in (("here", kernels.processor()), ("there", "another one")):
        known = {"ended": "SIGSEGV", "tried": f"networks of {name}", "processor": processor}
        kernels._keep(tmp_path / "kernels" / f"{name}.json", known)
    found = health._onednn()
    assert (found.state, found.found) == (health.ADVICE, "off in trainings: it ended networks of here by SIGSEGV")


@pytest.mark.slow
def test_a_gpu_that_tensorflow_does_not_use_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "0000:01:00.0").mkdir()
    monkeypatch.setattr(gpus, "DRIVER", tmp_path)
    found = health._devices()
    assert found.state == health.ADVICE
    assert "[gpu]" in found.way_out


@pytest.mark.postgres
def test_a_postgres_server_is_named(postgres: str, tmp_path: Path) -> None:
    code, found = examined(tmp_path, "--storage", postgres)
    assert (code, found["storage"]["state"]) == (0, "ok")
    assert found["storage"]["found"].startswith("postgresql ")


@pytest.mark.slow
def test_the_devices_are_those_of_tensorflow(tmp_path: Path) -> None:
    import tensorflow as tf

    _, found = examined(tmp_path, "--devices")
    assert len(found["devices"]["found"].split(", ")) == len(tf.config.list_physical_devices())


def test_the_doctor_needs_no_tensorflow(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['suite', 'doctor', '--runs', sys.argv[1]]\n"
        "from suite.cli.commands import cli\n"
        "try: cli(standalone_mode=False)\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'tensorflow', 'keras', 'mlflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
