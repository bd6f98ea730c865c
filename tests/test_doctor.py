"""Does the doctor find what is broken, say the way out, and keep passwords to itself?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.cli import health
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
