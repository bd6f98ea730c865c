"""Both sides trained on pairs: do they learn what chance cannot know, go on where they stopped, and give it away?"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from suite import architectures, datasets
from suite.architectures import words as sides
from suite.core.errors import StoreError
from suite.core.preparation import Preparation
from suite.core.words import CLASS_NAMES, Words
from suite.datasets import pairs
from suite.datasets.pairs import Pairs
from suite.datasets.tokens import Tokens
from suite.training import contrastive, zero_shot
from suite.training.contrastive import Pretraining, Texts
from suite.training.deadline import OutOfTimeError
from tests import shapes

WORDS = Words(pairs=CLASS_NAMES, templates=("a {}",), epochs=14, batch_size=48, learning_rate=3e-3)
CHANCE = 100 / 12
EARLY = "early.npz"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> datasets.Dataset:
    folder = tmp_path_factory.mktemp("world")
    shapes.world(folder, 20)
    return datasets.load(str(folder))


@dataclasses.dataclass
class Made:
    """What a training on pairs needs."""

    whole: keras.Model
    pairs: Pairs
    texts: Texts
    tokens: Tokens


def made(data: datasets.Dataset, words: Words = WORDS, name: str = "coca/tiny") -> Made:
    found = pairs.load(words, data, Preparation())
    prompts = [words.prompts(name) for name in data.classes]
    every = [text for each in (*found.texts, *prompts) for text in each]
    tokens = Tokens.learned(every, 1000)
    length = tokens.longest(every)
    texts = Texts(
        pairs=[tokens.numbers(each, length) for each in found.texts],
        classes=[tokens.numbers(each, length) for each in prompts],
    )
    side = dataclasses.replace(sides.text_side(name), vocabulary=tokens.count, length=length)
    keras.utils.set_random_seed(0)
    whole = sides.whole(name.partition("/")[0], architectures.config(name), side, data.task)
    return Made(whole=whole, pairs=found, texts=texts, tokens=tokens)


def train(
    data: datasets.Dataset, it: Made, words: Words = WORDS, name: str = "coca/tiny", **options: Any
) -> Pretraining:
    family = name.partition("/")[0]
    return contrastive.train(it.whole, family, words, it.pairs, data, it.texts, seed=0, **options)


@pytest.fixture(scope="module")
def learned(data: datasets.Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Pretraining, Path]:
    """A network that has learned from the names of the classes, and its checkpoint; that of epoch 4 is beside it."""
    it, file = made(data), tmp_path_factory.mktemp("kept") / "state.npz"

    def keep(row: dict[str, float]) -> None:
        if row["epoch"] == 5:  # the file is still that of the epoch before
            shutil.copy(file, file.with_name(EARLY))

    return it, train(data, it, checkpoint=file, on_epoch=keep), file


def accuracy(network: keras.Model, data: datasets.Dataset) -> float:
    right = [network(images).numpy().argmax(axis=1) == labels for images, labels in data.validation()]
    return 100 * float(np.concatenate(right).mean())


# What is learned.


def test_classes_are_told_by_their_names_as_chance_cannot(
    learned: tuple[Made, Pretraining, Path], data: datasets.Dataset
) -> None:
    it, result, _ = learned
    assert len(result.curve) == WORDS.epochs
    assert result.zero_shot >= 3 * CHANCE
    network = zero_shot.classifier(it.whole, len(data.classes))
    zero_shot.filled(network, zero_shot.vectors(it.whole, it.texts.classes), result.temperature)
    assert accuracy(network, data) == pytest.approx(result.zero_shot)


def test_a_zero_shot_classifier_is_the_nearest_text_and_its_softmax_that_of_the_training(
    learned: tuple[Made, Pretraining, Path], data: datasets.Dataset
) -> None:
    """In NumPy: the mean text of each class, and products of unit vectors over the temperature."""
    it, result, _ = learned
    images = next(iter(data.validation()))[0][:7].numpy()
    prompts = [it.tokens.numbers([f"a {name}", f"{name}!"], it.texts.classes[0].shape[1]) for name in ("red", "blue")]
    dummy = np.zeros((4, *data.task.image), "float32")
    texts = it.whole({"image": dummy, "text": np.concatenate(prompts)})["text"].numpy()
    means = np.stack([texts[:2].mean(axis=0), texts[2:].mean(axis=0)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    words = np.repeat(prompts[0][:1], len(images), axis=0)
    seen = it.whole({"image": images, "text": words})["image"].numpy()
    network = zero_shot.classifier(it.whole, 2)
    zero_shot.filled(network, zero_shot.vectors(it.whole, prompts), result.temperature)
    np.testing.assert_allclose(network(images), seen @ means.T / result.temperature, rtol=1e-4, atol=1e-4)


def test_the_classifier_begins_with_the_body_that_was_learned(
    learned: tuple[Made, Pretraining, Path], data: datasets.Dataset
) -> None:
    it, _, _ = learned
    network = architectures.build("coca/tiny", data.task)
    new = sides.carried(network, it.whole)
    assert {name for name in new if not name.startswith("pooler")} == {"logits"}
    theirs = {layer.name: layer for layer in it.whole.layers}
    body = [layer for layer in network.layers if layer.weights and layer.name not in new]
    assert len(body) > 10
    for layer in body:
        for ours, learned_one in zip(layer.weights, theirs[layer.name].weights, strict=True):
            np.testing.assert_array_equal(ours, learned_one)


@pytest.mark.parametrize("name", ["align/tiny", "coca/tiny"])
def test_what_is_new_in_a_classifier_is_its_head(name: str, data: datasets.Dataset) -> None:
    network = architectures.build(name, data.task)
    whole = sides.whole(name.partition("/")[0], architectures.config(name), sides.text_side(name), data.task)
    head = {"align/tiny": ("head", "logits"), "coca/tiny": ("pooler", "logits")}[name]
    assert all(layer.startswith(head) for layer in sides.carried(network, whole))


# Going on.


@pytest.mark.slow
def test_a_training_goes_on_as_if_it_had_never_stopped(
    learned: tuple[Made, Pretraining, Path], data: datasets.Dataset
) -> None:
    """From the state after four epochs it ends where the whole training did, with the same weights."""
    it, whole, file = learned
    other, epochs = made(data), []
    result = train(data, other, checkpoint=file.with_name(EARLY), on_epoch=lambda row: epochs.append(row["epoch"]))
    assert epochs == list(range(5, WORDS.epochs + 1))
    assert [row["val_accuracy"] for row in result.curve] == [row["val_accuracy"] for row in whole.curve]
    for ours, theirs in zip(other.whole.get_weights(), it.whole.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_training_without_time_says_what_gives_it_some(data: datasets.Dataset) -> None:
    with pytest.raises(OutOfTimeError, match=r"raise budget\.hours"):
        train(data, made(data), left=lambda: 0.0)


def test_a_finished_training_is_read_and_not_repeated(
    learned: tuple[Made, Pretraining, Path], data: datasets.Dataset
) -> None:
    it, whole, file = learned
    again, epochs = made(data), []
    result = train(data, again, checkpoint=file, on_epoch=epochs.append)
    assert epochs == []
    assert (result.curve, result.temperature) == (whole.curve, whole.temperature)
    for ours, theirs in zip(again.whole.get_weights(), it.whole.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_training_on_other_pairs_does_not_go_on_from_it(
    learned: tuple[Made, Pretraining, Path], data: datasets.Dataset
) -> None:
    it, _, file = learned
    with pytest.raises(StoreError, match="it was written with pairs"):
        train(data, dataclasses.replace(it, pairs=dataclasses.replace(it.pairs, digest="0")), checkpoint=file)


@pytest.mark.slow  # two minutes
def test_an_align_learns_from_captions_too(data: datasets.Dataset) -> None:
    words = dataclasses.replace(
        WORDS, pairs="captions.csv", epochs=60, batch_size=24, learning_rate=2e-3, temperature=0.07
    )
    it = made(data, words, "align/tiny")
    assert train(data, it, words, "align/tiny").zero_shot >= 3 * CHANCE
