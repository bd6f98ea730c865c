"""The files of the references, networks timed in turns with every other network. `reference_networks` writes them.

There are two kinds, since a busy machine does not slow all networks alike: small convolutions and large ones. Most
networks lie between the two. A network that waits for its weights from memory was tried: it displaces the others' data
from the caches, and takes tens of milliseconds of each turn to reach its speed. The references must never change, since
every latency is a multiple of theirs. A change needs a new VERSION.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from suite.core.errors import SuiteError
from suite.core.paths import BESIDE
from suite.machine import cache, helper
from suite.machine.surroundings import version_of

VERSION = 2
KINDS = ("small", "large")
LIBRARIES = (
    "tensorflow",
    "keras",
    "ai-edge-litert",
    "onnxruntime",
    "openvino",
)  # a written network depends on their versions


def files(path: str) -> dict[str, Path]:
    """Return the files of the references for `path`, by kind; written once for each version, and kept.

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
        command = helper.command("suite.timing.reference_networks", unfinished, path)
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise SuiteError(f"the reference networks cannot be written for path {path}: {last}")
        shutil.rmtree(folder, ignore_errors=True)  # half a folder, from a killed process
        with suppress(FileExistsError):  # another process was faster
            shutil.copytree(unfinished, folder)
