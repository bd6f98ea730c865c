"""Does each random change do to pictures and labels what it is said to do, decided by its seed alone?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from suite import datasets
from suite.core.recipe import Augmentation, Recipe
from suite.datasets import augment, mixing, operations, policies
from suite.training import judging, loop
from tests.networks import classifier

SEED = tf.constant([3, 5], tf.int64)


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """Smooth colours and a hard edge, not from 0 to 255: [H, W, C] of whole numbers."""
    y, x = np.mgrid[:24, :32]
    waves = [100 + 60 * np.sin(x / 5 + shift) * np.cos(y / 7 - shift) for shift in (0, 1, 2)]
    picture = np.stack(waves, axis=-1)
    picture[8:14, 10:20] = (200, 30, 90)
    return np.round(picture).astype("float32")


def pillow(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels.astype("uint8"))


# operations


FACTORS: dict[str, tuple[Any, Any]] = {
    "brightness": (operations.brightness, ImageEnhance.Brightness),
    "contrast": (operations.contrast, ImageEnhance.Contrast),
    "saturation": (operations.saturation, ImageEnhance.Color),
    "sharpness": (operations.sharpness, ImageEnhance.Sharpness),
}


@pytest.mark.parametrize("factor", [0.1, 0.7, 1.0, 1.9])
@pytest.mark.parametrize("name", FACTORS)
def test_a_change_by_a_factor_is_that_of_pillow(pixels: np.ndarray, name: str, factor: float) -> None:
    """Pillow rounds what it blends with, and the result."""
    ours, theirs = FACTORS[name]
    wanted = np.asarray(theirs(pillow(pixels)).enhance(factor), "float32")
    np.testing.assert_allclose(ours(pixels, factor), wanted, atol=1.6)


WHOLE: dict[str, tuple[Callable[[Any], Any], Callable[[Image.Image], Image.Image], float]] = {
    "autocontrast": (operations.stretched, ImageOps.autocontrast, 1),
    "equalize": (operations.equalized, ImageOps.equalize, 0),
    "solarize": (lambda x: operations.solarized(x, 110), lambda x: ImageOps.solarize(x, 110), 0),
    "posterize": (lambda x: operations.posterized(x, tf.constant(3.0)), lambda x: ImageOps.posterize(x, 3), 0),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_change_of_values_is_that_of_pillow(pixels: np.ndarray, name: str) -> None:
    ours, theirs, off = WHOLE[name]
    for picture in (pixels, np.full_like(pixels, 77)):
        np.testing.assert_allclose(ours(tf.constant(picture)), np.asarray(theirs(pillow(picture))), atol=off)


@pytest.mark.parametrize("matrix", [(1, 0.3, 0, 0, 1, 0), (1, 0, 5, 0, 1, -3), (0.9, 0.4, 1.5, -0.4, 0.9, 0.25)])
def test_a_move_is_that_of_pillow(pixels: np.ndarray, matrix: tuple[float, ...]) -> None:
    """Where all four pixels around are inside: at the border Pillow and TensorFlow fill in other ways."""
    a, b, c, d, e, f = matrix
    height, width = pixels.shape[:2]
    x, y = (width - 1) / 2, (height - 1) / 2
    # Pillow counts from the corner of a pixel, so that its centre is at a half.
    data = (a, b, c + x - a * x - b * y - (a + b - 1) / 2, d, e, f + y - d * x - e * y - (d + e - 1) / 2)
    theirs = pillow(pixels).transform((width, height), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    ours = operations.moved(tf.constant(pixels), [[a, b, c], [d, e, f]]).numpy()
    rows, columns = np.mgrid[:height, :width]
    seen_x, seen_y = a * (columns - x) + b * (rows - y) + c + x, d * (columns - x) + e * (rows - y) + f + y
    inside = (seen_x > 0) & (seen_x < width - 1) & (seen_y > 0) & (seen_y < height - 1)
    assert inside.mean() > 0.3
    np.testing.assert_allclose(ours[inside], np.asarray(theirs, "float32")[inside], atol=1.1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", operations.OPERATIONS)
def test_every_operation_keeps_the_range_and_shape_and_does_something(
    pixels: np.ndarray, name: str, channels: int
) -> None:
    picture = tf.constant(pixels[..., :channels])
    for strength, sign in ((0.0, 1.0), (0.5, -1.0), (1.0, 1.0)):
        changed = operations.OPERATIONS[name](picture, tf.constant(strength), tf.constant(sign))
        assert changed.shape == picture.shape
        assert 0 <= np.min(changed) <= np.max(changed) <= 255
    is_none = name == "identity" or (name, channels) == ("saturation", 1)
    assert np.array_equal(changed, picture) == is_none
    still = {"autocontrast", "equalize"}  # which have no strength
    none = operations.OPERATIONS[name](picture, tf.constant(0.0), tf.constant(1.0))
    assert name in still or np.allclose(none, picture, atol=1e-3)


# policies and batches


ALL = Augmentation(
    shift=0.2, flip=True, crop=0.3, colour=0.4, randaugment=9, augmix=3, erase=0.5, mixup=0.2, cutmix=1.0
)  # fmt: skip


@pytest.mark.parametrize("name", augment.STEPS)
def test_a_step_changes_each_picture_in_its_own_way_and_twice_the_same(pixels: np.ndarray, name: str) -> None:
    batch = tf.constant(np.stack([pixels] * 12))
    only = replace(Augmentation(), **{name: getattr(ALL, name)})
    step = tf.function(lambda seed: augment.augmented(batch, seed, only))
    first, again, other = step(SEED).numpy(), step(SEED).numpy(), step(SEED + 1).numpy()
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(np.unique(first, axis=0)) > 1
    assert 0 <= first.min() <= first.max() <= 255.001
    assert first.shape == batch.shape


def test_a_crop_is_a_part_of_the_area_that_it_says_and_keeps_straight_lines(pixels: np.ndarray) -> None:
    """A picture of its own coordinates shows the corners of each crop."""
    y, x = np.mgrid[0:1:24j, 0:1:32j]
    batch = np.stack([np.stack([y, x, 0 * x], axis=-1)] * 400).astype("float32")
    crops = augment.STEPS["crop"](tf.constant(batch), 0.25, SEED).numpy()
    high = crops[:, -1, 0, 0] - crops[:, 0, 0, 0]
    wide = crops[:, 0, -1, 1] - crops[:, 0, 0, 1]
    assert np.all((high * wide > 0.2) & (high * wide <= 1.0001))
    assert np.all((high / wide < 4 / 3 + 0.01) & (wide / high < 4 / 3 + 0.01))
    assert (high * wide).min() < 0.35
    assert (high * wide).max() > 0.85
    np.testing.assert_allclose(np.diff(crops[:, :, 0, 0], 2), 0, atol=1e-4)


def test_a_quarter_is_erased_at_most_two_fifths_of_each(pixels: np.ndarray) -> None:
    batch = np.zeros((600, 24, 32, 1), "float32")
    noise = augment.STEPS["erase"](tf.constant(batch), 0.25, SEED).numpy()
    shares = (noise > 0).mean((1, 2, 3))
    assert (shares > 0).mean() == pytest.approx(0.25, abs=0.06)
    assert 0.01 < shares[shares > 0].min() < 0.06
    assert 0.3 < shares.max() < 0.45


def test_two_operations_change_a_picture_and_none_at_strength_zero_but_the_two_without_strength(
    pixels: np.ndarray,
) -> None:
    one = tf.function(lambda number, strength: policies.randaugment(tf.constant(pixels), strength, [7, number]))
    unchanged = [np.allclose(one(tf.constant(number), tf.constant(0.0)), pixels, atol=0.01) for number in range(60)]
    assert 0.5 < np.mean(unchanged) < 0.95  # (12 / 14) ** 2
    changed = [np.allclose(one(tf.constant(number), tf.constant(10.0)), pixels, atol=0.01) for number in range(60)]
    assert np.mean(changed) < 0.1


def test_augmix_is_between_the_picture_and_its_chains(pixels: np.ndarray) -> None:
    """Of a uniform picture every operation but a move gives one; a mixture keeps the range."""
    mixtures = [policies.augmix(tf.constant(pixels), 3.0, [1, number]).numpy() for number in range(4)]
    for mixture in mixtures:
        assert 0 <= mixture.min() <= mixture.max() <= 255
        assert 0 < np.abs(mixture - pixels).mean() < 80


# mixing


@pytest.mark.parametrize(("mixup", "cutmix"), [(0.4, 0.0), (0.0, 1.0), (0.3, 0.7), (0.01, 0.0)])
def test_a_label_says_how_much_of_each_class_is_in_a_picture(mixup: float, cutmix: float) -> None:
    """Each picture is filled with the number of its class: its mean is the mean of its label."""
    labels = np.tile(np.arange(5), 40)
    batch = np.broadcast_to(labels[:, None, None, None], (200, 16, 20, 3)).astype("float32")
    images, shares = mixing.mixed(tf.constant(batch), labels, 5, SEED, Augmentation(mixup=mixup, cutmix=cutmix))
    np.testing.assert_allclose(np.mean(images, (1, 2, 3)), np.asarray(shares) @ np.arange(5.0), atol=1e-4)
    np.testing.assert_allclose(np.sum(shares, -1), 1, rtol=1e-5)
    assert np.max(np.count_nonzero(np.asarray(shares) > 1e-6, axis=-1)) <= 2
    is_cut = np.array([len(np.unique(image)) == 2 for image in np.round(np.asarray(images), 4)])
    if cutmix:
        assert is_cut.mean() > (0.3 if mixup else 0.8)
    if mixup:
        assert (~is_cut).mean() > 0.3


def test_shares_are_of_the_beta_distribution() -> None:
    share = np.asarray(mixing._beta(tf.zeros((20000, 1, 1, 1)), 0.4, SEED)).ravel()
    assert np.mean(share) == pytest.approx(0.5, abs=0.02)
    assert np.var(share) == pytest.approx(1 / (4 * (2 * 0.4 + 1)), abs=0.005)


def test_soft_labels_are_judged_as_their_largest_class_and_weighed_by_all_of_theirs() -> None:
    shares = np.array([[0.7, 0.3, 0], [0.1, 0.2, 0.7]], "float32")
    logits = np.array([[2, 1, 0], [3, 1, 2]], "float32")
    assert judging.right(shares, logits).numpy().tolist() == [1, 0]
    assert judging.weighed(shares, np.array([1, 2, 4], "float32")).numpy() == pytest.approx([1.3, 3.3])
    metric = judging.BalancedAccuracy(3)
    metric.update_state(shares, logits)
    assert float(metric.result()) == 0.5


@pytest.mark.parametrize("kind", ["softmax", "sigmoid"])
def test_the_loss_of_shares_is_the_mean_of_the_losses_of_the_classes(kind: str) -> None:
    """A cross entropy is linear in its labels."""
    judge = judging.loss(Recipe(cross_entropy=kind, mixup=0.2, label_smoothing=0.1))
    logits = np.random.default_rng(0).normal(size=(1, 4)).astype("float32")
    shares = np.array([[0.5, 0.2, 0.3, 0]], "float32")
    each = [float(np.squeeze(judge(np.array([label]), logits))) for label in range(4)]
    assert float(np.squeeze(judge(shares, logits))) == pytest.approx(float(shares[0] @ each), rel=1e-5)


def test_a_sigmoid_for_each_class_is_the_sum_of_two_way_losses() -> None:
    logits, labels = np.random.default_rng(0).normal(size=(3, 4)).astype("float32"), np.array([1, 0, 3])
    chances = 1 / (1 + np.exp(-logits))
    wanted = np.eye(4)[labels]
    each = -(wanted * np.log(chances) + (1 - wanted) * np.log(1 - chances)).mean(-1)
    np.testing.assert_allclose(judging.loss(Recipe(cross_entropy="sigmoid"))(labels, logits), each, rtol=1e-5)


# in a training

MIXED = Recipe(batch_size=128, learning_rate=5e-3, class_weight="balanced", shift=0.1, mixup=0.2, cutmix=1.0)


@pytest.mark.slow
def test_an_epoch_is_changed_the_same_way_whenever_it_is_read() -> None:
    data = datasets.load("digits")
    read = [
        list(data.train(batch_size=64, seed=4, augmentation=ALL, first_epoch=first, epochs=epochs).as_numpy_iterator())
        for first, epochs in ((1, 2), (2, 1))
    ]
    steps = -(-data.sizes["train"] // 64)
    for (images, labels), (again, same) in zip(read[0][steps:], read[1], strict=True):
        assert np.array_equal(images, again)
        assert np.array_equal(labels, same)
    assert not np.array_equal(read[0][0][0], read[0][steps][0])
    assert read[0][0][1].shape == (64, 10)
    assert -1.001 <= read[0][0][0].min() <= read[0][0][0].max() <= 1.001


@pytest.mark.slow
def test_a_training_with_all_of_them_learns_and_goes_on_exactly(tmp_path: Any) -> None:
    data, recipe = datasets.load("digits"), MIXED
    wanted = loop.train(classifier(data), recipe, data, epochs=3, seed=0)
    assert wanted.curve[-1]["val_accuracy"] > wanted.curve[0]["val_accuracy"]
    parts = [
        loop.train(classifier(data), recipe, data, epochs=3, seed=0, until=until, checkpoint=tmp_path / "training")
        for until in (1, 3)
    ]
    assert [row["loss"] for row in parts[1].curve] == pytest.approx([row["loss"] for row in wanted.curve], rel=1e-5)
