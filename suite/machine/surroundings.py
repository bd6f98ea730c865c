"""Where a number was measured: device, threads, versions."""

from __future__ import annotations

import functools
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from suite import __version__
from suite.machine.capacity import processors, usable
from suite.machine.quiet import load_tensorflow

PACKAGES = ("tensorflow", "keras", "keras-tuner", "optuna", "mlflow")


@functools.cache
def surroundings() -> dict[str, str]:
    """Return the device, its threads, the versions of what computes, and the commit of this code."""
    load_tensorflow()
    return {
        "device": _device(),
        "threads": _threads(),
        "platform": platform.platform(terse=True),
        "python": platform.python_version(),
        "suite": __version__,
        **{name.replace("-", "_"): version_of(name) for name in PACKAGES},
        "onednn": _onednn(),
        "commit": _commit(),
    }


def _device() -> str:
    """Return the GPUs, if any, and the processor, on which LiteRT always runs."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
    cores = processors()
    return ", ".join([*names, _processor(), f"{cores} core{'' if cores == 1 else 's'}"])


def _processor() -> str:
    """Return the processor's name as its maker writes it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _threads() -> str:
    """Return TensorFlow's threads within an operation; zero there means one per core."""
    import tensorflow as tf

    return str(tf.config.threading.get_intra_op_parallelism_threads() or min(len(usable()), processors()))


def _onednn() -> str:
    """Return whether TensorFlow computes with oneDNN on a CPU, as it decided when it was loaded: "on" or "off"."""
    from tensorflow.python.util import _pywrap_util_port  # there is no public function for it

    return "on" if _pywrap_util_port.IsMklEnabled() else "off"


def version_of(name: str) -> str:
    """Return the version of an installed package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    """Return the commit of the checkout that this code runs from, with `+` if it was changed; or `released`."""
    here = Path(__file__).parents[2]
    if not (here / ".git").exists():
        return "released"
    try:
        asked = ["git", "-C", str(here), "describe", "--always", "--dirty=+", "--abbrev=10"]
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
