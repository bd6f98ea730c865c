"""The names under which the files of a run lie in its depot: each says which version it is, and of which content.

`models/7.keras` of the run folder is `models/7.1-0f3a9c51d2b84e67.keras`. So a file that changes, as a checkpoint does,
is never half the old one and half the new one, and what comes back can be checked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_NAME = re.compile(r"(?P<stem>[^.].*)\.(?P<version>\d+)-(?P<digest>[0-9a-f]{16})(?P<ending>\.[^.]*)", re.S)


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One version of a file."""

    file: str  # its path in the run folder, with slashes
    version: int  # from 1; a later one replaces those before
    digest: str  # of its content, see `digest`

    @property
    def name(self) -> str:
        """Its path in the depot."""
        path = PurePosixPath(self.file)
        return str(path.with_name(f"{path.stem}.{self.version}-{self.digest}{path.suffix}"))


def read(name: str) -> Copy | None:
    """Return the copy that lies in the depot as `name`; None for what is none, as a draft or a path out of the run."""
    path = PurePosixPath(name)
    known = _NAME.fullmatch(path.name)
    if not known or path.is_absolute() or ".." in path.parts:
        return None
    file = str(path.with_name(known["stem"] + known["ending"]))
    return Copy(file=file, version=int(known["version"]), digest=known["digest"])


def by_file(names: Iterable[str]) -> dict[str, list[Copy]]:
    """Return the copies of each file, the newest first: of two of one version, all machines choose the same."""
    found: dict[str, list[Copy]] = {}
    for copy in filter(None, map(read, names)):
        found.setdefault(copy.file, []).append(copy)
    return {file: sorted(each, key=lambda copy: (-copy.version, copy.digest)) for file, each in found.items()}


def digest(file: Path) -> str:
    """Return 16 letters of hex that tell the content of a file: BLAKE2b, 64 bits. Raises OSError."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=8)).hexdigest()
