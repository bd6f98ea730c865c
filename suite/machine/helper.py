"""Helpers: processes in which the suite does one job, `python -m suite.machine.helper ASKER MODULE ARGUMENT ...`.

A helper runs `main` of MODULE. It starts sooner than a plain Python, and TensorFlow says nothing as it starts. One that
uses TensorFlow, and measures nothing of its own process, can be forked from a warm process, which has it loaded.

It ends when the process that asked for it has ended, even by kill -9: it would compute for nobody. Its number ASKER
comes before MODULE. A helper that heeds requests to end by itself has to notice that itself. One that leads a group of
processes takes the group with it, whatever it heeds: for programs of others, which start processes of their own.
"""

from __future__ import annotations

import atexit
import importlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import IO

from suite.machine import environment
from suite.machine.forked import Forked, Warm, can_fork

LEFT_OUT = (
    "matplotlib",
    "pandas",
    "sklearn",
)  # Keras and Keras Tuner would load them for features that the suite does not use

PYTHON = (sys.executable, "-P", "-m")  # -P: a file named random.py in the user's folder is no module of Python's


def command(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs `main` of a module in a helper."""
    return [*PYTHON, __name__, *_asked(module, arguments)]


def _asked(module: str, arguments: Sequence[str]) -> list[str]:
    return [str(os.getpid()), module, *arguments]


def start(
    module: str, *arguments: str, errors: IO[str], environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str] | Forked:
    """Start a helper with pipes as stdin and stdout, and `errors` as stderr: a fork, where the system can.

    Its memory is partly that of the warm process, so a helper that measures its own memory must not start this way. The
    default of the `environment` is that of this process.
    """
    known = os.environ if environment is None else environment
    with suppress(OSError):
        if can_fork() and (warm := _warm(known)):
            return warm.fork(_asked(module, arguments), known, errors.fileno())
    return started(module, *arguments, errors=errors, environment=known)


def started(module: str, *arguments: str, errors: IO[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a helper as `start` does, in a Python of its own."""
    return subprocess.Popen(
        command(module, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        env=dict(environment),
    )  # fmt: skip


_kept: list[Warm] = []  # the warm process of this process, once it is needed


def keep(warm: Warm) -> None:
    """Fork helpers from `warm` from now on; it is closed when this process ends."""
    _kept[:] = [warm]
    atexit.register(warm.close)


def _warm(environment: Mapping[str, str]) -> Warm | None:
    """Return the warm process, None if it would not suit a helper of an environment. Raises OSError."""
    if not _kept:
        keep(Warm.started([*PYTHON, "suite.machine.warm"], os.environ))
    return _kept[0] if _kept[0].serves(environment) else None


def start_lightly() -> None:
    """Let Keras start by our settings, and without LEFT_OUT: that takes a third less time.

    For a process of the suite's own: Keras has no plots and no wrappers for scikit-learn in it. Everybody else may
    load what Keras and Keras Tuner go without.
    """
    environment.settle()
    # Warnings about other people's code: a user can mend none, and `-W error` would end us. Ours stay as they are set.
    warnings.filterwarnings("ignore", module=r"(?!suite(\.|$))")
    if not any(isinstance(finder, _WithoutExtras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WithoutExtras())


class _WithoutExtras(MetaPathFinder):
    """Tells Keras and Keras Tuner, while they are loaded, that LEFT_OUT are not installed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in LEFT_OUT and any(map(_is_loading, ("keras", "keras_tuner"))):
            raise ModuleNotFoundError(f"Keras goes without {name} in processes of the suite", name=name)
        return None


def _is_loading(name: str) -> bool:
    module = sys.modules.get(name)
    return module is not None and not hasattr(module, "__version__")  # which it says last


def main() -> None:
    """Run `main` of the module that the command line names, with the arguments after it."""
    asker = int(sys.argv[1])
    threading.Thread(target=_end_with, args=(asker,), name="asker", daemon=True).start()
    start_lightly()
    sys.argv = sys.argv[2:]
    importlib.import_module(sys.argv[0]).main()


def _end_with(asker: int) -> None:
    """End this process when another has ended, with the group that it leads; unless it ends by itself, when asked."""
    _wait_for(asker)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        os._exit(1)


def _wait_for(process: int) -> None:
    try:
        select.select([os.pidfd_open(process)], [], [])
    except ProcessLookupError:  # it has ended already
        return
    except (AttributeError, OSError):  # the system has no such descriptors, and so has forked nothing
        while os.getppid() == process:
            time.sleep(1)


if __name__ == "__main__":
    main()
