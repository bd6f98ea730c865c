"""These tests need torch, torchvision and timm (make oracle); where torch is missing there are none."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

with suppress(ImportError):
    import triton  # noqa: F401  # a part of torch for GPUs: loaded after TensorFlow, it ends the process

import keras
import pytest

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]


def declare_operators_of_torchvision() -> None:
    """Let torchvision be imported where its compiled operators do not load: its CUDA build beside torch for CPUs.

    On import it describes two of them further, and fails where they do not exist. No classifier uses either.
    """
    import torch

    with warnings.catch_warnings(action="ignore"):  # once in a process, by a torch for GPUs that finds none
        torch.cuda.is_available()
    package = find_spec("torchvision")
    compiled = [path for place in package.submodule_search_locations for path in Path(place).glob("_C*")]
    try:
        torch.ops.load_library(str(compiled[0]))
    except (IndexError, OSError):
        operators = torch.library.Library("torchvision", "DEF")
        operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        declared.append(operators)  # they last as long as it does


declared: list[object] = []
if not collect_ignore_glob:
    declare_operators_of_torchvision()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.oracle)


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    """Compute in double precision, in which networks that are nearly equal are told from those that are."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.utils.clear_session()
