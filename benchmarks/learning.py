"""What every family's tiny network learns of the 1,797 digits, or of a folder of pictures, and how long it takes.

taskset -c 1 python benchmarks/learning.py [FAMILY ...] [--dataset FOLDER] [--epochs 12]

Seconds are of the clock and of processors: on one core of one's own they are equal, and if the clock's are more, other
processes took the rest.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from suite.quiet import load_tensorflow  # before TensorFlow: the suite chooses its kernels

load_tensorflow()

import keras  # noqa: E402

from suite import architectures, datasets, training  # noqa: E402
from suite.profile.complexity import complexity  # noqa: E402

IMAGE = (32, 32, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY")
    parser.add_argument("--dataset", default="digits", help="what `dataset` in a study file may be")
    parser.add_argument("--epochs", type=int, default=12)
    arguments = parser.parse_args()
    print(f"{'family':18}{'parameters':>11}{'multiply-adds':>15}{'accuracy %':>12}{'seconds':>9}{'processor':>11}")
    for family in arguments.families or architectures.FAMILIES:
        print(row(family, arguments.dataset, arguments.epochs), flush=True)


def row(family: str, dataset: str, epochs: int) -> str:
    """Train the tiny network of a family by the family's own recipe; validation accuracy of its best epoch."""
    began = time.perf_counter(), time.process_time()
    data = datasets.load(dataset, IMAGE)
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    network = architectures.family(family).build(architectures.config(f"{family}/tiny"), data.task)
    counts = complexity(network)
    trained = training.train(network, architectures.recipe(family), data, epochs=epochs, seed=0)
    clock, processor = time.perf_counter() - began[0], time.process_time() - began[1]
    accuracy = trained.measures["accuracy"]
    return f"{family:18}{counts.parameters:>11,}{counts.macs:>15,}{accuracy:>12.2f}{clock:>9.0f}{processor:>11.0f}"


if __name__ == "__main__":
    main()
