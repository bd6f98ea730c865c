"""Does attention compute, and count, what its formula says? And do windows hold the pixels that they should?"""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from suite import architectures
from suite.architectures.families._transformer import encoder_block
from suite.architectures.families.vit import Config, encoder
from suite.architectures.layers import DotProductAttention, FromWindows, RelativePositions, Windows
from suite.core.errors import ArchitectureError
from suite.core.task import Task
from suite.counting.complexity import complexity


def tokens(count: int, width: int = 8) -> np.ndarray:
    return np.random.default_rng(count).normal(size=(2, count, width)).astype("float32")


def naive(queries: np.ndarray, keys: np.ndarray, values: np.ndarray, heads: int, bias: np.ndarray) -> np.ndarray:
    """Section 3.2 of the paper as its formula reads, head by head, with `bias` (N, T, S) added to the products."""
    outputs = []
    for head, (q, k, v) in enumerate(zip(*(np.split(x, heads, axis=-1) for x in (queries, keys, values)), strict=True)):
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]) + bias[head]
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        outputs.append(weights / weights.sum(axis=-1, keepdims=True) @ v)
    return np.concatenate(outputs, axis=-1)


def test_attention_is_the_formula_of_the_paper() -> None:
    queries, keys, values = tokens(5), tokens(6), tokens(6, width=4)
    layer = DotProductAttention(2)
    np.testing.assert_allclose(layer(queries, keys, values), naive(queries, keys, values, 2, np.zeros((2, 5, 6))), 1e-5)


def test_no_query_sees_what_comes_later() -> None:
    x = tokens(4)
    bias = np.where(np.tril(np.ones((4, 4))) > 0, 0, -np.inf)
    np.testing.assert_allclose(
        DotProductAttention(2, causal=True)(x, x, x), naive(x, x, x, 2, np.stack([bias] * 2)), 1e-5
    )


def test_what_may_not_be_seen_changes_nothing() -> None:
    queries, keys = tokens(3), tokens(5)
    seen = np.array([[True] * 4 + [False]] * 2)
    expected = naive(queries, keys[:, :4], keys[:, :4], 2, np.zeros((2, 3, 4)))
    np.testing.assert_allclose(DotProductAttention(2)(queries, keys, keys, seen=seen), expected, rtol=1e-5)


@pytest.mark.parametrize("lookup", ["gather", "product"])
def test_relative_positions_depend_on_how_far_two_pixels_are_apart(lookup: str) -> None:
    """Equation 3 of CoAtNet on a map of 2 x 3: the number of query i and key j is that of i - j."""
    layer = RelativePositions((2, 3), lookup=lookup)  # type: ignore[arg-type]
    added = np.asarray(layer(np.zeros((1, 4, 6, 6), "float32")))[0]
    assert layer.table.shape == (4, 3, 5)
    table = layer.table.numpy()
    for i in range(6):
        for j in range(6):
            (row, column), (other, another) = divmod(i, 3), divmod(j, 3)
            np.testing.assert_array_equal(added[:, i, j], table[:, row - other + 1, column - another + 2])


def test_the_weights_of_attention_do_not_suffer_from_half_precision() -> None:
    """Of 4,096 equal keys float16 could not add the exponentials; their mean would not be that of the values."""
    layer = DotProductAttention(1, dtype="mixed_float16")
    keys = np.ones((1, 4096, 2), "float32")
    values = np.random.default_rng(0).uniform(0, 1, (1, 4096, 2)).astype("float32")
    means = np.asarray(layer(keys[:, :1], keys, values), "float32")
    np.testing.assert_allclose(means[0, 0], values[0].mean(axis=0), rtol=5e-3)


