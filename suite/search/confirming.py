"""The networks of chosen trials trained again, with seeds that vary everything at once.

A seed draws the pictures for validation, the first weights, the sequence of pictures and their augmentation. All
networks get the same seeds, so that they can be compared in pairs: Bouthillier et al., Accounting for Variance in
Machine Learning Benchmarks, MLSys 2021. Recipe and epochs are those of the trial. Then the test pictures judge. A
network of a study with [words] learns from texts first, as in the search, and is judged by them alone, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import keras

from suite import datasets
from suite.architectures import candidate
from suite.core import answers, seen
from suite.core.answers import Answers
from suite.core.recipe import TUNE
from suite.core.trial import Run
from suite.datasets import Dataset
from suite.machine import capacity, turns
from suite.machine.progress import watched
from suite.report.confirmation import Again
from suite.search import addresses, folder, same_pictures, trained
from suite.search.pace import as_trained
from suite.search.rereading import Rereading
from suite.training import answering, features, loop
from suite.training.best import DivergedError
from suite.training.deadline import OutOfTimeError
from suite.training.loop import TooLargeError


def train(left: Sequence[Again]) -> Iterator[str]:
    """Do trainings, one by one; yield a line of each when its answers to the test pictures are durable.

    One that fails says why, and the others go on. Raises DatasetError when the pictures have changed since a run began.
    """
    benches = {run.folder: _bench(run) for run in {one.run.folder: one.run for one in left}.values()}
    for one in watched(left, len(left), "training again"):
        try:
            found = _elsewhere(one) or _train(one, benches[one.run.folder])
        except (DivergedError, OutOfTimeError, TooLargeError) as error:
            yield f"{one} failed: {error}"
        else:
            yield f"{one}: {100 * found.right.mean():.2f} % of the test pictures{_by_text(one)}"
    for bench in benches.values():
        if bench.reads:
            bench.reads.forget()


def _by_text(one: Again) -> str:
    """Say how many of the test pictures it tells by the texts of their classes alone; nothing if it cannot."""
    found = answers.read(answers.by_text(one.run.folder, one.trial.number, one.seed))
    return f", {100 * found.right.mean():.2f} % by the texts of their classes alone" if found else ""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What all trainings of the networks of one run share."""

    data: Dataset
    reads: Rereading | None  # of a study with [words]


def _bench(run: Run) -> Bench:
    data = datasets.load(run.study.dataset, candidate.any_image(run.study), run.study.preparation)
    same_pictures.require(run.study, run.trials, data, "Bring back the old ones to confirm it.")
    return Bench(data=data, reads=Rereading(run, data) if run.study.words else None)


def _train(one: Again, bench: Bench) -> Answers:
    study, configuration = replace(one.run.study, seed=one.seed), one.trial.configuration
    recipe = as_trained(candidate.recipe(study, configuration), one.trial)
    shape = candidate.shape(study, configuration, bench.data.task.image)
    shown = bench.data.seen(shape, seen.preprocessing(one.trial))
    drawn = shown.redrawn(one.seed)
    try:
        keras.utils.set_random_seed(one.seed)
        with loop.precision(recipe.precision), turns.together(capacity.usable()) as give_way:
            build = partial(trained.untrained, study, configuration, shown.task)
            network = candidate.given(study, configuration, build())
            texts = None
            if bench.reads:
                by_text = bench.reads(one.trial, one.seed, network, drawn, recipe.precision, give_way)
                texts = answering.answers(by_text, shown, TUNE, "test")
            loop.train(
                network, recipe, drawn, epochs=study.fidelity.epochs, seed=one.seed, by=study.quality, build=build
            )
            found = answering.answers(network, shown, recipe.mode, "test")
            _look(one, bench.data.digest, {f"{one.trial.number} with seed {one.seed}": features.digest(network)})
            _keep(one, found, texts)
            return found
    finally:
        keras.utils.clear_session()


def _keep(one: Again, found: Answers, texts: Answers | None) -> None:
    """Make answers durable; the file of `found` comes last, as it says that the training is done."""
    place = one.run.folder, one.trial.number, one.seed
    if texts:
        answers.write(texts, answers.by_text(*place))
    answers.write(found, answers.again(*place))
    addresses.depot(one.run.folder).deliver()


def _elsewhere(one: Again) -> Answers | None:
    """Return the answers that another machine has got since this one began; None if there are none."""
    place, depot = (one.run.folder, one.trial.number, one.seed), addresses.depot(one.run.folder)
    if not depot.renew(answers.again(*place)):
        return None
    if one.run.study.words:
        depot.renew(answers.by_text(*place))
    return answers.read(answers.again(*place))


def _look(one: Again, pictures: str, weights: Mapping[str, str]) -> None:
    """Keep, before the answers are known to anybody, that the test pictures were looked at."""
    with folder.reopened(one.run.folder) as store:
        store.look(one.look, pictures, weights)
