"""Reads weights that torch.save wrote, without torch, in the order in which they were written.

The file holds a pickle that describes tensors, and their numbers: one after the other (before PyTorch 1.6), or as
members of a ZIP archive. Only descriptions of tensors are unpickled: a file that names anything else is refused.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any, NamedTuple

import keras
import numpy as np

from suite.architectures.weights.copying import Value, learned, weighted
from suite.core.errors import ArchitectureError

DTYPES = {
    "DoubleStorage": np.dtype("<f8"), "FloatStorage": np.dtype("<f4"), "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"), "IntStorage": np.dtype("<i4"), "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("<i1"), "ByteStorage": np.dtype("<u1"), "BoolStorage": np.dtype("?"),
}  # fmt: skip
MAGIC = 0x1950A86A20F9469CFC6C  # files before PyTorch 1.6 begin with it
PREAMBLE = 3  # pickles before the weights: the magic number, the version of the format, sizes of C's numbers

UNREADABLE = (
    pickle.UnpicklingError, zipfile.BadZipFile, struct.error, AttributeError, EOFError, LookupError, StopIteration,
    TypeError, ValueError,
)  # fmt: skip

Arrays = dict[str, np.ndarray]


class _Storage(NamedTuple):
    """The numbers of one or more tensors, somewhere in the file."""

    key: str
    dtype: np.dtype


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage; offset and strides in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, numbers: np.ndarray) -> np.ndarray:
        """Return the tensor from the numbers of its storage."""
        index = np.asarray(self.offset)
        for side, stride in zip(self.shape, self.strides, strict=True):
            index = np.add.outer(index, stride * np.arange(side))
        return numbers[index]


def _tensor(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *rest: Any) -> _Tensor:
    """Stand in for torch._utils._rebuild_tensor_v2; `rest` is about gradients."""
    return _Tensor(storage, offset, shape, strides)


class _Unpickler(pickle.Unpickler):
    """Unpickles a dict of tensors and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the object that the file names. Raises UnpicklingError unless it describes tensors."""
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        known = {("collections", "OrderedDict"): OrderedDict, ("torch._utils", "_rebuild_tensor_v2"): _tensor}
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it names {module}.{name}, and only tensors are read")
        return known[module, name]

    def persistent_load(self, reference: Any) -> _Storage:
        """Return the storage of a reference: ("storage", type, key, device, number of elements)."""
        _, dtype, key, *_ = reference
        return _Storage(key, dtype)


def read(path: Path | str) -> Arrays:
    """Return the tensors of a state dict by name, in their order. Raises ArchitectureError for another kind of file."""
    try:
        with Path(path).open("rb") as file:
            tensors, numbers = _archive(file) if zipfile.is_zipfile(file) else _sequence(file)
        return {name: tensor.of(numbers[tensor.storage.key]) for name, tensor in tensors.items()}
    except OSError as error:
        raise ArchitectureError(f"cannot read the weights of {path}: {error.strerror}") from None
    except UNREADABLE as error:
        raise ArchitectureError(f"{path} is not a dict of tensors that torch.save wrote: {error}") from None


def _sequence(file: IO[bytes]) -> tuple[dict[str, _Tensor], dict[str, np.ndarray]]:
    """Read the preamble, the tensors, the keys of the storages; then for each storage its length and its numbers."""
    file.seek(0)
    magic, *_ = [_Unpickler(file).load() for _ in range(PREAMBLE)]
    if magic != MAGIC:
        raise ValueError("it does not begin like one")
    tensors: dict[str, _Tensor] = _Unpickler(file).load()
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
    numbers = {}
    for key in _Unpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        numbers[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
    return tensors, numbers


def _archive(file: IO[bytes]) -> tuple[dict[str, _Tensor], dict[str, np.ndarray]]:
    """Read the tensors from FOLDER/data.pkl, the numbers of storage KEY from FOLDER/data/KEY."""
    with zipfile.ZipFile(file) as archive:
        described = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        tensors: dict[str, _Tensor] = _Unpickler(io.BytesIO(archive.read(described))).load()
        folder = described.removesuffix(".pkl")
        dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
        return tensors, {key: np.frombuffer(archive.read(f"{folder}/{key}"), dtypes[key]) for key in dtypes}


def ordered(arrays: Arrays, network: keras.Model) -> list[Value]:
    """Return the weights of a PyTorch network that is built in the order of ours, laid out as ours."""
    theirs = [(name, array) for name, array in arrays.items() if not name.endswith("num_batches_tracked")]
    layers = [layer for layer in weighted(network) for _ in learned(layer)]
    return [
        Value(f"{name} {array.shape}", _swapped(array) if _is_depthwise(layer) else _channels_last(array))
        for (name, array), layer in zip_longest(theirs, layers[: len(theirs)])
    ]


def _is_depthwise(layer: keras.layers.Layer | None) -> bool:
    return isinstance(layer, keras.layers.DepthwiseConv2D)


def _swapped(array: np.ndarray) -> np.ndarray:
    """Return a kernel (channels, 1, h, w) as Keras holds it, (h, w, channels, 1)."""
    return np.moveaxis(array, (0, 1), (-2, -1)) if array.ndim > 1 else array


def _channels_last(array: np.ndarray) -> np.ndarray:
    """Return a kernel (filters, channels, ...) as Keras holds it, (..., channels, filters)."""
    return np.moveaxis(array, (0, 1), (-1, -2)) if array.ndim > 1 else array
