"""Is any network of ours made of operations in which TensorFlow's oneDNN kernels corrupt memory?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf

from suite import architectures
from suite.core.task import Task
from suite.counting.complexity import weightless
from tests import traced

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "kernels.py"


def corrupting(operation: tf.Operation) -> bool:
    """Whether it is a 1x1 convolution with strides, or a product of four axes or more that is broadcast.

    In the gradient of the first, and in the second itself (https://github.com/tensorflow/tensorflow/issues/117700).
    """
    if operation.type == "Conv2D":
        return traced.shapes_of(operation)[1][:2] == [1, 1] and max(operation.get_attr("strides")) > 1
    if operation.type == "BatchMatMulV2":
        first, second = traced.shapes_of(operation)
        return max(len(first), len(second)) > 3 and first[:-2] != second[:-2]
    return False


def found(network: keras.Model) -> list[str]:
    return [operation.name for operation in traced.operations(network) if corrupting(operation)]


def named(network: str) -> keras.Model:
    side = architectures.resolution(network)
    task = Task(height=side, width=side, channels=3, classes=1000)
    return weightless(lambda: architectures.build(network, task))


def test_a_small_network_of_every_family_has_none(family: str) -> None:
    assert found(named(f"{family}/tiny")) == []


@pytest.mark.slow
def test_no_named_network_has_one(network: str) -> None:
    assert found(named(network)) == []


def test_both_kinds_are_found() -> None:
    image = keras.Input((4, 4, 3))
    strided = keras.layers.Conv2D(2, 1, strides=2)(image)
    broadcast = keras.ops.matmul(image, keras.ops.ones((1, 1, 3, 2)))
    assert len(found(keras.Model(image, [strided, broadcast]))) == 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heap checks")
@pytest.mark.parametrize("of", ["resnet/tiny", "xception/tiny", "nasnet/tiny", "vit/tiny", "maxvit/tiny"])
def test_it_is_trained_with_onednn_and_no_memory_is_corrupted(of: str) -> None:
    command = [sys.executable, str(PROGRAM), of, "--sides", "32", "--times", "1", "--checked"]
    environment = {**os.environ, "PYTHONPATH": str(PROGRAM.parents[1])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "lived" in done.stdout, done.stdout
    assert done.stdout.endswith("0 deaths\n")
