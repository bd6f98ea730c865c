"""What every family's tiny network learns of the 1,797 digits: accuracy, and the seconds that it takes.

python benchmarks/learning.py [FAMILY ...] [--epochs 12]
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from suite import architectures, datasets, training
from suite.profile.complexity import complexity

IMAGE = (32, 32, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY")
    parser.add_argument("--epochs", type=int, default=12)
    arguments = parser.parse_args()
    print(f"{'family':18}{'parameters':>11}{'multiply-adds':>15}{'accuracy %':>12}{'seconds':>9}")
    for family in arguments.families or architectures.FAMILIES:
        print(row(family, arguments.epochs), flush=True)


def row(family: str, epochs: int) -> str:
    """Train the tiny network of a family by the family's own recipe; validation accuracy of its best epoch."""
    began = time.perf_counter()
    data = datasets.load("digits", IMAGE)
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    network = architectures.family(family).build(architectures.config(f"{family}/tiny"), data.task)
    counts = complexity(network)
    trained = training.train(network, architectures.recipe(family), data, epochs=epochs, seed=0)
    seconds = time.perf_counter() - began
    accuracy = trained.measures["accuracy"]
    return f"{family:18}{counts.parameters:>11,}{counts.macs:>15,}{accuracy:>12.2f}{seconds:>9.0f}"


if __name__ == "__main__":
    main()
