"""Both sides of a network learn from texts, before its classifier is trained; each picture side once in a run.

What trials share lies in the run's folder: `words/tokens.json`, the word pieces, and `words/KEY.npz` for each picture
side, the state of its training, from which it goes on too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import keras

from suite.architectures import candidate
from suite.architectures import words as sides
from suite.core import files
from suite.core.domains import Value
from suite.core.errors import DatasetError, ExportError, StoreError
from suite.core.recipe import TUNE
from suite.core.study import Study, split
from suite.core.task import Task
from suite.core.trial import Run, Trial
from suite.core.words import Words
from suite.datasets import Dataset
from suite.datasets.pairs import Pairs
from suite.datasets.tokens import Tokens
from suite.search import addresses, folder
from suite.training import contrastive
from suite.training import zero_shot as classified
from suite.training.contrastive import Pretraining, Texts
from suite.training.deadline import Forecast, Left, forever
from suite.training.loop import precision

GiveWay = Callable[[], object]  # lets another process have its turn
OnEpoch = Callable[[Mapping[str, float], int], object]  # told of each epoch, and how many there are


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Lets the networks of one study learn from texts."""

    study: Study
    words: Words
    pairs: Pairs
    tokens: Tokens
    home: Path  # of the run
    state: Callable[[Path, str], Path] = folder.words  # the file of a training: of which run, and its key
    left: Left = forever
    forecast: Callable[[Forecast], object] = lambda forecast: None
    on_epoch: OnEpoch = lambda row, epochs: None

    def __call__(self, trial: Trial, model: keras.Model, data: Dataset, precision: str, give_way: GiveWay) -> Trial:
        """Give `model`, a classifier of the pictures of `data`, the picture side that has learned from texts.

        Returns the trial with its zero-shot accuracy. Raises as `contrastive.train` does.
        """
        whole, family = self.whole(trial.configuration, data), _family(self.study, trial.configuration)
        name = self.key(trial.configuration, data, precision)
        file = self.state(self.home, name)
        addresses.depot(self.home).renew(file)

        def told(row: dict[str, float]) -> None:
            self.on_epoch(row, self.words.epochs)
            give_way()

        found = contrastive.train(
            whole, family, self.words, self.pairs.seen(data), data, self._texts(trial.configuration, data),
            seed=self.study.seed, precision=precision, on_epoch=told, checkpoint=file, left=self.left,
            forecast=self.forecast,
        )  # fmt: skip
        sides.carried(model, whole)
        return replace(
            trial,
            measures={**trial.measures, "zero_shot": found.zero_shot},
            surroundings={**trial.surroundings, **self._told(name, found, self._length(trial.configuration, data))},
        )

    def whole(self, configuration: Mapping[str, Value], data: Dataset) -> keras.Model:
        """Return the untrained network of both sides."""
        length = self._length(configuration, data)
        return _whole(self.study, configuration, self.tokens.count, length, data.task)

    def key(self, configuration: Mapping[str, Value], data: Dataset, precision: str) -> str:
        """Return short hex of all that decides what both sides learn."""
        decisive = (
            candidate.architecture(self.study, configuration), asdict(candidate.config(self.study, configuration)),
            asdict(self.words), precision, data.task.image, str(data.preprocessing), data.digest, self.pairs.digest,
            self.study.seed,
        )  # fmt: skip
        return blake2b(json.dumps(decisive).encode(), digest_size=8).hexdigest()

    def _length(self, configuration: Mapping[str, Value], data: Dataset) -> int:
        """Return the most pieces of a text, as far as the text side can read."""
        most = sides.text_side(candidate.architecture(self.study, configuration)).length
        return min(self.tokens.longest(_every(self.words, self.pairs, data)), most)

    def _texts(self, configuration: Mapping[str, Value], data: Dataset) -> Texts:
        length = self._length(configuration, data)
        return Texts(
            pairs=[self.tokens.numbers(texts, length) for texts in self.pairs.texts],
            classes=[self.tokens.numbers(self.words.prompts(name), length) for name in data.classes],
        )

    def _told(self, name: str, found: Pretraining, length: int) -> dict[str, str]:
        """Return what a trial records of the texts. Its classifier begins with weights of another training."""
        return {
            "mode": TUNE,
            "weights": f"texts of {self.pairs.name}",
            "weights_digest": name,
            "pairs": self.pairs.name,
            "pairs_digest": self.pairs.digest,
            "pairs_images": str(self.pairs.size),
            "words_length": str(length),
            "words_seconds": f"{found.seconds:.1f}",
            "words_temperature": f"{found.temperature:.4g}",
        }


