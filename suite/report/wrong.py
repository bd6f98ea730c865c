"""The validation pictures that a candidate has wrong with the greatest confidence, as its run keeps them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from suite.core import answers, classes, thumbnails
from suite.report.comparison import Comparison
from suite.report.entries import Entry

SHOWN = 12  # pictures of one candidate
PNG = b"\x89PNG"  # how such a file begins; the others are JPEG


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A picture with a wrong answer."""

    number: int  # in the sequence of the validation pictures
    label: str  # its class
    named: str  # the class that the candidate names
    said: float  # the probability that it gives this answer
    content: bytes = field(repr=False)  # of the small picture's file

    @property
    def uri(self) -> str:
        """The picture as the source of an image on a page that needs no other file."""
        kind = "png" if self.content.startswith(PNG) else "jpeg"
        return f"data:image/{kind};base64,{base64.b64encode(self.content).decode()}"


def of(comparison: Comparison, entry: Entry) -> list[Mistake]:
    """Return up to SHOWN mistakes of a candidate, the most confident first; none if its run keeps no pictures.

    Pictures of another data set than the candidate saw do not count. Raises StoreError for answers that cannot be read.
    """
    run = comparison.run_of(entry)
    kept = thumbnails.read(run.folder) if run else None
    known = answers.read(answers.place(run.folder, entry.trial.number)) if run else None
    if not run or not kept or not known or kept.digest != entry.trial.surroundings.get("dataset_digest"):
        return []
    names = classes.read(run.folder)
    return [
        Mistake(
            number=number, label=_named(names, known.labels[number]), named=_named(names, known.named[number]),
            said=float(known.said[number]), content=kept.pictures[number],
        )
        for number in known.worst(SHOWN).tolist()
        if number in kept.pictures
    ]  # fmt: skip


def _named(names: tuple[str, ...], number: int) -> str:
    return names[number] if number < len(names) else str(number)
