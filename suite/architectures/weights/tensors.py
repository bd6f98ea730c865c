"""Reads files of named tensors: .safetensors, and what torch.save wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from suite.architectures.weights import torchfile
from suite.core.errors import ArchitectureError

SAFE = ".safetensors"
TORCH = (".pth", ".pt", ".bin", ".tar")
SUFFIXES = (SAFE, *TORCH)


def read(file: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a file by name. Raises ArchitectureError if it holds something else."""
    if file.suffix != SAFE:
        return torchfile.read(file)
    try:
        return load_file(file)
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise ArchitectureError(f"{file} does not hold tensors in the form of safetensors: {error}") from None
