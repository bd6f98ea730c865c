"""Does a network see pictures as its preprocessing says: in training, in memory, and once it is exported?"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from suite import datasets
from suite.core.preprocessing import PLAIN, Preprocessing
from suite.core.recipe import Augmentation
from suite.datasets import Dataset, preparing
from suite.datasets.memory import Memory
from suite.export import exporting
from suite.pictures.graph import framed, prepared, scaled
from tests.pictures import fill, noise

CAFFE = Preprocessing(crop=0.5, square=True, mean=(103.0, 116.0, 123.0), deviation=(1.0, 2.0, 4.0), reverse=True)
PIXELS = replace(PLAIN, mean=(0.0,) * 3, deviation=(1.0,) * 3)


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    for number, name in enumerate(("ant", "bee")):
        fill(tmp_path / "set" / name, range(100 * number, 100 * number + 12), size=(40, 33))
    return datasets.load(str(tmp_path / "set"), (32, 32, 3))


def read(batches: tf.data.Dataset) -> np.ndarray:
    return np.concatenate([images for images, _ in batches.as_numpy_iterator()])


@given(
    st.builds(
        Preprocessing,
        crop=st.floats(0.1, 1),
        square=st.booleans(),
        interpolation=st.sampled_from(["bilinear", "bicubic"]),
        mean=st.tuples(*[st.floats(0, 255)] * 3),
        reverse=st.booleans(),
        resolution=st.integers(0, 999),
    )
)
def test_what_is_kept_of_it_as_a_line_says_all(some: Preprocessing) -> None:
    assert "\n" not in str(some)
    assert Preprocessing.read(str(some)) == some


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(("square", "seen"), [(True, (20, 10, 60, 50)), (False, (12, 9, 68, 51))])
def test_the_centre_is_cut_and_resized_as_pillow_does_it(
    interpolation: str, square: bool, seen: tuple[int, int, int, int]
) -> None:
    """Of 80 x 60 pixels: 2/3 of the shorter side as a square, or 70 % of both sides."""
    picture = noise(4, (80, 60))
    how = replace(PIXELS, crop=2 / 3 if square else 0.7, square=square, interpolation=interpolation)
    ours = np.clip(prepared(np.asarray(picture), (16, 16, 3), preprocessing=how), 0, 255)
    filters = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
    theirs = np.asarray(picture.crop(seen).resize((16, 16), filters[interpolation]), float)
    assert np.abs(ours - theirs).max() < 1.1


def test_an_input_that_is_no_square_gets_a_part_of_its_shape() -> None:
    """Nothing is stretched: a circle stays one."""
    rows, columns = np.mgrid[:90, :200]
    circle = 255.0 * ((rows - 44.5) ** 2 + (columns - 99.5) ** 2 < 30**2)[..., None].repeat(3, -1)
    seen = np.asarray(framed(circle, (30, 60, 3), geometry=Preprocessing(square=True)))[..., 0] > 127
    high, wide = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    assert len(high) == len(wide) == 20


def test_colours_are_shifted_scaled_and_turned() -> None:
    picture = np.asarray(noise(1, (8, 8)))
    how = replace(CAFFE, crop=1.0)
    wanted = ((picture - np.array(CAFFE.mean)) / np.array(CAFFE.deviation))[..., ::-1]
    np.testing.assert_allclose(prepared(picture, (8, 8, 3), preprocessing=how), wanted, rtol=1e-5, atol=1e-4)


def hundredths(least: int) -> st.SearchStrategy[float]:
    """Draw what a colour may be, from a hundredth of `least`: as papers print it."""
    return st.integers(least, 25_500).map(lambda number: number / 100)


@given(
    means=st.tuples(*[hundredths(0)] * 3),
    deviations=st.tuples(*[hundredths(50)] * 3),
    reverse=st.booleans(),
    shape=st.sampled_from([(5, 7, 3), (2, 5, 7, 3), (1, 1, 1, 3)]),
    unknown=st.sampled_from(["nothing", "the number of pictures", "all"]),
)
def test_each_pixel_is_scaled_to_the_bit_whatever_is_known_of_the_shape(
    means: tuple, deviations: tuple, reverse: bool, shape: tuple[int, ...], unknown: str
) -> None:
    """A network in its study, in its export and in a format sees one input."""
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype("f4")
    how = replace(PLAIN, mean=means, deviation=deviations, reverse=reverse)
    factors = [np.float32(1 / one) for one in deviations]
    wanted = np.stack([(pixels[..., c] - np.float32(means[c])) * factors[c] for c in range(3)], -1)
    told = {"nothing": shape, "the number of pictures": (*(None,) * (len(shape) - 3), *shape[-3:]), "all": None}
    known = told[unknown] or (*(None,) * (len(shape) - 1), 3)
    traced = tf.function(lambda x: scaled(x, how), input_signature=[tf.TensorSpec(known, tf.float32)])
    assert np.array_equal(traced(pixels), wanted[..., ::-1] if reverse else wanted)


def test_pictures_of_a_pipeline_may_differ_in_size() -> None:
    """In a tf.data pipeline a batch of one has a size that is known only when it comes."""
    pictures = [np.asarray(noise(3, size))[None] for size in ((60, 100), (200, 64))]
    sizes = tf.data.Dataset.from_generator(
        lambda: pictures, output_signature=tf.TensorSpec((1, None, None, 3), tf.uint8)
    )
    shown = sizes.map(lambda picture: prepared(picture, (48, 48, 3), preprocessing=CAFFE))
    for seen, picture in zip(shown, pictures, strict=True):
        np.testing.assert_allclose(seen, prepared(picture, (48, 48, 3), preprocessing=CAFFE), atol=1e-4)


@pytest.mark.parametrize(("room", "on_disk"), [(np.inf, "0"), (0, "1"), (0, "0")])
def test_training_and_validation_see_what_an_export_would_see(
    data: Dataset, room: float, on_disk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUITE_PICTURES", on_disk)
    shown = replace(data, reader=replace(data.reader, memory=Memory(room=room))).seen((24, 20, 3), CAFFE)
    assert shown.task.image == (24, 20, 3)
    assert Preprocessing.read(shown.surroundings["preprocessing"]) == CAFFE
    for split, batches in (("train", shown.train(batch_size=5, seed=0)), ("validation", shown.validation())):
        files = [picture for picture, _ in data.samples(split, 99)]
        wanted = {prepared(file, (24, 20, 3), preprocessing=CAFFE).numpy().tobytes() for file in files}
        assert {image.tobytes() for image in read(batches)} == wanted


def test_augmentation_changes_the_pixels_before_they_are_scaled(data: Dataset) -> None:
    ways = {"batch_size": 6, "seed": 3, "augmentation": Augmentation(shift=0.25, flip=True)}
    pixels, scaled = (
        read(data.seen(preprocessing=how).train(**ways))
        for how in (replace(PIXELS, square=True), replace(CAFFE, crop=1.0))
    )
    wanted = ((pixels - np.array(CAFFE.mean, "f4")) / np.array(CAFFE.deviation, "f4"))[..., ::-1]
    np.testing.assert_allclose(scaled, wanted, rtol=1e-5, atol=1e-4)


def test_pictures_are_decoded_once_for_all_that_see_the_same_part_of_them(data: Dataset) -> None:
    first = read(data.seen(preprocessing=CAFFE).validation())
    other = replace(CAFFE, reverse=False, mean=(0.0,) * 3, deviation=(1.0,) * 3)
    shutil.rmtree(preparing.data_folder())
    again = read(data.seen(preprocessing=other).validation())
    wanted = (again - np.array(CAFFE.mean, "f4")) / np.array(CAFFE.deviation, "f4")
    np.testing.assert_allclose(first, wanted[..., ::-1], rtol=1e-5, atol=1e-4)


def test_of_many_shapes_those_used_last_stay_in_memory(data: Dataset) -> None:
    def kept() -> list[int]:
        return [image[0] for image, _ in memory.kept]

    small, middle, large = (data.seen((side, side, 3)) for side in (8, 12, 16))
    memory = data.reader.memory
    memory.room = 3 * 16**2 * sum(data.sizes.values())  # for all splits of the largest: they may stay
    assert not data.seen((17, 17, 3)).reader.fits
    before = read(small.validation())
    for shown in (middle, large, small):
        shown.validation()
    assert kept() == [12, 16, 8]
    large.test()
    large.train(batch_size=4, seed=0)
    assert kept() == [16]
    assert np.array_equal(read(small.validation()), before)  # read anew, and for it the largest had to go
    assert kept() == [8]


def test_an_export_sees_what_its_network_was_trained_on(data: Dataset, tmp_path: Path) -> None:
    """All three ways to ask it are compared with the network itself when it is exported."""
    shown = data.seen((24, 20, 3), CAFFE)
    keras.utils.set_random_seed(0)
    image = keras.Input(shown.task.image)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3, activation="relu")(image))
    model = keras.Model(image, keras.layers.Dense(2)(x))
    done = exporting.export(model, shown, tmp_path / "net", {})
    assert done.agreement.greatest_difference < 1e-4
    card = json.loads((done.folder / "assets.extra" / "card.json").read_text())
    assert Preprocessing.read(json.dumps(card["preprocessing"])) == CAFFE
    served = tf.saved_model.load(str(done.folder)).signatures
    picture = np.asarray(noise(7, (50, 41)))
    wanted = keras.ops.softmax(model(prepared(picture, (24, 20, 3), preprocessing=CAFFE)[None]))
    pixels = framed(picture, (24, 20, 3), geometry=CAFFE)[None]
    for answer in (served["images"](images=picture[None]), served["pixels"](pixels=pixels)):
        np.testing.assert_allclose(answer["probabilities"], wanted, atol=1e-5)
