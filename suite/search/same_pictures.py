"""Whether the pictures are still those that the trials of a run have seen."""

from __future__ import annotations

from collections.abc import Iterable

from suite.core import seen
from suite.core.errors import DatasetError
from suite.core.study import Study
from suite.core.trial import Trial
from suite.datasets import Dataset


def require(study: Study, before: Iterable[Trial], data: Dataset, way_out: str) -> None:
    """Raise DatasetError, with the way out, when the pictures of `data` differ from those of the trials `before`."""
    first = seen.main(before)
    changed = seen.change(first, data.surroundings) if first else ""
    if changed:
        raise DatasetError(
            f"{study.dataset}: the pictures have changed since {study.name} began: {changed}. Nothing was trained. "
            f"{way_out}"
        )
