"""Pictures per second of an epoch, beside those of keras.utils.image_dataset_from_directory: in turns, and as ratios.

python benchmarks/pictures.py [--turns 5] [--side 224]

It makes JPEG files of photographs that come with scikit-learn, with the grain of a camera, in two folders, and reads
them in batches of 32. Keras decodes in each epoch; we do too where nothing may be kept, else once.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from suite.machine.quiet import load_tensorflow

load_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402
from sklearn.datasets import load_sample_images  # noqa: E402

from suite import datasets  # noqa: E402
from suite.datasets import Dataset  # noqa: E402
from suite.datasets.memory import Memory  # noqa: E402

KINDS = {"224 x 224": ((224, 224), 1600), "500 x 375": ((500, 375), 1600), "4000 x 3000": ((4000, 3000), 64)}
GRAIN = 3.0  # standard deviation, of 255
QUALITY = 90
BATCH = 32
EPOCHS = 3
KERAS = "Keras, each epoch decoded"


def fill(folder: Path, size: tuple[int, int], count: int) -> None:
    """Write `count` JPEG files of a size (width, height), half of them in either class: parts of two photographs."""
    photographs = [Image.fromarray(pixels) for pixels in load_sample_images().images]
    chance = np.random.default_rng(0)
    for number in range(count):
        photograph = photographs[number % 2]
        share = chance.uniform(0.4, 0.9)
        wide, high = (share * side for side in photograph.size)
        left, top = (chance.uniform(0, side * (1 - share)) for side in photograph.size)
        part = photograph.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + wide, top + high))
        grainy = np.asarray(part, np.float32) + chance.normal(0, GRAIN, (*size[::-1], 3)).astype(np.float32)
        home = folder / ("temple", "flower")[number % 2]
        home.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(grainy, 0, 255).astype(np.uint8)).save(home / f"{number}.jpg", quality=QUALITY)


def rate(batches: Callable[[], Iterable]) -> float:
    """Return the pictures in a second of some epochs, the making of their pipeline included."""
    began = time.perf_counter()
    count = sum(len(labels) for _, labels in batches())
    return count / (time.perf_counter() - began)


def sides(folder: Path, data: Dataset, side: int) -> dict[str, Callable[[], Iterable]]:
    """Return how each side reads EPOCHS epochs, or the first."""
    endless = float("inf")
    held = Memory(room=endless)

    def ours(memory: Memory, on_disk: str = "0", epochs: int = EPOCHS) -> Iterable:
        os.environ |= {"SUITE_PICTURES": on_disk, "SUITE_CACHE": f"{folder}-kept-{on_disk}"}
        shown = replace(data, reader=replace(data.reader, memory=memory))
        return shown.train(batch_size=BATCH, seed=1, epochs=epochs)

    def theirs() -> Iterable:
        batches = keras.utils.image_dataset_from_directory(
            folder, image_size=(side, side), batch_size=BATCH, seed=1, verbose=False
        )
        return itertools.chain.from_iterable(batches for _ in range(EPOCHS))

    return {
        KERAS: theirs,
        "ours, nothing kept": lambda: ours(Memory(room=0)),
        "ours, the first epoch, then kept": lambda: ours(Memory(room=endless), epochs=1),
        "ours, kept in memory": lambda: ours(held),
        "ours, kept on disk": lambda: ours(Memory(room=0), on_disk="10"),
    }


def compare(folder: Path, side: int, turns: int) -> None:
    """Print pictures per second of each side, the median, and the median of its ratios to Keras."""
    began = time.perf_counter()
    data = datasets.load(str(folder), (side, side, 3))
    print(f"  prepared once in {time.perf_counter() - began:.1f} s")
    read = sides(folder, data, side)
    rates: dict[str, list[float]] = {name: [] for name in read}
    for turn in range(turns + 1):
        for name, batches in read.items():
            found = rate(batches)
            rates[name] += [found] if turn else []  # the first turn warms up
    for name, measured in rates.items():
        ratio = statistics.median(mine / theirs for mine, theirs in zip(measured, rates[KERAS], strict=True))
        print(f"  {name:34} {statistics.median(measured):8,.0f} pictures/s   ratio {ratio:6.2f}")


def main() -> None:
    """Compare all kinds of pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--side", type=int, default=224, help="pixels of the input of a network")
    asked = parser.parse_args()
    logging.disable()  # that each epoch decodes anew is meant
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["TFDS_DATA_DIR"] = f"{scratch}/prepared"
        for kind, (size, count) in KINDS.items():
            print(f"{count} JPEG files of {kind}, seen at {asked.side} x {asked.side}")
            folder = Path(scratch) / kind.replace(" ", "")
            fill(folder, size, count)
            compare(folder, asked.side, asked.turns)


if __name__ == "__main__":
    main()
