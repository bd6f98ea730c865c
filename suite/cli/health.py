"""What `suite doctor` looks at on this machine, each with the way out.

Nothing here imports TensorFlow; a helper does, if asked. What a machine talks to is in `reachable`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from suite.core.errors import SuiteError
from suite.core.numbered import numbered
from suite.core.paths import FOR_TRAINING, ONEDNN
from suite.machine import cache, gpus, helper
from suite.machine.capacity import free_memory, processors, whole_memory
from suite.machine.environment import check as check_environment
from suite.search import folder
from suite.training import kernels

OK, ADVICE, BROKEN = "ok", "advice", "broken"
LITTLE, NONE = 5e9, 5e8  # bytes of a disk: below the first it is soon full, below the second it is
NEWEST = 50  # runs that are read
PACKAGE = "keras-comparison-suite"
DEVICES = 60  # seconds that TensorFlow may take to tell its devices
USEFUL = {  # what an extra is for
    "litert": "exports and timings on LiteRT",
    "onnx": "exports and timings on ONNX Runtime",
    "openvino": "exports and timings on OpenVINO",
    "postgres": "a study on many machines",
    "s3": "depot in a bucket of S3",
    "words": "studies of pictures with texts",
    "hf": "sets of Hugging Face",
    "heic": "pictures in HEIC",
    "pretrained": "weights of others that need no download, and those of timm",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: str  # OK, ADVICE or BROKEN
    found: str
    way_out: str = ""

    @property
    def row(self) -> dict[str, str]:
        """A row of the table."""
        return {"what": self.what, "state": self.state, "found": self.found, "way_out": self.way_out}


def findings(root: Path, *, devices: bool) -> Iterator[Finding]:
    """Yield what is found of this machine and of the folder of the runs."""
    yield _python()
    yield from _packages()
    yield from _extras()
    yield _processors()
    yield _onednn()
    if devices:
        yield _devices()
    places = {
        "folder of the runs": (root, "--runs names another"),
        "prepared datasets": (cache.data_folder(), "TFDS_DATA_DIR names another"),
        "temporary files": (Path(tempfile.gettempdir()), "TMPDIR names another"),
        "cache": (cache.folder(), "SUITE_CACHE names another"),
    }
    for what, (path, other) in places.items():
        yield _folder(what, path, other)
    yield from _disks({what: path for what, (path, _) in places.items()})
    yield _runs(root)


def _python() -> Finding:
    known = f"Python {sys.version.split()[0]} in {sys.prefix}"
    try:
        check_environment()
    except SuiteError as error:
        return Finding(what="python", state=BROKEN, found=known, way_out=str(error))
    return Finding(what="python", state=OK, found=known)


def _packages() -> Iterator[Finding]:
    """Yield the versions of what we need; what is missing, or of another version, is named with its install line."""
    needed = [one for one in map(Requirement, requires(PACKAGE) or ()) if one.marker is None]
    known = {one.name: _version(one.name) for one in needed}
    wrong = [
        one for one in needed if not (known[one.name] and one.specifier.contains(known[one.name], prereleases=True))
    ]
    main = ("tensorflow", "keras", "optuna", "mlflow", "numpy")
    found = ", ".join(f"{name} {known.get(name) or 'missing'}" for name in main)
    yield Finding(what="packages", state=BROKEN if wrong else OK, found=found, way_out=_install(wrong))


def _install(wrong: list[Requirement]) -> str:
    return f"pip install {' '.join(repr(f'{one.name}{one.specifier}') for one in wrong)}" if wrong else ""


def _extras() -> Iterator[Finding]:
    for extra, purpose in USEFUL.items():
        needed = [
            one for one in map(Requirement, requires(PACKAGE) or ())
            if one.marker and one.marker.evaluate({"extra": extra}) and not one.marker.evaluate({"extra": ""})
        ]  # fmt: skip
        missing = [one.name for one in needed if not _version(one.name)]
        if not needed:  # of an installation that is older than this code
            way = "pip install --editable . anew"
            yield Finding(what=f"extra {extra}", state=ADVICE, found="unknown to what is installed", way_out=way)
        elif missing:
            found, way = f"without {', '.join(missing)}: no {purpose}", f"pip install '{PACKAGE}[{extra}]'"
            yield Finding(what=f"extra {extra}", state=ADVICE, found=found, way_out=way)
        else:
            found = ", ".join(f"{one.name} {_version(one.name)}" for one in needed)
            yield Finding(what=f"extra {extra}", state=OK, found=found)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _processors() -> Finding:
    free, whole = free_memory() / 1e9, whole_memory() / 1e9
    found = f"{numbered(processors(), 'processor')}, {free:.1f} of {whole:.1f} GB of memory free"
    way = "Close other programs: a training takes about 1 GB at least." if free < 1 else ""
    return Finding(what="machine", state=ADVICE if way else OK, found=found, way_out=way)


def _onednn() -> Finding:
    """Tell whether TensorFlow's kernels of oneDNN are as whoever deploys the network has them."""
    if os.environ.get(ONEDNN) == "0" and not os.environ.get(FOR_TRAINING):
        way = f"unset {ONEDNN}, unless the network is served without them too: latencies depend on them"
        return Finding(what="oneDNN", state=ADVICE, found=f"off, by {ONEDNN}=0", way_out=way)
    if fallen := kernels.fallen():
        way = f"Nothing to do: timings have it. {ONEDNN}=1 trains with it all the same"
        return Finding(what="oneDNN", state=ADVICE, found=f"off in trainings: it ended {fallen[0]}", way_out=way)
    return Finding(what="oneDNN", state=OK, found="as TensorFlow has it")


