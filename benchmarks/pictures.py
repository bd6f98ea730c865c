"""Pictures per second of an epoch, beside those of keras.utils.image_dataset_from_directory: in turns, and as ratios.

python benchmarks/pictures.py [--turns 5] [--side 224]

It makes JPEG files of photographs that come with scikit-learn, with the grain of a camera, in two folders, and reads
them in batches of 32, before scaling: on both sides, the network does that. Keras decodes in each epoch; we do too
where nothing may be kept, else once: in the first of three epochs, or in an earlier training. Ours are decoded exactly
and reduced with antialiasing, Keras' are not. So there are two ratios: to Keras as it ships, and to a pipeline of
TensorFlow that makes our pixels.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from suite.machine.quiet import load_tensorflow

load_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
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
KERAS, SAME = "Keras, as it ships", "TensorFlow, our pixels"
FIRST = ", one epoch"


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


def rate(batches: Callable[[], Iterable]) -> tuple[float, float]:
    """Return the pictures in a second, and in a second of a processor, the making of the pipeline included."""
    began, used = time.perf_counter(), time.process_time()
    count = sum(len(labels) for _, labels in batches())
    return count / (time.perf_counter() - began), count / (time.process_time() - used)


def as_ours(path: tf.Tensor, label: tf.Tensor, side: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return a picture as TensorFlow's users would make what we show: decoded exactly, antialiased, whole."""
    picture = tf.io.decode_jpeg(tf.io.read_file(path), channels=3, dct_method="INTEGER_ACCURATE")
    seen = tf.image.resize(picture, (side, side), antialias=True)
    return tf.cast(tf.round(seen), tf.uint8), label


def sides(folder: Path, data: Dataset, side: int) -> dict[str, Callable[[], Iterable]]:
    """Return how each side reads EPOCHS epochs, or the first."""
    endless = float("inf")
    held = Memory(room=endless)

    def ours(memory: Memory, on_disk: str = "0", epochs: int = EPOCHS) -> Iterable:
        os.environ |= {"SUITE_PICTURES": on_disk, "SUITE_CACHE": f"{folder}-kept-{on_disk}"}
        shown = replace(data, reader=replace(data.reader, memory=memory))
        return shown.train(batch_size=BATCH, seed=1, epochs=epochs, is_scaled=False)

    def new_on_disk(epochs: int) -> Iterable:
        shutil.rmtree(f"{folder}-kept-11", ignore_errors=True)
        return ours(Memory(room=0), on_disk="11", epochs=epochs)

    def theirs(epochs: int = EPOCHS) -> Iterable:
        batches = keras.utils.image_dataset_from_directory(
            folder, image_size=(side, side), batch_size=BATCH, seed=1, verbose=False
        )
        return itertools.chain.from_iterable(batches for _ in range(epochs))

    def same(epochs: int = EPOCHS) -> Iterable:
        files = sorted(map(str, folder.glob("*/*.jpg")))
        labels = [int(Path(file).parent.name == "temple") for file in files]
        read = tf.data.Dataset.from_tensor_slices((files, labels)).shuffle(1024, seed=1)
        batches = read.map(partial(as_ours, side=side), tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE)
        return itertools.chain.from_iterable(batches for _ in range(epochs))

    return {
        KERAS: theirs,
        SAME: same,
        "ours, nothing kept": lambda: ours(Memory(room=0)),
        "ours, kept in memory meanwhile": lambda: ours(Memory(room=endless)),
        "ours, kept on disk meanwhile": lambda: new_on_disk(EPOCHS),
        "ours, kept in memory": lambda: ours(held),
        "ours, kept on disk": lambda: ours(Memory(room=0), on_disk="10"),
        KERAS + FIRST: lambda: theirs(1),
        SAME + FIRST: lambda: same(1),
        "ours, kept in memory meanwhile" + FIRST: lambda: ours(Memory(room=endless), epochs=1),
        "ours, kept on disk meanwhile" + FIRST: lambda: new_on_disk(1),
    }


def compare(folder: Path, side: int, turns: int) -> None:
    """Print pictures per second of each side, the median, and the median of its ratios to Keras."""
    began = time.perf_counter()
    data = datasets.load(str(folder), (side, side, 3))
    print(f"  prepared once in {time.perf_counter() - began:.1f} s")
    read = sides(folder, data, side)
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in read}
    for turn in range(turns + 1):
        for name, batches in read.items():
            found = rate(batches)
            rates[name] += [found] if turn else []  # the first turn warms up
    print(f"  {'':46} pictures/s   to Keras  to our pixels   the same, by time of processors")
    for name, measured in rates.items():
        others = [rates[other + (FIRST if name.endswith(FIRST) else "")] for other in (KERAS, SAME)]
        ratios = [
            statistics.median(mine[by] / theirs[by] for mine, theirs in zip(measured, other, strict=True))
            for by in (0, 1)
            for other in others
        ]
        told = statistics.median(one for one, _ in measured)
        print(f"  {name:46} {told:10,.0f}   {ratios[0]:8.2f} {ratios[1]:14.2f} {ratios[2]:14.2f} {ratios[3]:14.2f}")


def main() -> None:
    """Compare all kinds of pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="sizes of the files")
    parser.add_argument("--side", type=int, default=224, help="pixels of the input of a network")
    asked = parser.parse_args()
    logging.disable()  # that each epoch decodes anew is meant
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["TFDS_DATA_DIR"] = f"{scratch}/prepared"
        for kind, (size, count) in ((kind, KINDS[kind]) for kind in asked.kinds):
            load = os.getloadavg()[0]
            print(f"{count} JPEG files of {kind}, seen at {asked.side} x {asked.side}; load {load:.0f}", flush=True)
            folder = Path(scratch) / kind.replace(" ", "")
            fill(folder, size, count)
            compare(folder, asked.side, asked.turns)


if __name__ == "__main__":
    main()
