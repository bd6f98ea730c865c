"""The networks that are timed in turns with whatever is measured: where they are. `reference_networks` writes them.

They are of two kinds, since a busy machine does not slow all networks alike: small convolutions and large ones. Most
networks lie between the two. One that waits for its weights from memory was tried: it displaces what the others have in
the caches, and takes tens of milliseconds of each turn to come to its own speed. None may ever change, since every
latency is told as a multiple of theirs. A change is a new VERSION.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from suite.core.errors import SuiteError
from suite.core.paths import BESIDE
from suite.machine import cache
from suite.machine.surroundings import version_of

VERSION = 2
KINDS = ("small", "large")
LIBRARIES = ("tensorflow", "keras", "ai-edge-litert", "onnxruntime")  # whose versions a written network depends on


def files(path: str) -> dict[str, Path]:
    """Return the references as `path` runs them, by kind; written once for each version, and kept.

    Raises SuiteError when they cannot be written.
    """
    beside = BESIDE.get(path, path)
    folder = _folder() / beside
    if not all((folder / kind).exists() for kind in KINDS):
        _write(beside, folder)
    return {kind: folder / kind for kind in KINDS}


def _folder() -> Path:
    versions = "-".join(version_of(name).replace(" ", "-") for name in LIBRARIES)
    return cache.folder() / f"references-{VERSION}-{versions}"


def _write(path: str, folder: Path) -> None:
    """Write the references of one path into `folder`, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unfinished-") as unfinished:
        command = [sys.executable, "-m", "suite.timing.reference_networks", unfinished, path]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise SuiteError(f"the reference networks cannot be written for path {path}: {last}")
        shutil.rmtree(folder, ignore_errors=True)  # half a folder, of a process that was killed
        with suppress(FileExistsError):  # another process was faster
            shutil.copytree(unfinished, folder)
