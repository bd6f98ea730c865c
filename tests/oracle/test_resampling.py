"""Are positions and biases at another size those of timm?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from timm.layers import resample_abs_pos_embed
from timm.layers.pos_embed_rel import resize_rel_pos_bias_table

from suite.architectures.weights.resampling import biases, positions


@pytest.mark.parametrize("tokens", [0, 1])
@pytest.mark.parametrize(("old", "height", "width"), [(14, 24, 24), (14, 7, 7), (5, 8, 6), (24, 14, 10)])
def test_positions_are_interpolated_as_by_timm(tokens: int, old: int, height: int, width: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(tokens + old * old, 6)).astype("float32")
    theirs = resample_abs_pos_embed(torch.from_numpy(vectors[None]), [height, width], num_prefix_tokens=tokens)
    ours = positions(vectors, tokens + height * width, (16 * height, 16 * width))
    np.testing.assert_allclose(ours, theirs[0].numpy(), atol=1e-5)


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence", "ignore:torch.searchsorted")  # of timm
@pytest.mark.parametrize(("old", "new"), [(7, 12), (7, 16), (12, 16), (12, 7), (3, 4)])
def test_biases_are_interpolated_as_by_timm(old: int, new: int) -> None:
    table = np.random.default_rng(0).normal(size=(3, 2 * old - 1, 2 * old - 1)).astype("float32")
    shape = (2 * new - 1, 2 * new - 1)
    theirs = resize_rel_pos_bias_table(torch.from_numpy(table), (new, new), (3, *shape))
    np.testing.assert_allclose(biases(table, shape), theirs.numpy(), atol=1e-4)
