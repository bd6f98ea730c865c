"""The validation pictures that the best networks of a run have wrong, made small and kept for its report."""

from __future__ import annotations

import io
import logging

from suite import datasets
from suite.architectures import candidate
from suite.core import answers, seen, thumbnails
from suite.core.errors import DatasetError, StoreError
from suite.core.thumbnails import Thumbnails
from suite.core.trial import Run
from suite.datasets import Dataset
from suite.pictures.viewing import PictureError, view
from suite.report import choice
from suite.report.comparison import compare

_log = logging.getLogger("suite")

SHOWN = 12  # mistakes of one network
MOST = 240  # pictures of a run: some 600 kB
SIDE = 96  # pixels that a side has at most
PIXELATED = 64  # pixels of a side up to which nothing is lost of a picture


def keep(run: Run, data: Dataset) -> None:
    """Keep the pictures that the front of a run has wrong with the greatest confidence.

    What is kept already is not read again. A report does without them where they cannot be kept.
    """
    try:
        wanted = _wanted(run)
        known = thumbnails.read(run.folder)
        old = known.pictures if known and known.digest == data.digest else {}
        if known and old.keys() >= set(wanted):
            return
        missing = data.encoded("validation", [number for number in wanted if number not in old])
        made = {number: _small(content, data.background) for number, content in missing.items()}
        found = {number: picture for number in wanted if (picture := old.get(number) or made.get(number))}
        thumbnails.write(Thumbnails(digest=data.digest, pictures=found), run.folder)
    except (OSError, StoreError) as error:
        _log.warning("%s: the pictures of its mistakes cannot be kept: %s", run.name, error)


def make(run: Run) -> None:
    """Keep the pictures of the mistakes of a run that has ended; nothing if its pictures are gone or have changed."""
    try:
        data = datasets.load(run.study.dataset, candidate.any_image(run.study), run.study.preparation)
    except DatasetError as error:
        _log.warning("%s: no pictures of its mistakes: %s", run.name, error)
        return
    first = seen.main(run.trials)
    if first and not seen.change(first, data.surroundings):
        keep(run, data)


def _wanted(run: Run) -> list[int]:
    """Return the numbers of the pictures: first the worst of each network, then the second worst."""
    comparison = compare([run])
    if not comparison.candidates:
        return []
    best = choice.leading(comparison, comparison.candidates)
    networks = {entry.name: entry for entry in (best, *comparison.front)}.values()
    known = [answers.read(answers.place(run.folder, entry.trial.number)) for entry in networks]
    worst = [each.worst(SHOWN).tolist() for each in known if each]
    ranked = [one[rank] for rank in range(SHOWN) for one in worst if rank < len(one)]
    return list(dict.fromkeys(ranked))[:MOST]


def _small(content: bytes, background: tuple[int, int, int]) -> bytes | None:
    """Return a picture with sides of at most SIDE pixels; None if nothing can be seen of it."""
    try:
        picture = view(content, "#{:02x}{:02x}{:02x}".format(*background)).image
    except PictureError:
        return None
    is_small = max(picture.size) <= PIXELATED
    picture.thumbnail((SIDE, SIDE))
    stream = io.BytesIO()
    picture.save(stream, "PNG") if is_small else picture.save(stream, "JPEG", quality=80)
    return stream.getvalue()