def _devices() -> Finding:
    """Ask TensorFlow for its devices, in a process of its own."""
    asked = helper.command("suite.cli.devices")
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=DEVICES, check=True)
        names = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        way = "python -c 'import tensorflow' says why"
        return Finding(
            what="devices", state=BROKEN, found=f"TensorFlow does not load: {type(error).__name__}", way_out=way
        )
    found, seen = ", ".join(names), gpus.usable()
    if seen and all(name.startswith("CPU") for name in names):
        found = f"{found}: TensorFlow does not use the {len(seen)} GPU that the driver sees"
        way = f"pip install '{PACKAGE}[gpu]', which brings the libraries of CUDA"
        return Finding(what="devices", state=ADVICE, found=found, way_out=way)
    return Finding(what="devices", state=OK, found=found)


def _folder(what: str, path: Path, other: str) -> Finding:
    """Tell whether files can be written into a folder, or it can be made."""
    there = path if path.exists() else next(one for one in path.absolute().parents if one.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".doctor-"):
            pass
    except OSError as error:
        found = f"{path} cannot be written ({error.strerror})"
        return Finding(
            what=what, state=BROKEN, found=found, way_out=f"Give yourself the right to write there, or {other}."
        )
    return Finding(what=what, state=OK, found=f"{path} can be {'written' if there == path else 'made'}")


def _disks(places: Mapping[str, Path]) -> Iterator[Finding]:
    """Yield how much is free on each disk that holds one of the places."""
    there = {what: next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
             for what, path in places.items()}  # fmt: skip
    disks: dict[int, list[str]] = {}
    for what, path in there.items():
        disks.setdefault(path.stat().st_dev, []).append(what)
    for held in disks.values():
        free = shutil.disk_usage(there[held[0]]).free
        state = BROKEN if free < NONE else ADVICE if free < LITTLE else OK
        way = (
            ""
            if state == OK
            else "Make room: checkpoints of a study take some GB. Old runs are folders in the folder of the runs."
        )
        yield Finding(what="disk", state=state, found=f"{free / 1e9:.1f} GB free: {', '.join(held)}", way_out=way)


def _runs(root: Path) -> Finding:
    """Read the newest runs, as every command does."""
    homes = sorted(filter(folder.is_traced, folder.inside(root)), key=lambda home: -home.stat().st_mtime)
    damaged = []
    for home in homes[:NEWEST]:
        try:
            folder.read(home)
        except SuiteError as error:
            damaged.append(str(error))
    if damaged:
        found = f"{len(damaged)} of {len(homes)} cannot be read"
        return Finding(what="runs", state=BROKEN, found=found, way_out=" ".join(damaged[:3]))
    return Finding(what="runs", state=OK, found=f"{len(homes)} in {root}")
