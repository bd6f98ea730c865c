"""A run folder: what one study leaves behind.

runs/resnet/study.toml     the study as it was run, with every override resolved
runs/resnet/trials.db      its trials (or `storage.url`, if they are in a database elsewhere)
runs/resnet/trials.backup.db  a copy of them, not older than ten minutes of work
runs/resnet/classes.json   the names of the classes, in the order of the networks' outputs
runs/resnet/models/7.keras the network of trial 7 with its best weights
runs/resnet/models/7.json  how its pictures were prepared, for a study that begins with it
runs/resnet/epochs/7.jsonl  the epochs of trial 7 while it runs, see `diary`
runs/coca/words/           what the networks of a study have learned from texts, and the word pieces, see `pretraining`
runs/coca/again/           the same of networks that are trained again, until they are judged; on this machine alone
runs/resnet/mistakes.npz   small pictures that the front has wrong, for its report, see `core.thumbnails`
runs/resnet/checkpoints/7.npz  the state of the training that trial 7 began, while it runs or may go on
runs/resnet/depot.url      where all these are shared with other machines, if they are, see `suite.depot`
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from suite import studyfile
from suite.core import files, sqlite
from suite.core.errors import StoreError, StudyError, first_line
from suite.core.study import Study
from suite.core.trial import Run
from suite.depot import Depot
from suite.search import addresses, backup
from suite.search.fidelity import unfinished
from suite.search.store import Store

MAY_CHANGE = ("budget", "question", "confirm")  # of a study that has begun


def opened(folder: Path, study: Study, storage: str | None = None, workers: int = 1, depot: str | None = None) -> Store:
    """Return the store of `study` in `folder`, new or as it was left, for one of a team of `workers`.

    `storage` is the URL of a database to share with other machines; by default a SQLite file in the folder. `depot` is
    the place for its files that they share; by default none, or what others of its database have named. Raises
    StudyError when the folder holds another study, StoreError when it cannot be written or its trials are in another
    database than `storage`, DepotError when the depot cannot be used.
    """
    check_same(folder, study)
    _check_one_place(folder, storage)
    backup.check(folder)
    try:
        files.folder(folder)
        studyfile.write(study, folder / "study.toml")
        store = Store(folder, study, storage or _url(folder), workers)
        if storage is not None:
            files.write(folder / "storage.url", storage, private=True)
        store.depot = _settled(store, depot)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written ({error.strerror}). Name another folder with --runs.") from error
    return store


def _settled(store: Store, asked: str | None) -> Depot:
    try:
        return addresses.settled(store, asked)
    except BaseException:
        store.close()
        raise


def reopened(folder: Path, workers: int = 1) -> Store:
    """Return the store of the run in `folder`, for one of a team; raise StoreError when there is none to be read."""
    if not holds(folder):
        raise StoreError(f"{folder}: {_lacking(folder)}")
    backup.check(folder)
    store = Store(folder, kept(folder), _url(folder), workers)
    store.depot = addresses.depot(folder)
    return store


def kept(folder: Path) -> Study:
    """Return the study of a run as it was run. Relative paths, from earlier versions, start at the working folder."""
    return studyfile.read(folder / "study.toml", home=Path())


def read(folder: Path) -> Run:
    """Return the run in `folder`, finished or not; raise StoreError when there is none."""
    store = reopened(folder)
    try:
        return Run(folder=folder, study=store.study, trials=tuple(store.trials()))
    finally:
        store.close()


def model(folder: Path, number: int) -> Path:
    """Return the file of a trial's trained network."""
    return folder / "models" / f"{number}.keras"


def checkpoint(folder: Path, number: int) -> Path:
    """Return the checkpoint file of the training that a trial began."""
    return folder / "checkpoints" / f"{number}.npz"


def words(folder: Path, key: str) -> Path:
    """Return the file of what both sides of a network have learned from texts."""
    return folder / "words" / f"{key}.npz"


def again(folder: Path, key: str) -> Path:
    """Return the file of the same for a network that is trained again. No depot gets it."""
    return folder / "again" / f"{key}.npz"


def tokens(folder: Path) -> Path:
    """Return the file of the word pieces of a run."""
    return folder / "words" / "tokens.json"


def tidy(store: Store) -> None:
    """Remove the checkpoints of trainings that have ended, here and in the depot."""
    found = list((store.folder / "checkpoints").glob("*.npz"))  # before the trials: each file's trial is then read too
    store.depot.look("checkpoints")
    there = store.depot.there("checkpoints")
    needed = set(map(str, unfinished(store.trials()))) if found or there else set()
    store.depot.remove("checkpoints", (name for name in there if Path(name).stem not in needed))
    for file in found:
        if file.stem.rpartition(".")[2] not in needed:  # a half-written one is .PROCESS.NUMBER.npz
            with suppress(OSError):  # one that stays only wastes space
                file.unlink()


