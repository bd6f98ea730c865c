"""May weights go to a network for other pictures and other classes, and is what does not fit named?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from suite import architectures
from suite.architectures import weights
from suite.architectures.weights.copying import learned, weighted
from suite.architectures.weights.loading import built
from suite.architectures.weights.resampling import biases, positions
from suite.core.errors import ArchitectureError
from suite.core.task import Task
from tests.families.test_applications import images, randomized

LITE = "efficientnet/lite0"


def new(name: str, side: int, classes: int, channels: int = 3) -> keras.Model:
    task = Task(height=side, width=side, channels=channels, classes=classes)
    return architectures.build(name, task)


def numbers(network: keras.Model) -> list[list[np.ndarray]]:
    return [[np.asarray(weight) for weight in learned(layer) if weight is not None] for layer in weighted(network)]


def features(network: keras.Model) -> keras.Model:
    """The network up to what its classifier takes."""
    return keras.Model(network.input, network.get_layer("logits").input)


@pytest.fixture(scope="module")
def lite() -> weights.Weights:
    return weights.find(LITE)


def test_a_network_for_other_pictures_and_classes_has_the_body_and_a_new_classifier(lite: weights.Weights) -> None:
    """What it computes of a small picture is what the network of 1,000 classes computes of it."""
    network = new(LITE, 64, 7)
    before = np.asarray(network.get_layer("logits").kernel)
    assert lite.give(network) is network
    np.testing.assert_array_equal(network.get_layer("logits").kernel, before)
    whole = lite.give(new(LITE, 64, 1000))
    np.testing.assert_array_equal(features(network)(images(64)), features(whole)(images(64)))


def test_a_network_of_as_many_classes_has_the_classifier_too(lite: weights.Weights) -> None:
    for given, trained in zip(numbers(lite.give(new(LITE, 64, 1000))), numbers(lite.network()), strict=True):
        for one, other in zip(given, trained, strict=True):
            np.testing.assert_array_equal(one, other)


def test_weights_have_a_title_and_a_digest_of_their_file(lite: weights.Weights, tmp_path: Path) -> None:
    copy = tmp_path / "copied.pth"
    copy.write_bytes(lite.file.read_bytes())
    same = weights.find(LITE, str(copy))
    assert same.digest == lite.digest
    copy.write_bytes(lite.file.read_bytes() + b"\0")
    assert weights.find(LITE, str(copy)).digest != lite.digest
    assert lite.title == "ImageNet, EfficientNet-Lite"


def test_pictures_of_another_number_of_colours_are_refused(lite: weights.Weights) -> None:
    with pytest.raises(ArchitectureError, match=r"do not fit 'stem_conv' .*3, 3, 1, 32"):
        lite.give(new(LITE, 64, 7, channels=1))


def test_the_dense_layers_of_a_network_that_flattens_its_map_are_new_at_another_size(tmp_path: Path) -> None:
    theirs = randomized(new("vgg/tiny", 32, 4), 32)
    theirs.save(tmp_path / "vgg.keras")
    found = weights.find("vgg/tiny", str(tmp_path / "vgg.keras"))
    assert (found.classes, found.preprocessing.resolution) == (4, 32)
    smaller = new("vgg/tiny", 16, 4)
    before = dict(zip([layer.name for layer in weighted(smaller)], numbers(smaller), strict=True))
    given = dict(zip([layer.name for layer in weighted(smaller)], numbers(found.give(smaller)), strict=True))
    dense = [layer.name for layer in weighted(smaller) if isinstance(layer, keras.layers.Dense)]
    expected = dict(zip([layer.name for layer in weighted(theirs)], numbers(theirs), strict=True))
    assert len(dense) > 1
    for name, values in given.items():
        for value, wanted in zip(values, before[name] if name in dense else expected[name], strict=True):
            np.testing.assert_array_equal(value, wanted)


def test_a_network_that_was_trained_here_gives_its_weights_to_one_of_other_classes(tmp_path: Path) -> None:
    theirs = randomized(new("mobilenet_v2/tiny", 32, 10), 32)
    theirs.save(tmp_path / "trial.keras")
    found = weights.find("mobilenet_v2/tiny", str(tmp_path / "trial.keras"))
    ours = found.give(new("mobilenet_v2/tiny", 48, 3))
    np.testing.assert_allclose(
        features(ours)(images(48)), features(found.give(new("mobilenet_v2/tiny", 48, 10)))(images(48)), rtol=1e-5
    )
    pictures: Any = images(32)
    np.testing.assert_allclose(found.network()(pictures), theirs(pictures), rtol=1e-4, atol=1e-5)


def test_another_architecture_is_refused_with_the_first_layer_that_differs(tmp_path: Path) -> None:
    built("mobilenet/tiny", 32, 2, {"stem_width": 16}).save(tmp_path / "wide.keras")
    found = weights.find("mobilenet/tiny", str(tmp_path / "wide.keras"))
    with pytest.raises(ArchitectureError, match=r"'stem_conv' .*3, 3, 3, 16.* do not fit 'stem_conv' .*3, 3, 3, 8"):
        found.give(built("mobilenet/tiny", 32, 2, {"stem_width": 8}))


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.keras").write_text("no weights\n")
    with pytest.raises(ArchitectureError, match=r"text\.keras is no network that Keras can read"):
        weights.find("mobilenet/tiny", str(tmp_path / "text.keras"))


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ArchitectureError, match=r"no file nowhere\.pth with weights for 'efficientnet/lite0'"):
        weights.find(LITE, "nowhere.pth")


def smooth(count: int) -> np.ndarray:
    """A plane over a map of count x count pixels, which every interpolation keeps."""
    rows, columns = np.mgrid[:count, :count] / count + 0.5 / count
    return np.stack([rows, columns], axis=-1).reshape(count * count, 2).astype("float32")


def test_positions_in_a_picture_are_kept_at_another_size() -> None:
    """Between its borders, where nothing is beyond."""
    wider = positions(np.concatenate([np.full((1, 2), 9, "float32"), smooth(8)]), 1 + 16 * 16, (64, 64))
    assert wider is not None
    np.testing.assert_array_equal(wider[0], [9, 9])
    inner = wider[1:].reshape(16, 16, 2)[4:-4, 4:-4]
    np.testing.assert_allclose(inner, smooth(16).reshape(16, 16, 2)[4:-4, 4:-4], atol=1e-6)
    high = positions(smooth(8), 16 * 8, (64, 32))
    assert high is not None
    np.testing.assert_allclose(high.reshape(16, 8, 2)[4:-4, 1:-1, 1], np.tile(smooth(8)[1:7, 1], (8, 1)), atol=1e-6)


def test_biases_of_near_pixels_are_kept_at_another_size() -> None:
    table = np.random.default_rng(0).normal(size=(2, 13, 13)).astype("float32")
    for side in (23, 9):
        new = biases(table, (side, side))
        middle = slice(side // 2 - 1, side // 2 + 2)
        np.testing.assert_allclose(new[:, middle, middle], table[:, 5:8, 5:8], atol=1e-5)
        assert np.abs(new).max() <= np.abs(table).max()


@pytest.mark.parametrize("name", ["vit/tiny", "coatnet/tiny"])
def test_a_transformer_takes_its_weights_to_pictures_of_another_size(name: str, tmp_path: Path) -> None:
    """What knows of places changes, and nothing else."""
    theirs = randomized(new(name, 32, 4), 32)
    theirs.save(tmp_path / "trial.keras")
    found = weights.find(name, str(tmp_path / "trial.keras"))
    larger = found.give(new(name, 64, 4))
    other = set()
    for ours, before in zip(numbers(larger), numbers(theirs), strict=True):
        for one, wanted in zip(ours, before, strict=True):
            if one.shape == wanted.shape:
                np.testing.assert_array_equal(one, wanted)
            else:
                other.add((len(one.shape), np.abs(one).max() > 0))
    assert other == {(2 if name == "vit/tiny" else 3, True)}
    again = found.give(new(name, 32, 4))
    np.testing.assert_allclose(again(images(32)), theirs(images(32)), rtol=1e-5, atol=1e-6)
