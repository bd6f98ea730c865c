"""A run folder: what one study leaves behind.

runs/resnet/study.toml     the study as it was run, with every override resolved
runs/resnet/trials.db      its trials (or `storage.url`, where they stand in a database elsewhere)
runs/resnet/classes.json   the names of the classes, in the order of the networks' outputs
runs/resnet/models/7.keras the network of trial 7 with its best weights
runs/resnet/checkpoints/7.npz  how far the training that trial 7 began has come, while it runs or may go on
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

from suite import studyfile
from suite.errors import StoreError, StudyError
from suite.search.fidelity import unfinished
from suite.search.store import Store
from suite.study import Study
from suite.trial import Run

MAY_CHANGE = ("budget", "question")  # of a study that has begun


def opened(folder: Path, study: Study, storage: str | None = None) -> Store:
    """Return the store of `study` in `folder`, new or as it was left.

    `storage` is the URL of a database to share with other machines; by default a SQLite file in the folder. Raises
    StudyError when the folder holds another study, StoreError when it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_same(folder, study)
        studyfile.write(study, folder / "study.toml")
        if storage is not None:
            _write_private(folder / "storage.url", storage)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written ({error.strerror}). Name another folder with --runs.") from error
    return Store(folder, study, _url(folder))


def reopened(folder: Path) -> Store:
    """Return the store of the run in `folder`; raise StoreError when there is none."""
    if not holds(folder):
        raise StoreError(f"{folder}: no run here. `suite run STUDY` makes one, by default in runs/NAME.")
    return Store(folder, kept(folder), _url(folder))


def kept(folder: Path) -> Study:
    """Return the study of a run as it was run; a relative path, which earlier versions kept, is from where one is."""
    return studyfile.read(folder / "study.toml", home=Path())


def read(folder: Path) -> Run:
    """Return the run in `folder`, finished or not; raise StoreError when there is none."""
    store = reopened(folder)
    try:
        return Run(folder=folder, study=store.study, trials=tuple(store.trials()))
    finally:
        store.close()


def model(folder: Path, number: int) -> Path:
    """Return where the trained network of a trial stands."""
    return folder / "models" / f"{number}.keras"


def checkpoint(folder: Path, number: int) -> Path:
    """Return where it stands how far the training has come that a trial began."""
    return folder / "checkpoints" / f"{number}.npz"


def keep_classes(folder: Path, names: Sequence[str]) -> None:
    """Write the names of the classes that the run's networks tell apart, once: an export needs them."""
    file = folder / "classes.json"
    if file.exists():
        return
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        partial.write_text(json.dumps(list(names)), encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written ({error.strerror})") from error


def classes(folder: Path) -> tuple[str, ...]:
    """Return the names of the classes that the run's networks tell apart; none of a run of an earlier version."""
    file = folder / "classes.json"
    return tuple(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else ()


def tidy(store: Store) -> None:
    """Remove the checkpoints of trainings that have ended."""
    files = list((store.folder / "checkpoints").glob("*.npz"))  # first: each then is of a trial that is read below
    needed = {checkpoint(store.folder, number).name for number in unfinished(store.trials())} if files else set()
    for file in files:
        if file.name.removeprefix(".") not in needed:  # a half-written one has a dot before its name
            with suppress(OSError):  # it wastes space, no more
                file.unlink()


def holds(folder: Path) -> bool:
    """Whether there is a run in `folder`."""
    trials = any((folder / name).is_file() for name in ("trials.db", "storage.url"))
    return trials and (folder / "study.toml").is_file()


def _url(folder: Path) -> str:
    remote = folder / "storage.url"
    return remote.read_text().strip() if remote.is_file() else f"sqlite:///{(folder / 'trials.db').absolute()}"


def check_same(folder: Path, study: Study) -> None:
    """Raise StudyError when `folder` holds a run of another study of this name. Its budget may have changed."""
    if not (folder / "study.toml").is_file():
        return
    before = kept(folder)
    same = replace(before, **{key: getattr(study, key) for key in MAY_CHANGE})
    changed = [field.name for field in fields(Study) if getattr(same, field.name) != getattr(study, field.name)]
    if changed:
        raise StudyError(
            f"{folder} holds trials of this study with another {' and '.join(changed)}. Give the new one a name of its "
            f"own (--set name={study.name}-2), or remove the folder."
        )


def _write_private(path: Path, text: str) -> None:
    """Write what may hold a password so that only its owner reads it."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
