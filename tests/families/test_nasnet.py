"""Is a small NASNet, which can be run in seconds, the one of Keras? And what is a cell of one's own?"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from keras.src.applications.nasnet import NASNet

from suite.architectures.families import nasnet
from suite.architectures.weights.copying import copied
from suite.core.errors import ArchitectureError
from suite.core.task import Task
from suite.counting.complexity import weightless
from tests.families.test_applications import images, randomized

TASK = Task(height=75, width=75, channels=3, classes=5)


@pytest.mark.slow
@pytest.mark.parametrize("skip", [False, True])
def test_with_one_cell_a_stage_it_answers_as_that_of_keras(skip: bool) -> None:
    """NASNet-A (large) skips, NASNet-A (mobile) does not."""
    theirs = NASNet(
        TASK.image, penultimate_filters=192, num_blocks=1, stem_block_filters=8, skip_reduction=skip,
        filter_multiplier=2, weights=None, classes=TASK.classes, classifier_activation=None, default_size=75,
    )  # fmt: skip
    theirs = randomized(theirs, 75)
    ours = nasnet.build(nasnet.Config(cells=1, penultimate=192, stem_width=8, skip=skip), TASK)
    expected = np.asarray(theirs(images(75), training=False))
    answers = np.asarray(copied(theirs, ours)(images(75), training=False))
    assert np.abs(answers - expected).max() <= 1e-4 * np.ptp(expected, axis=0).min()


@pytest.mark.parametrize("stem", ["imagenet", "small"])
@pytest.mark.parametrize("operation", nasnet.OPERATIONS)
def test_every_operation_stands_in_both_kinds_of_cell(stem: str, operation: str) -> None:
    rows = ((f"{operation} h", f"{operation} p"), (f"{operation} 1", "identity h"))
    config = dataclasses.replace(nasnet.VARIANTS["tiny"], stem=stem, normal=rows, reduction=rows)
    assert weightless(lambda: nasnet.build(config, TASK)).output_shape == (None, TASK.classes)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((), "give one row or more"),
        ((("identity h",),), "normal needs a list of lists of 2 strings"),
        ((("identity h", "convolution p"),), "'convolution p' in row 1 of normal"),
        ((("identity h", "max-3x3 1"),), "one of h, p$"),
        ((("identity h", "identity p"), ("max-3x3 2", "identity h")), "one of h, p, 1$"),
    ],
)
def test_a_cell_that_is_none_is_refused_with_its_row(rows: nasnet.Cell, message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        dataclasses.replace(nasnet.VARIANTS["tiny"], normal=rows)
