"""Is no unit's gradient longer than its weights allow, with every optimizer and precision?"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from suite.core.optimizers import OPTIMIZERS
from suite.core.recipe import Recipe
from suite.training import optimizers
from suite.training.compiling import compile_
from suite.training.schedules import schedule

LIMIT = 0.01
STEP = Recipe(learning_rate=1.0, warmup=0.0, schedule="constant", weight_decay=0.0, momentum=0.0, optimizer="sgd")


def units(kind: str, values: np.ndarray) -> list[np.ndarray]:
    """Return views of the weights of each output unit, one by one."""
    if kind == "convolution":
        return [values[:, :, :, unit] for unit in range(values.shape[3])]
    if kind == "depthwise":
        return [values[:, :, unit, 0] for unit in range(values.shape[2])]
    if kind == "dense":
        return [values[:, unit] for unit in range(values.shape[1])]
    if kind == "heads":
        return [values[:, head, unit] for head in range(values.shape[1]) for unit in range(values.shape[2])]
    return [values]


SHAPES = {
    "convolution": (3, 3, 4, 6), "depthwise": (3, 3, 5, 1), "dense": (7, 4), "heads": (6, 2, 3), "vector": (5,),
    "scalar": (), "a kernel for a single value": (1, 1, 1, 4), "a window for one channel": (3, 3, 1, 2),
}  # fmt: skip
OF_SHAPE = {"a window for one channel": "convolution"}


def naive(kind: str, weights: np.ndarray, gradient: np.ndarray, limit: float) -> np.ndarray:
    """Equation 3 of the paper, unit by unit."""
    result = gradient.copy()
    for w, g in zip(units(kind, weights), units(kind, result), strict=True):
        longest = limit * max(np.linalg.norm(w), 1e-3)
        if np.linalg.norm(g) > longest:
            g *= longest / np.linalg.norm(g)
    return result


def drawn(shape: tuple[int, ...], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Weights and gradients of units of very different sizes, some of them 0."""
    random = np.random.default_rng(seed)
    sizes = 10.0 ** random.integers(-5, 3, (2, *shape[-2:])) * random.integers(0, 2, (2, *shape[-2:]))
    weights, gradients = random.normal(size=(2, *shape)) * sizes.reshape(2, *(1,) * (len(shape) - 2), *shape[-2:])
    return np.asarray(weights, "float32"), np.asarray(gradients, "float32")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", SHAPES)
def test_a_clipped_gradient_is_that_of_the_equation(kind: str, seed: int) -> None:
    weights, gradient = drawn(SHAPES[kind], seed)
    ours = optimizers.clipped(tf.constant(gradient), keras.Variable(weights), LIMIT)
    expected = naive(OF_SHAPE.get(kind, kind), weights, gradient, LIMIT)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("kind", SHAPES)
def test_no_unit_is_longer_than_allowed_and_none_turns(kind: str) -> None:
    weights, gradient = drawn(SHAPES[kind], seed=7)
    ours = np.asarray(optimizers.clipped(tf.constant(gradient), keras.Variable(weights), LIMIT))
    kind = OF_SHAPE.get(kind, kind)
    for w, before, after in zip(units(kind, weights), units(kind, gradient), units(kind, ours), strict=True):
        longest = LIMIT * max(np.linalg.norm(w), 1e-3)
        assert np.linalg.norm(after) <= longest * (1 + 1e-5)
        np.testing.assert_allclose(after * np.linalg.norm(before), before * np.linalg.norm(after), rtol=1e-4)


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    pixels = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(pixels)
    x = keras.layers.Dense(6, activation="relu", name="dense")(keras.layers.Flatten()(x))
    return keras.Model(pixels, keras.layers.Dense(3, dtype="float32", name="logits")(x))


def steps(recipe: Recipe) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the weights before a step of `fit` and their change."""
    model = network()
    compile_(model, recipe, schedule(recipe, 1))
    pictures = np.random.default_rng(0).normal(size=(16, 8, 8, 1)).astype("float32")
    before = {weight.path: weight.numpy() for weight in model.trainable_weights}
    model.fit(pictures, np.arange(16) % 3, batch_size=16, epochs=1, verbose=0)
    return {weight.path: (before[weight.path], weight.numpy() - before[weight.path]) for weight in model.weights}


def kind_of(path: str) -> str:
    return "vector" if path.endswith("bias") else "convolution" if path.startswith("conv") else "dense"


@pytest.mark.parametrize("precision", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_step_of_fit_is_as_long_as_allowed_except_in_the_classifier(precision: str) -> None:
    """With a rate of 1 a step of plain descent is the gradient."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        free, held = steps(STEP), steps(Recipe(**{**vars(STEP), "adaptive_clipping": LIMIT}))
    finally:
        keras.config.set_dtype_policy(policy)
    tolerance = 1e-4 if precision == "float32" else 0.1
    for path, (weights, change) in held.items():
        expected = free[path][1] if "logits" in path else naive(kind_of(path), weights, free[path][1], LIMIT)
        size = np.abs(expected).max()
        np.testing.assert_allclose(change, expected, rtol=tolerance, atol=tolerance * size)
        assert size > 0
    assert any(np.abs(free[path][1]).max() > 2 * np.abs(held[path][1]).max() for path in held if "logits" not in path)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_clips(optimizer: str) -> None:
    recipe = Recipe(optimizer=optimizer, adaptive_clipping=LIMIT, weight_decay=0.0, warmup=0.0, schedule="constant")
    chosen = optimizers.optimizer(recipe, schedule(recipe, 10))
    weight, reference = keras.Variable(np.ones((4, 2), "float32")), keras.Variable(np.ones((4, 2), "float32"))
    plain = optimizers.optimizer(
        Recipe(**{**vars(recipe), "adaptive_clipping": 0.0}),
        schedule(Recipe(**{**vars(recipe), "adaptive_clipping": 0.0}), 10),
    )
    for gradient in (np.full((4, 2), 5.0, "float32"), np.full((4, 2), -1e-5, "float32")):
        chosen.apply([gradient], [weight])
        plain.apply([naive("dense", reference.numpy(), gradient, LIMIT)], [reference])
    np.testing.assert_allclose(weight, reference, rtol=1e-6)


def test_what_has_no_gradient_and_rows_of_a_table_are_left_alone() -> None:
    table = keras.Variable(np.ones((5, 2), "float32"))
    rows = tf.IndexedSlices(tf.fill((1, 2), 9.0), tf.constant([3]), tf.constant([5, 2]))
    assert optimizers.clipped(None, table, LIMIT) is None
    assert optimizers.clipped(rows, table, LIMIT) is rows


@pytest.mark.parametrize("kind", list(optimizers.CLASSES.values()))
def test_a_saved_optimizer_clips_as_before(kind: Any) -> None:
    saved = keras.optimizers.serialize(kind(0.1, adaptive_clipping=LIMIT))
    assert keras.optimizers.deserialize(saved).adaptive_clipping == LIMIT
