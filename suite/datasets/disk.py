"""What is kept on disk of the pictures of a data set: those of a split in one shape, for all studies of this user.

A file holds the pictures, uint8 [N, H, W, C], and behind them their labels, int64 [N]. Pictures are mapped into the
memory, not read into it: the system keeps there what has room.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import IO

import numpy as np
import tensorflow as tf

from suite.datasets.memory import Split
from suite.machine.shelf import Shelf

PICTURES = Shelf(holds="pictures", variable="SUITE_PICTURES", default=10.0)

Blocks = Iterable[tuple[np.ndarray, np.ndarray]]  # some pictures and their labels at a time
Shape = tuple[int, int, int, int]


def kept(name: str, shape: Shape, blocks: Blocks) -> Split | None:
    """Return the pictures kept as `name`, of a `shape` (N, H, W, C), and their labels; `blocks` are kept if none are.

    None if neither the budget nor the disk has room for them.
    """
    size = prod(shape) + 8 * shape[0]
    file = PICTURES.found(name)
    if file and file.stat().st_size != size:  # damaged
        file.unlink(missing_ok=True)
    file = PICTURES.made(name, size, lambda stream: _write(stream, size, blocks))
    return _mapped(file, shape) if file else None


def _write(stream: IO[bytes], size: int, blocks: Blocks) -> None:
    stream.truncate(size)  # others see from the beginning how much room it takes
    labels = []
    for pictures, named in blocks:
        stream.write(np.ascontiguousarray(pictures).data)
        labels.append(named.astype(np.int64))
    stream.write(np.concatenate(labels).data)


def _mapped(file: Path, shape: Shape) -> Split:
    """Return a tensor that is mapped to a file, and stays when the file is deleted; and the labels."""
    pictures = tf.raw_ops.ImmutableConst(dtype=tf.uint8, shape=shape, memory_region_name=str(file))
    return pictures, tf.constant(np.fromfile(file, np.int64, offset=prod(shape)))