def test_the_work_of_a_block_is_that_of_its_formula() -> None:
    """Windows n of T tokens of D numbers: 4 projections, 2 products of attention, and an MLP of M units."""
    n, t, d, heads, m = 3, 4, 6, 2, 10
    image = keras.Input((n, t, d))
    block = keras.Model(image, encoder_block(image, heads, m, grid=(2, 2), lookup="product", name="block"))
    lookup = heads * (2 * 2 * 3 * 3 + 2 * 2 * 2 * 2 * 3)  # (H H)(2H - 1)(2W - 1), then (H H W W)(2W - 1)
    assert complexity(block).macs == n * t * (4 * d * d + 2 * t * d + 2 * d * m) + lookup
    free = keras.Model(image, encoder_block(image, heads, m, grid=(2, 2), name="block"))
    assert complexity(free).macs == complexity(block).macs - lookup


def test_query_key_and_value_begin_with_weights_of_their_own() -> None:
    """One initializer for all must not give all the same numbers."""
    image = keras.Input((4, 8))
    normal = keras.initializers.RandomNormal(stddev=0.02)
    block = keras.Model(image, encoder_block(image, 2, 8, initializer=normal, name="block"))
    query, key = (block.get_layer(f"block_attention_{role}").kernel.numpy() for role in ("query", "key"))
    assert not np.allclose(query, key)


@pytest.mark.parametrize(
    ("spread", "first"),
    [(False, [(0, 0), (0, 1), (1, 0), (1, 1)]), (True, [(0, 0), (0, 3), (2, 0), (2, 3)])],
)
def test_windows_are_of_neighbours_or_spread_over_the_map(spread: bool, first: list[tuple[int, int]]) -> None:
    """A map of 4 x 6 in windows of 2 x 2: Figure 3 of MaxViT."""
    rows, columns = np.meshgrid(np.arange(4), np.arange(6), indexing="ij")
    places = np.stack([rows, columns], axis=-1)[None].astype("float32")
    windows = Windows(2, spread=spread)(places)
    assert windows.shape == (1, 6, 4, 2)
    assert [tuple(place) for place in np.asarray(windows)[0, 0]] == first
    np.testing.assert_array_equal(FromWindows((4, 6), spread=spread)(windows), places)


@pytest.mark.parametrize(("class_token", "count"), [(True, 9), (False, 8)])
def test_the_encoder_of_vit_gives_the_tokens(class_token: bool, count: int) -> None:
    image = keras.Input((8, 16, 3))
    config = Config(patch=4, depth=1, width=12, hidden=24, heads=2, class_token=class_token)
    assert encoder(image, config).shape == (None, count, 12)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("vit/b-16", {"heads": 7}, "width = 768: give a multiple of the number of heads, 7"),
        ("vit/b-16", {"patch": 0}, "patch = 0: give a number above 0"),
        ("coatnet/0", {"layout": "T-C-C-C"}, 'layout needs "C-C-C-C" or "C-C-C-T" or'),
        ("coatnet/0", {"layout": "C-C-CT-T"}, "4 depths for layout = 'C-C-CT-T': give one for each of 5 letters"),
        ("coatnet/0", {"head": 36}, "a width of 384: give a multiple of head = 36"),
        ("coatnet/0", {"pooling": "mean"}, 'pooling needs "max" or "average", not "mean"'),
        ("maxvit/t", {"head": 24}, "widths = [64, 128, 256, 512]: give multiples of head = 24"),
    ],
)
def test_a_value_that_cannot_be_built_is_refused(name: str, values: dict[str, object], message: str) -> None:
    with pytest.raises(ArchitectureError) as error:
        dataclasses.replace(architectures.config(name), **values)  # type: ignore[type-var]
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("side", "message"),
    [
        (256, "pictures of 256x256 give a map of 64x64, which does not divide into windows of 7x7: give sides that"),
        (192, "it needs 224x224"),
    ],
)
def test_pictures_that_do_not_divide_into_windows_are_refused(side: int, message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        architectures.family("maxvit").build(
            architectures.config("maxvit/t"), Task(height=side, width=side, channels=3, classes=2)
        )
