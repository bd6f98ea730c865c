"""The networks of chosen trials trained again, with seeds that vary everything at once.

A seed draws the pictures for validation, the first weights, the sequence of pictures and their augmentation. All
networks get the same seeds, so that they can be compared in pairs: Bouthillier et al., Accounting for Variance in
Machine Learning Benchmarks, MLSys 2021. Recipe and epochs are those of the trial. Then the test pictures judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import keras

from suite import datasets
from suite.architectures import candidate
from suite.core import answers, seen
from suite.core.answers import Answers
from suite.core.errors import DatasetError, StudyError
from suite.core.trial import Run
from suite.datasets import Dataset
from suite.machine import capacity, turns
from suite.machine.progress import watched
from suite.report.confirmation import Again
from suite.search import addresses, folder, trained
from suite.search.pace import as_trained
from suite.training import answering, features, loop
from suite.training.best import DivergedError
from suite.training.loop import TooLargeError


def train(left: Sequence[Again]) -> Iterator[str]:
    """Do trainings, one by one; yield a line of each when its answers to the test pictures are durable.

    One that fails says why, and the others go on. Raises DatasetError when the pictures have changed since a run began,
    StudyError for networks that learn from texts.
    """
    data = {run.folder: _pictures(run) for run in {one.run.folder: one.run for one in left}.values()}
    for one in watched(left, len(left), "training again"):
        try:
            found = _elsewhere(one) or _train(one, data[one.run.folder])
        except (DivergedError, TooLargeError) as error:
            yield f"{one} failed: {error}"
        else:
            yield f"{one}: {100 * found.right.mean():.2f} % of the test pictures"


def _pictures(run: Run) -> Dataset:
    study = run.study
    if study.words:
        raise StudyError(f"{run.name}: a network with [words] cannot be confirmed yet: its texts are not drawn anew")
    data = datasets.load(study.dataset, candidate.any_image(study), study.preparation)
    first = seen.main(run.trials)
    changed = seen.change(first, data.surroundings) if first else ""
    if changed:
        raise DatasetError(
            f"{study.dataset}: the pictures have changed since {run.name} began: {changed}. "
            "Nothing was trained. Bring back the old ones to confirm it."
        )
    return data


def _train(one: Again, data: Dataset) -> Answers:
    study, configuration = replace(one.run.study, seed=one.seed), one.trial.configuration
    recipe = as_trained(candidate.recipe(study, configuration), one.trial)
    shown = data.seen(candidate.shape(study, configuration, data.task.image), seen.preprocessing(one.trial))
    try:
        keras.utils.set_random_seed(one.seed)
        with loop.precision(recipe.precision), turns.together(capacity.usable()):
            build = partial(trained.untrained, study, configuration, shown.task)
            network = candidate.given(study, configuration, build())
            loop.train(
                network,
                recipe,
                shown.redrawn(one.seed),
                epochs=study.fidelity.epochs,
                seed=one.seed,
                by=study.quality,
                build=build,
            )
            found = answering.answers(network, shown, recipe.mode, "test")
            _look(one, data.digest, {f"{one.trial.number} with seed {one.seed}": features.digest(network)})
            answers.write(found, answers.again(one.run.folder, one.trial.number, one.seed))
            addresses.depot(one.run.folder).deliver()
            return found
    finally:
        keras.utils.clear_session()


def _elsewhere(one: Again) -> Answers | None:
    """Return the answers that another machine has got since this one began; None if there are none."""
    file = answers.again(one.run.folder, one.trial.number, one.seed)
    return answers.read(file) if addresses.depot(one.run.folder).renew(file) else None


def _look(one: Again, pictures: str, weights: Mapping[str, str]) -> None:
    """Keep, before the answers are known to anybody, that the test pictures were looked at."""
    with folder.reopened(one.run.folder) as store:
        store.look(one.look, pictures, weights)
