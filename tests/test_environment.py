"""What a user has set for other programs changes no result, or one line names it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.machine import environment, helper

FOREIGN = {"floatx": "float16", "image_data_format": "channels_first", "backend": "jax", "epsilon": 1e-3}
OF_KERAS = """
import sys
import keras

def main():
    config = keras.config
    print(config.floatx(), config.image_data_format(), config.backend(), config.epsilon(), config.max_epochs())
"""


def _ended(*command: str, cwd: Path | None = None, path: Path | None = None, **changed: str | None) -> tuple[str, str]:
    """Run a command in an environment with changes, None for unset ones; return its stdout and its last error line."""
    paths = [str(path)] if path else []
    known = os.environ | {"PYTHONPATH": os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])])}
    env = {name: value for name, value in (known | changed).items() if value is not None}
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env)
    return done.stdout.strip(), next(iter(done.stderr.strip().splitlines()[-1:]), "")


def _home(folder: Path, said: str) -> Path:
    (folder / ".keras").mkdir()
    (folder / ".keras" / "keras.json").write_text(said)
    return folder


def test_keras_starts_by_its_own_defaults_in_every_process_of_the_suite(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(OF_KERAS)
    set_by_others = {"KERAS_BACKEND": "torch", "KERAS_MAX_EPOCHS": "1", "TF_USE_LEGACY_KERAS": "1"}
    home = _home(tmp_path, json.dumps(FOREIGN))
    said, _ = _ended(*helper.command("job"), path=tmp_path, HOME=str(home), KERAS_HOME=None, **set_by_others)
    assert said == "float32 channels_last tensorflow 1e-07 None"


@pytest.mark.parametrize("said", ["{", "[]", "", '{"floatx": "bfloat16"}', '{"epsilon": 1}', '{"floatx": "float64"}'])
def test_a_keras_json_that_says_anything_else_is_left_aside_and_what_keras_downloaded_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    _settled(monkeypatch, _home(tmp_path, said))
    (tmp_path / ".keras" / "models").mkdir()
    (tmp_path / ".keras" / "models" / "resnet.h5").touch()
    home = Path(os.environ["KERAS_HOME"])
    assert not (home / "keras.json").exists()
    assert (home / "models" / "resnet.h5").exists()


@pytest.mark.parametrize("said", ["{}", '{"floatx": "float32", "epsilon": 1e-07, "backend": "jax"}'])
def test_a_plain_keras_json_stays_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    _settled(monkeypatch, _home(tmp_path, said))
    assert "KERAS_HOME" not in os.environ


@pytest.mark.parametrize(("threads", "kept"), [("0", None), ("x", None), ("-1", None), ("", None), ("4,2", "4,2")])
def test_a_number_of_threads_that_is_none_is_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: str, kept: str | None
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    _settled(monkeypatch, tmp_path)
    assert os.environ.get("OMP_NUM_THREADS") == kept


def _settled(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Settle a copy of this process's environment, in which the user's home is `home`."""
    known = {name: value for name, value in os.environ.items() if name != "KERAS_HOME"}
    monkeypatch.setattr(os, "environ", known | {"HOME": str(home), "SUITE_CACHE": str(home / "cache")})
    environment.settle()


def test_a_user_whom_the_system_does_not_know_has_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(user: int) -> None:
        raise KeyError(user)

    monkeypatch.setattr("pwd.getpwuid", unknown)  # as in a container that runs as some number
    monkeypatch.setattr(os, "environ", {name: value for name, value in os.environ.items() if name != "HOME"})
    environment.settle()
    assert Path.home().is_absolute()


CHECKED = "from suite.machine import environment; environment.check()"


@pytest.mark.parametrize("name", ["keras", "tensorflow"])
@pytest.mark.parametrize("installed", ["", "1.2.3"])
def test_another_keras_on_the_path_is_named_with_its_folder(tmp_path: Path, name: str, installed: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    if installed:
        (tmp_path / f"{name}-{installed}.dist-info").mkdir()
    _, said = _ended(sys.executable, "-c", CHECKED, path=tmp_path)
    assert f"{tmp_path / name / '__init__.py'} hides {name} " in said
    assert f"Take {tmp_path} off PYTHONPATH" in said


def test_the_installed_keras_is_no_other(tmp_path: Path) -> None:
    assert _ended(sys.executable, "-P", "-c", CHECKED, path=tmp_path) == ("", "")


def test_files_with_names_of_python_s_modules_do_no_harm(tmp_path: Path) -> None:
    jobs, here = tmp_path / "jobs", tmp_path / "here"
    jobs.mkdir(), here.mkdir()
    (jobs / "job.py").write_text("import random\ndef main():\n    print('done')\n")
    for name in ("random", "types", "json", "keras"):
        (here / f"{name}.py").write_text("raise RuntimeError('not this one')")
    assert _ended(*helper.command("job"), path=jobs, cwd=here) == ("done", "")


def test_a_folder_that_was_deleted_is_named(tmp_path: Path) -> None:
    study = Path(__file__).parents[1] / "studies" / "quickstart" / "resnet.toml"
    gone = (
        "import os, sys; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); os.execv(sys.argv[1], sys.argv[1:])"
    )
    _, said = _ended(sys.executable, "-c", gone, *helper.PYTHON, "suite", "run", str(study), cwd=tmp_path)
    assert said == "suite: the folder that you are in was deleted: change into another one (cd)"


NOISY = """
import warnings

warnings.warn("of another library's code", FutureWarning)

def main():
    warnings.warn("of another library's code", UserWarning)
    print("done")
"""


@pytest.mark.parametrize("wanted", ["default", "error"])
def test_warnings_of_other_libraries_neither_reach_a_user_nor_end_a_process(tmp_path: Path, wanted: str) -> None:
    (tmp_path / "job.py").write_text(NOISY)
    assert _ended(*helper.command("job"), path=tmp_path, PYTHONWARNINGS=wanted) == ("done", "")
