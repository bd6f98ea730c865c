"""Whether a place can be a depot, and what is kept there: tried with a small file, which is removed again."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Collection
from pathlib import Path

from suite.depot.place import Place, whole

PROBE = b"suite doctor has written this file, and removes it.\n"


def examined(url: str) -> str:
    """Return what is kept at `url`, after a file was written there and read. Raises DepotError and MissingExtraError.

    Nothing else there is touched, and no folder is made.
    """
    place = Place(whole(url))
    kept = place.copies()
    with tempfile.NamedTemporaryFile(prefix="suite-") as probe:
        probe.write(PROBE)
        probe.flush()
        name = f"doctor-{uuid.uuid4().hex}.txt"
        place.put(Path(probe.name), name)
        place.remove(name)
    runs = {file.partition("/")[0] for file in kept}
    return f"{place.shown} can be written, and keeps {_counted(kept, 'file')} of {_counted(runs, 'run')}"


def _counted(things: Collection[str], word: str) -> str:
    return f"{len(things):,} {word}{'s' * (len(things) != 1)}"
