"""The environment of this process. What a user has set for other programs must not change what the suite finds.

Keras takes its settings from the environment and from keras.json when it is imported; processes begun later inherit
the environment that `settle` leaves.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path

from suite.core.errors import SuiteError
from suite.machine import cache

_OURS = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow's C++ side says nothing
    "MPLBACKEND": "agg",
}
# A process that trains, one that times and another worker share a GPU: else the first takes all of its memory.
_GROWTH = ("TF_FORCE_GPU_ALLOW_GROWTH", "true")
# They cut trainings short, or put another Keras in the place of this one.
_UNSET = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED", "TF_USE_LEGACY_KERAS")
DECIDED = (*_OURS, *_UNSET)  # what is the same in every process of the suite, whatever was set before
_PLAIN = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}  # as Keras is without keras.json


def settle() -> None:
    """Set what the suite relies on. Call it before Keras is imported."""
    for name in _UNSET:
        os.environ.pop(name, None)
    os.environ.update(_OURS)
    os.environ.setdefault(*_GROWTH)
    if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", os.environ.get("OMP_NUM_THREADS", "1")):
        del os.environ["OMP_NUM_THREADS"]  # its library would complain on the terminal, and take all processors too
    if not Path(os.path.expanduser("~")).is_absolute():  # a container may run as a user that its system does not know
        os.environ["HOME"] = str(Path(tempfile.gettempdir()) / f"home-{os.getuid()}")
    home = _keras_home()
    if not _is_plain(home / "keras.json"):
        os.environ["KERAS_HOME"] = str(_plain_home(home))


def check() -> None:
    """Raise SuiteError if this folder is gone, or if Keras or TensorFlow would be another than the installed one."""
    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise SuiteError("the folder that you are in was deleted: change into another one (cd)") from error
    for name, version in _needed().items():
        spec = find_spec(name)
        if spec and spec.origin:
            _check_place(name, version, Path(spec.origin), here)


def _keras_home() -> Path:
    """Return the folder where Keras looks for keras.json, and keeps downloaded weights."""
    base = os.path.expanduser("~")
    return Path(os.environ.get("KERAS_HOME") or Path(base if os.access(base, os.W_OK) else "/tmp") / ".keras")


def _is_plain(file: Path) -> bool:
    """Whether Keras would start with _PLAIN. A file that it cannot read would end it, other settings change results."""
    try:
        said = json.loads(file.read_text())
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and all(said.get(key, value) == value for key, value in _PLAIN.items())


def _plain_home(theirs: Path) -> Path:
    """Return a folder without a keras.json of the user's, in which Keras finds the weights that it has downloaded."""
    ours = cache.folder() / "keras"
    with suppress(OSError):  # without it they are downloaded again
        ours.mkdir(parents=True, exist_ok=True)
        (ours / "models").unlink(missing_ok=True)
        (ours / "models").symlink_to(theirs / "models")
    return ours


def _needed() -> dict[str, str]:
    """Return the versions that the suite declares, such as {"keras": "3.15"}."""
    try:
        declared = " ".join(requires("keras-comparison-suite") or ())
    except PackageNotFoundError:  # a checkout that is not installed
        return {}
    return dict(re.findall(r"\b(tensorflow|keras)~=(\d+\.\d+)", declared))


def _check_place(name: str, version: str, file: Path, here: Path) -> None:
    folder = file.parents[1] if file.name == "__init__.py" else file.parent
    if not any(folder.glob(f"{name}*-{version}*.dist-info")):
        way_out = "Work in another folder" if folder == here else f"Take {folder} off PYTHONPATH"
        raise SuiteError(f"{file} hides {name} {version}, which the suite needs. {way_out}, or rename it.")
