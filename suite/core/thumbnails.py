"""Small validation pictures that networks of a run got wrong: `mistakes.npz` in its folder. A report needs no data set.

Reading the file runs no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from suite.core import files


@dataclass(frozen=True, kw_only=True)
class Thumbnails:
    """Pictures of a data set's validation split, each as the bytes of a PNG or JPEG file."""

    digest: str  # of the data set
    pictures: Mapping[int, bytes] = field(repr=False)  # by their number in the data set's sequence


def place(folder: Path) -> Path:
    """Return the file of the pictures in the folder of a run."""
    return folder / "mistakes.npz"


def write(found: Thumbnails, folder: Path) -> None:
    """Keep pictures in the folder of a run; the file is never half-written. Raises OSError."""
    ends = np.cumsum([len(content) for content in found.pictures.values()], dtype=np.int64)
    content = np.frombuffer(b"".join(found.pictures.values()), np.uint8)
    numbers = np.array(list(found.pictures), np.int64)
    with files.replacing(place(folder)) as draft, draft.open("wb") as stream:
        np.savez(stream, digest=np.array(found.digest), numbers=numbers, ends=ends, content=content)


def read(folder: Path) -> Thumbnails | None:
    """Return the pictures that are kept of a run; None if there are none that can be read: they can be made anew."""
    try:
        with place(folder).open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            content, ends = kept["content"].tobytes(), kept["ends"].tolist()
            numbers, digest = kept["numbers"].tolist(), str(kept["digest"])
    except files.UNREADABLE:
        return None
    pieces = zip(numbers, [0, *ends], ends, strict=False)
    return Thumbnails(digest=digest, pictures={number: content[start:end] for number, start, end in pieces})