def reader(study: Study, data: Dataset, found: Pairs, before: Sequence[Trial], home: Path, **options: Any) -> Reader:
    """Return what lets the networks of a study learn from `found`, with the word pieces that its run has begun with.

    Raises DatasetError if the trials `before` have read other texts.
    """
    assert study.words is not None
    if any(trial.surroundings.get("pairs_digest", found.digest) != found.digest for trial in before):
        raise DatasetError(
            f"{found.name}: the texts or their pictures have changed since {study.name} began. Nothing was trained. "
            f"Search the new ones under another name (--set name={study.name}-2), or bring back the old ones."
        )
    file = folder.tokens(home)
    if addresses.depot(home).renew(file):
        tokens = Tokens.read(file.read_text(encoding="utf-8"))
    else:
        most = max(sides.text_side(name).vocabulary for name in study.architectures)
        tokens = Tokens.learned(_every(study.words, found, data), most)
        files.write(file, tokens.written)
    return Reader(study=study, words=study.words, pairs=found, tokens=tokens, home=home, **options)


def zero_shot(
    run: Run, trial: Trial, task: Task, classes: Sequence[str], state: Callable[[Path, str], Path] = folder.words
) -> keras.Model:
    """Return the classifier of pictures by the texts of `classes`, of which it has seen no label.

    `state` says in which file of a run is what it has learned, see Reader. Raises ExportError if the networks of
    the run have not learned from texts.
    """
    study, told = run.study, trial.surroundings
    if study.words is None or "words_length" not in told:
        raise ExportError(f"{run.name}/{trial.number} has not learned from texts: only [words] in a study lets it")
    tokens, length = Tokens.read(_pieces(run.folder)), int(told["words_length"])
    family = _family(study, trial.configuration)
    with precision(told["recipe_precision"]):
        whole = _whole(study, trial.configuration, tokens.count, length, task)
        file = state(run.folder, told["weights_digest"])
        temperature = contrastive.give(whole, family, folder.brought(run.folder, file))
        network = classified.classifier(whole, len(classes))
    prompts = [tokens.numbers(study.words.prompts(name), length) for name in classes]
    classified.filled(network, classified.vectors(whole, prompts), temperature)
    return network


def _whole(study: Study, configuration: Mapping[str, Value], count: int, length: int, task: Task) -> keras.Model:
    """Return the network of both sides for so many word pieces, and for texts of so many."""
    assert study.words is not None
    text = sides.text_of(candidate.architecture(study, configuration), study.words, count, length)
    return sides.whole(_family(study, configuration), candidate.config(study, configuration), text, task)


def _family(study: Study, configuration: Mapping[str, Value]) -> str:
    return split(candidate.architecture(study, configuration))[0]


def _pieces(home: Path) -> str:
    try:
        return folder.brought(home, folder.tokens(home)).read_text(encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{folder.tokens(home)}: the word pieces cannot be read ({error.strerror})") from error


def _every(words: Words, found: Pairs, data: Dataset) -> list[str]:
    """Return every text: of the pairs, and of the classes."""
    prompts = [words.prompts(name) for name in data.classes]
    return [text for texts in (*found.texts, *prompts) for text in texts]