def keeps(store: Store, number: int) -> bool:
    """Whether the training that a trial began can go on here: its checkpoint is here or in the depot."""
    file = checkpoint(store.folder, number)
    return file.exists() or file.name in store.depot.there("checkpoints")


def brought(home: Path, file: Path) -> Path:
    """Return a file of a run, brought from its depot if it lacks here.

    It may lack in both. Raises DepotError when that cannot be known.
    """
    if not file.exists():
        addresses.depot(home).bring(file)
    return file


def is_run(folder: Path) -> bool:
    """Whether `folder` has the study of a run."""
    return os.path.isfile(folder / "study.toml")  # which takes any name, unlike Path.is_file


def named(name: str, root: Path) -> Path:
    """Return the folder of a run by its path, or by its name within `root`."""
    return Path(name) if is_run(Path(name)) else root / name


def every(root: Path) -> list[Path]:
    """Return the folders in `root` that are runs, by name. Raises StoreError when `root` cannot be read."""
    return list(filter(is_run, inside(root)))


def inside(root: Path) -> list[Path]:
    """Return the folders in `root`, by name; none if there is no `root`. Raises StoreError when it cannot be read."""
    try:
        return sorted(root.glob("*/"))
    except OSError as error:
        raise StoreError(f"{root}: cannot be read ({error.strerror}). Name another folder with --runs.") from error


def holds(folder: Path) -> bool:
    """Whether there is a run in `folder`."""
    trials = any(os.path.isfile(folder / name) for name in ("trials.db", "storage.url"))
    return trials and is_run(folder)


def is_traced(folder: Path) -> bool:
    """Whether `folder` holds a run, a run being made, or what is left of one."""
    return any(os.path.isfile(folder / name) for name in ("study.toml", "trials.db", "storage.url"))


def _lacking(folder: Path) -> str:
    """Say why a folder holds no run, and the way out."""
    if is_run(folder):
        return "it has a study but no trials.db: the run just began, or lost it. `suite run STUDY` begins it again."
    if is_traced(folder):
        return "its study.toml is lost. Bring it back: without it the trials do not say what was searched."
    return "no run here. `suite run STUDY` makes one, by default in runs/NAME."


def _url(folder: Path) -> str:
    return _remote(folder) or sqlite.url(folder / "trials.db")


def _remote(folder: Path) -> str | None:
    """Return the URL of the database elsewhere that holds the trials; None if they are in the folder."""
    file = folder / "storage.url"
    try:
        return file.read_text(encoding="utf-8").strip() if file.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{file}: cannot be read ({first_line(error)}). It holds the URL of the database.") from error


def check_same(folder: Path, study: Study) -> None:
    """Raise StudyError when `folder` holds a run of another study of this name. What MAY_CHANGE may differ."""
    if not is_run(folder):
        return
    before = kept(folder)
    same = replace(before, **{key: getattr(study, key) for key in MAY_CHANGE})
    changed = [field.name for field in fields(Study) if getattr(same, field.name) != getattr(study, field.name)]
    if changed:
        raise StudyError(
            f"{folder} holds trials of this study with another {' and '.join(changed)}. Give the new study another "
            f"name (--set name={study.name}-2), or remove the folder."
        )


def _check_one_place(folder: Path, storage: str | None) -> None:
    """Raise StoreError when trials of this run would be hidden: they are in two databases, or not in `storage`."""
    file, known = folder / "trials.db", _remote(folder)
    if known and file.exists():
        raise StoreError(
            f"{folder}: this run has trials in {file} and in {_place(known)}, which hide each other. Move trials.db or "
            "storage.url out of the folder, and run the same command again."
        )
    there = known or (str(file) if file.exists() else None)
    if storage and there and _place(storage) != _place(there):
        raise StoreError(
            f"{folder}: the trials of this run are in {_place(there)}, and {_place(storage)} would hide them. Go on "
            f"without --storage, or give the new run another name (--set name={folder.name}-2)."
        )


def _place(url: str) -> str:
    """Return the URL of a database without user and password: they may change, and not everybody may read them."""
    try:
        parts = make_url(url)
    except ArgumentError:  # a file
        return url
    plain = URL.create(parts.get_backend_name(), host=parts.host, port=parts.port, database=parts.database)
    return plain.render_as_string()
