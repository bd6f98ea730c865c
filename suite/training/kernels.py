"""Whether oneDNN, which makes TensorFlow fast on CPUs, may train a study's networks on this machine.

Its kernels corrupt memory in some operations: benchmarks/kernels.py. No network of the catalogue has one of the known
ones. For unknown cases (another processor, another version, your own architecture) some networks are trained for a few
steps, once, in a process that may die. TensorFlow reads the environment when it is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from suite.core import files
from suite.core.paths import FOR_TRAINING
from suite.core.paths import ONEDNN as SWITCH
from suite.core.study import Study, is_own
from suite.machine import cache, helper
from suite.machine.surroundings import version_of

OURS = ("resnet/tiny", "coatnet/tiny")  # convolutions with strides, depthwise ones, and attention
CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}
SECONDS = 600  # a process that still trains after them has passed
CHECKS = {"LD_PRELOAD": "libc_malloc_debug.so.0", "MALLOC_CHECK_": "3"}  # of glibc: a process dies when it corrupts

Tell = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """A test: a command line for suite.training.exercise, and what its answer depends on."""

    title: str
    words: tuple[str, ...]
    content: str

    @property
    def key(self) -> str:
        """Digest of the exercise, the processor, and the versions of TensorFlow and Keras."""
        known = (processor(), version_of("tensorflow"), version_of("keras"), self.content)
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:32]


def choose(studies: Mapping[Path, Study], overrides: Sequence[str], tell: Tell) -> None:
    """Switch oneDNN off, if it ended a training of the networks of `studies`; TensorFlow must not be loaded yet.

    If the user has set TF_ENABLE_ONEDNN_OPTS, that stays. `tell` gets a line before networks are trained, and one if
    oneDNN is off.
    """
    if SWITCH in os.environ:
        return
    for exercise in exercises(studies, overrides):
        ended = answer(exercise, tell)
        if ended:
            _switch_off()
            tell(f"oneDNN is off: on this processor it ended a training of {exercise.title} by {ended}.")
            return


def suspect(reason: str, tell: Tell) -> None:
    """Switch oneDNN off for later processes, if `reason` says that a crash ended one."""
    if SWITCH not in os.environ and any(number.name in reason for number in CRASHES):
        _switch_off()
        tell("oneDNN is off from here on: its kernels corrupt memory in some networks.")


def _switch_off() -> None:
    """Switch oneDNN off for trainings; timed networks run as they are deployed."""
    os.environ |= {SWITCH: "0", FOR_TRAINING: "1"}


def exercises(studies: Mapping[Path, Study], overrides: Sequence[str]) -> list[Exercise]:
    """Return the exercises that must survive before `studies` may train with oneDNN."""
    ours = Exercise(title="networks of the catalogue", words=OURS, content=" ".join(OURS))
    own = [_own(file, study, overrides) for file, study in studies.items() if any(map(is_own, study.sources))]
    return [ours, *own]


def _own(file: Path, study: Study, overrides: Sequence[str]) -> Exercise:
    sources = []
    with suppress(OSError):  # the study itself will say that it cannot be read
        sources = [Path(source).read_bytes() for source in study.sources if is_own(source)]
    described = repr((sources, study.architecture, study.image, study.space, study.recipe))
    return Exercise(title=study.network, words=(str(file), *overrides), content=described)


def answer(exercise: Exercise, tell: Tell) -> str:
    """Return the name of the signal that ended the exercise here, now or before; empty if it survived."""
    file = cache.folder() / "kernels" / f"{exercise.key}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(file.read_text(encoding="utf-8"))["ended"])
    tell(f"Trying TensorFlow's oneDNN kernels on this processor with {exercise.title}, once.")
    code = _exercised(exercise.words)
    ended = signal.Signals(-code).name if -code in CRASHES else ""
    if ended or not code:  # else another fault, which the study itself will report
        _keep(file, {"ended": ended, "tried": exercise.title, "processor": processor()})
    return ended


def fallen() -> list[str]:
    """Return what oneDNN has ended on this processor, as far as is kept: `networks of the catalogue by SIGSEGV`."""
    found = []
    for file in sorted((cache.folder() / "kernels").glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            known = json.loads(file.read_text(encoding="utf-8"))
            if known["ended"] and known["processor"] == processor():
                found.append(f"{known['tried']} by {known['ended']}")
    return found


def processor() -> str:
    """Return what oneDNN chooses kernels by: the processor's name and features."""
    kinds = ("vendor_id", "cpu family", "model", "model name", "flags", "Features")
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    return "\n".join(line for line in lines if line.partition(":")[0].strip() in kinds)


def _exercised(words: Sequence[str]) -> int:
    """Return the exit code of a process that trains with oneDNN; 0 when its time is over."""
    asked = {SWITCH: "1", "CUDA_VISIBLE_DEVICES": "-1"}
    environment = {**os.environ, **asked, **(CHECKS if _has_checks() else {})}
    command = helper.command("suite.training.exercise", *words)
    with suppress(subprocess.TimeoutExpired):
        return subprocess.run(command, env=environment, capture_output=True, timeout=SECONDS).returncode
    return 0


def _has_checks() -> bool:
    """Whether glibc's heap checks can be loaded: its loader complains when they cannot."""
    if sys.platform != "linux":
        return False
    return not subprocess.run(["/bin/true"], env={**os.environ, **CHECKS}, capture_output=True).stderr


def _keep(file: Path, known: Mapping[str, str]) -> None:
    """Write an answer; if it cannot be written, the next study tries again."""
    with suppress(OSError):
        files.write(file, json.dumps(known))
