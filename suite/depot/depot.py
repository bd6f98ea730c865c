"""What one run folder and its depot have of each other's files, and how the one gets what it lacks of the other."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from suite.core import files
from suite.core.errors import DepotError, MissingExtraError, without_password
from suite.depot import copies
from suite.depot.copies import Copy
from suite.depot.ledger import Ledger, entry
from suite.depot.place import DamagedError, Place

DELIVERED = (  # of a run folder
    "models/*", "answers/*", "confirmed/*/*", "words/*", "checkpoints/*", "classes.json", "mistakes.npz",
)  # fmt: skip
PAUSE = 30.0  # seconds after a failure in which nothing is asked of the depot
LOOK = 5.0  # seconds for which a list of the depot's files is good enough
PATIENCE = 180.0  # seconds that a training waits for its checkpoint
AT_ONCE = 8  # files that are brought at the same time

T = TypeVar("T")
There = Mapping[str, Sequence[Copy]]  # the copies of each file that the depot has, the newest first

_log = logging.getLogger("suite.depot")


class Depot:
    """The depot of the run in a folder. One that has no place keeps nothing, and asks for nothing.

    An outage ends no study: it is told once, and again when it is over. Several threads and processes may use the same
    run folder at once.
    """

    def __init__(self, home: Path, url: str | None) -> None:
        """Connect at the first use to the place of this run alone at `url`."""
        self._home, self._place = home, Place(url) if url else None
        self._ledger = Ledger(home, without_password(url or ""))
        self._again = 0.0  # when the depot may be asked again, on the clock of `time.monotonic`
        self._looked: dict[str, float] = {}  # when, on the same clock
        self._there: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()
        self.trouble = ""  # why it was not reached at the last attempt; empty if it was

    @property
    def is_used(self) -> bool:
        """Whether the run has a depot."""
        return self._place is not None

    @property
    def url(self) -> str:
        """Where it is, without a password; empty if there is none."""
        return self._place.shown if self._place else ""

    def kept(self) -> int:
        """Return how many files of the run it has. Raises DepotError or MissingExtraError if that cannot be known."""
        return len(self._place.copies()) if self._place else 0

    def waiting(self) -> list[Path]:
        """Return the files of the run that are still to be delivered, those that changed since included."""
        if not self._place:
            return []
        known, found = self._ledger.entries(), []
        for file in _every(self._home):
            with suppress(OSError):  # it went away meanwhile
                before = known.get(self._name(file))
                if before is None or not before.is_of(file):
                    found.append(file)
        return found

    def deliver(self, without: Collection[Path] = ()) -> bool:
        """Deliver what waits, `without` some files; return whether the depot has it all. Never raises for an outage."""
        place = self._place
        if place is None:
            return True
        with self._alone():
            left = [file for file in self.waiting() if file not in without]
            return not left or self._attempt(lambda: self._deliver(place, left), otherwise=False)

    def bring(self, file: Path) -> bool:
        """Bring a file of the run, if it lacks here and the depot has it; return whether it is here.

        Raises DepotError when the depot cannot be reached, or the file there is damaged.
        """
        if self._place and not file.exists():
            with self._alone():
                there = self._place.copies(_folder(self._name(file)))
                self._bring(self._place, there.get(self._name(file), ()))
        return file.exists()

    def renew(self, file: Path, patience: float = 0.0) -> bool:
        """Bring a file of the run if the depot has a newer one; return whether it is here.

        If it lacks here, an outage is waited for so many seconds. Never raises: what was not to be had is told.
        """
        place = self._place
        if place is None:
            return file.exists()
        end, name = time.monotonic() + patience, self._name(file)
        while not self._attempt(lambda: self._renew(place, name), otherwise=False, hurry=True):
            if file.exists() or time.monotonic() > end:
                break
            time.sleep(min(PAUSE / 3, max(0.0, end - time.monotonic())))
        return file.exists()

    def bring_all(self, folders: Iterable[str]) -> None:
        """Bring all files of these folders that lack here. Never raises: what was not to be had is told."""
        place = self._place
        if place is not None:
            with self._alone():
                self._attempt(lambda: self._bring_all(place, list(folders)), otherwise=None)

    def look(self, folder: str) -> None:
        """Look which files of a folder the depot has, if nobody has looked for some seconds. Never raises."""
        place, now = self._place, time.monotonic()
        if place is None or now - self._looked.get(folder, -LOOK) < LOOK:
            return
        found = self._attempt(lambda: place.copies(folder), otherwise=None)
        self._looked[folder] = now
        if found is not None:
            self._there[folder] = frozenset(name.rpartition("/")[2] for name in found)

    def there(self, folder: str) -> frozenset[str]:
        """Return the names of the files of a folder that the depot had at the last look. Asks nobody."""
        return self._there.get(folder, frozenset())

    def remove(self, folder: str, names: Iterable[str]) -> None:
        """Remove files that nobody needs. In an outage they stay, and only waste space."""
        place, unneeded = self._place, [f"{folder}/{name}" for name in names]
        if place is not None and unneeded:
            self._attempt(lambda: self._remove(place, folder, unneeded), otherwise=None)
            self._looked.pop(folder, None)

    def _deliver(self, place: Place, waiting: Sequence[Path]) -> bool:
        there = {folder: place.copies(folder) for folder in {_folder(self._name(file)) for file in waiting}}
        for file in waiting:
            name = self._name(file)
            with suppress(FileNotFoundError), _still(file) as still:
                self._send(place, still, name, there[_folder(name)].get(name, ()))
        return True

    def _send(self, place: Place, file: Path, name: str, there: Sequence[Copy]) -> None:
        """Deliver a file, unless the depot has it. If another machine has delivered more since, that is the newer."""
        now, newest, before = copies.digest(file), next(iter(there), None), self._ledger.entries().get(name)
        version = newest.version if newest else 0
        if newest and newest.digest != now and not (before and before.is_copy(newest)):
            self._ledger.note(name, entry(0, now, file))
            return
        if not newest or newest.digest != now:
            version += 1
            place.put(file, Copy(file=name, version=version, digest=now).name)
            for old in there:
                place.remove(old.name)
        self._ledger.note(name, entry(version, now, file))

    def _bring(self, place: Place, there: Sequence[Copy]) -> None:
        if there:
            file = self._home / there[0].file
            place.get(there[0], file)
            self._ledger.note(there[0].file, entry(there[0].version, there[0].digest, file))

    def _renew(self, place: Place, name: str) -> bool:
        with self._alone():
            there = place.copies(_folder(name)).get(name, ())
            if there and not self._has(there[0]):
                try:
                    self._bring(place, there)
                except DamagedError as error:
                    _log.warning("%s: %s. It is removed.", self._home.name, error)
                    place.remove(there[0].name)  # else it would stand in the way of a sound one
            return True

    def _has(self, newest: Copy) -> bool:
        """Whether the file here is the newest of the depot, or goes on from it."""
        file, before = self._home / newest.file, self._ledger.entries().get(newest.file)
        if not file.exists():
            return False
        return bool(before and before.is_copy(newest)) or copies.digest(file) == newest.digest

    def _bring_all(self, place: Place, folders: Sequence[str]) -> None:
        there = place.copies()
        lacking = [
            each for name, each in there.items() if name.startswith(tuple(folders)) and not (self._home / name).exists()
        ]
        with ThreadPoolExecutor(AT_ONCE) as several:
            list(several.map(lambda each: self._bring(place, each), lacking))

    def _remove(self, place: Place, folder: str, names: Sequence[str]) -> None:
        there = place.copies(folder)
        for copy in (copy for name in names for copy in there.get(name, ())):
            place.remove(copy.name)

    def _attempt(self, step: Callable[[], T], otherwise: T, *, hurry: bool = False) -> T:
        """Take a step, but not soon after a failure unless in a `hurry`; return `otherwise` if it fails."""
        if not hurry and time.monotonic() < self._again:
            return otherwise
        try:
            done = step()
        except (DepotError, MissingExtraError, OSError) as error:  # OSError: of the disk here
            self._fail(str(error))
            return otherwise
        self._recover()
        return done

    def _fail(self, trouble: str) -> None:
        if not self.trouble:
            _log.warning(
                "%s: the depot fails: %s. Work goes on with what is here; the rest is exchanged later.",
                self._home.name, trouble,
            )  # fmt: skip
        self.trouble, self._again = trouble, time.monotonic() + PAUSE

    def _recover(self) -> None:
        if self.trouble:
            _log.warning("%s: the depot %s is back.", self._home.name, self.url)
        self.trouble, self._again = "", 0.0

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only thread on this machine that exchanges files of the run folder."""
        with self._lock, files.held(self._home / ".depot.lock"):
            yield

    def _name(self, file: Path) -> str:
        return file.relative_to(self._home).as_posix()


def _every(home: Path) -> list[Path]:
    """Return the files of a run folder that belong into its depot, drafts not included."""
    return [file for part in DELIVERED for file in sorted(home.glob(part)) if not file.name.startswith(".")]


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


@contextmanager
def _still(file: Path) -> Iterator[Path]:
    """Yield the file as it is now under a name of its own, so that it cannot be replaced meanwhile."""
    still = file.with_name(f".{os.getpid()}-{threading.get_ident():x}.{file.name}")
    try:
        try:
            os.link(file, still)
        except FileNotFoundError:
            raise
        except OSError:  # a file system without links
            shutil.copy2(file, still)
        yield still
    finally:
        with suppress(OSError):
            still.unlink(missing_ok=True)
