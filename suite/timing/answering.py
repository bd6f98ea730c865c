"""A helper that asks a file about pictures on its own runtime, as `OwnRuntimes.answers` tells it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from suite import architectures
from suite.timing import runtimes

BATCH = 32  # pictures in a call


def main() -> None:
    """Write what the file answers beside the file of the pictures."""
    path, artefact, asked, threads, *sources = sys.argv[1:]
    for source in sources:
        architectures.family(source)  # registers its layers
    runtimes.ready(path, int(threads))
    runtime = runtimes.opened(path, Path(artefact), int(threads))
    (name,) = [one.name for one in runtime.takes]
    pixels = np.load(asked, mmap_mode="r")
    batches = [pixels[start : start + BATCH].astype(np.float32) for start in range(0, len(pixels), BATCH)]
    answers = [np.asarray(runtime.asks({name: batch})()[0]) for batch in batches]
    np.save(Path(asked).with_suffix(".answers.npy"), np.concatenate(answers))
