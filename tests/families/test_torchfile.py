"""Are weights that torch.save wrote read right without torch, and other files refused?"""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite import architectures
from suite.architectures.weights.copying import filled, values
from suite.architectures.weights.torchfile import MAGIC, ordered, read
from suite.core.errors import ArchitectureError
from suite.core.task import Task

NUMBERS = np.arange(24, dtype="float32")
TENSORS = OrderedDict(
    kernel=NUMBERS.reshape(2, 3, 4),
    transposed=NUMBERS.reshape(6, 4).T,  # a view, as weights that came from TensorFlow are
    part=NUMBERS[5:9],
    batches=np.asarray(7, "int64"),
)
BASES = {"0": NUMBERS, "1": TENSORS["batches"].reshape(1)}


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """What a pickle of tensors names, for as long as one is written."""
    module, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(module, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2() -> None: ...

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = module._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return module


def pickled(torch: Any, tensors: dict[str, np.ndarray]) -> bytes:
    """Return a pickle of tensors as torch.save writes it."""

    class Pickler(pickle.Pickler):
        def reducer_override(self, value: Any) -> Any:
            if not isinstance(value, np.ndarray):
                return NotImplemented
            key = "1" if value.dtype == "int64" else "0"
            offset = (value.ctypes.data - BASES[key].ctypes.data) // value.itemsize
            strides = tuple(stride // value.itemsize for stride in value.strides)
            return torch._rebuild_tensor_v2, (Storage(key), offset, value.shape, strides, False, OrderedDict())

        def persistent_id(self, value: Any) -> Any:
            if not isinstance(value, Storage):
                return None
            kind = torch.LongStorage if value.key == "1" else torch.FloatStorage
            return "storage", kind, value.key, "cpu", len(BASES[value.key])

    buffer = io.BytesIO()
    Pickler(buffer, protocol=2).dump(tensors)
    return buffer.getvalue()


class Storage:
    def __init__(self, key: str) -> None:
        self.key = key


def sequence(path: Path, weights: bytes) -> None:
    """Write the form before PyTorch 1.6."""
    head = [pickle.dumps(value, protocol=2) for value in (MAGIC, 1001, {"little_endian": True})]
    tail = [struct.pack("<q", base.size) + base.tobytes() for base in BASES.values()]
    path.write_bytes(b"".join([*head, weights, pickle.dumps(list(BASES), protocol=2), *tail]))


def archive(path: Path, weights: bytes) -> None:
    """Write the form since."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("weights/data.pkl", weights)
        for key, base in BASES.items():
            file.writestr(f"weights/data/{key}", base.tobytes())


FORMS = pytest.mark.parametrize("write", [sequence, archive])


@FORMS
def test_tensors_come_back_in_order_and_through_their_strides(
    write: Callable[[Path, bytes], None], torch: types.ModuleType, tmp_path: Path
) -> None:
    write(tmp_path / "weights.pth", pickled(torch, TENSORS))
    arrays = read(tmp_path / "weights.pth")
    assert list(arrays) == list(TENSORS)
    for name, expected in TENSORS.items():
        np.testing.assert_array_equal(arrays[name], expected)
        assert arrays[name].dtype == expected.dtype


class Curious:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


@FORMS
def test_a_file_that_would_run_something_is_refused_before_it_does(
    write: Callable[[Path, bytes], None], tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    write(tmp_path / "weights.pth", pickle.dumps({"kernel": Curious(f"touch {trace}")}, protocol=2))
    with pytest.raises(ArchitectureError, match=r"weights\.pth is not a dict of tensors .* it names .*system"):
        read(tmp_path / "weights.pth")
    assert not trace.exists()


@FORMS
def test_a_tensor_beyond_its_storage_is_refused(
    write: Callable[[Path, bytes], None], torch: types.ModuleType, tmp_path: Path
) -> None:
    beyond = np.lib.stride_tricks.as_strided(NUMBERS, (25,), (4,))
    write(tmp_path / "weights.pth", pickled(torch, {**TENSORS, "beyond": beyond}))
    with pytest.raises(ArchitectureError, match="out of bounds"):
        read(tmp_path / "weights.pth")


@pytest.mark.parametrize("content", [b"", b"no weights\n", pickle.dumps([1, 2, 3]), b"PK\x05\x06" + bytes(18)])
def test_a_file_of_something_else_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "other.pth").write_bytes(content)
    with pytest.raises(ArchitectureError, match=r"other\.pth is not a dict of tensors that torch\.save wrote"):
        read(tmp_path / "other.pth")


def test_a_file_cut_short_is_refused(torch: types.ModuleType, tmp_path: Path) -> None:
    sequence(tmp_path / "weights.pth", pickled(torch, TENSORS))
    whole = (tmp_path / "weights.pth").read_bytes()
    (tmp_path / "weights.pth").write_bytes(whole[:-6])
    with pytest.raises(ArchitectureError, match="is not a dict of tensors"):
        read(tmp_path / "weights.pth")


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchitectureError, match=r"cannot read the weights of .*nowhere\.pth: No such file"):
        read(tmp_path / "nowhere.pth")


def test_weights_of_another_network_are_refused_with_their_names() -> None:
    task = Task(height=32, width=32, channels=1, classes=2)
    network = architectures.family("mobilenet_v2").build(architectures.config("mobilenet_v2/tiny"), task)

    def given(arrays: dict[str, np.ndarray]) -> None:
        filled(network, ordered(arrays, network), "the file")

    with pytest.raises(ArchitectureError, match=r"the file has 1 weights and mobilenet_v2 has .* no counterpart"):
        given({"stem.weight": np.zeros((16, 1, 3, 3))})
    count = len(values(network))
    others = {f"layer{number}.weight": np.zeros((16, 1, 5, 5)) for number in range(count)}
    with pytest.raises(ArchitectureError, match=r"layer0\.weight \(16, 1, 5, 5\) do not fit 'stem_conv' .*3, 3, 1, 16"):
        given(others)
