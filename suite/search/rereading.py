"""Networks that are trained again learn from texts again first: from the pairs that the split of their seed leaves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import keras

from suite.core.trial import Run, Trial
from suite.datasets import Dataset, pairs
from suite.search import folder, pretraining
from suite.search.pretraining import Reader


class Rereading:
    """Lets the networks of one run learn from texts, with one seed after the other.

    Pictures that a split holds out are never read, so another split leaves other pairs. The word pieces stay those of
    the run. What a seed has read is kept on this machine until the next one: networks that differ in their classifier
    only share it.
    """

    def __init__(self, run: Run, data: Dataset) -> None:
        self._run, self._data = run, data
        self._reader: Reader | None = None
        self._kept: set[Path] = set()

    def __call__(
        self, trial: Trial, seed: int, model: keras.Model, data: Dataset, precision: str, give_way: Callable[[], object]
    ) -> keras.Model:
        """Give `model`, a classifier of `data`, the picture side that has learned from texts.

        Returns what tells the classes by their texts alone. Raises as `contrastive.train` does.
        """
        reader = self._of(seed)
        read = reader(trial, model, data, precision, give_way)
        self._kept.add(folder.again(self._run.folder, read.surroundings["weights_digest"]))
        return pretraining.zero_shot(
            replace(self._run, study=reader.study), read, data.task, data.classes, reader.state
        )

    def _of(self, seed: int) -> Reader:
        if self._reader is None or self._reader.study.seed != seed:
            self.forget()
            study, data = replace(self._run.study, seed=seed), self._data.redrawn(seed)
            assert study.words
            found = pairs.load(study.words, data, study.preparation)
            self._reader = pretraining.reader(study, data, found, (), self._run.folder, state=folder.again)
        return self._reader

    def forget(self) -> None:
        """Remove the states of the trainings on texts: what they led to has been judged."""
        for file in self._kept:
            file.unlink(missing_ok=True)
            with suppress(OSError):  # there are others in its folder
                file.parent.rmdir()
        self._kept = set()
