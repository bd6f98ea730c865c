"""What every family's tiny network learns of the 1,797 digits, or of a folder of pictures, with oneDNN off and on.

taskset -c 1 python benchmarks/learning.py [FAMILY ...] [--dataset FOLDER] [--epochs 12]

Each family is trained twice, in processes of their own, one after the other: off, then on. `clock` and `processor` are
seconds of the whole training, `later` the processor's in the epochs after the first, in which nothing is traced. Other
processes on the same core add to the clock, and a little to the processor's. The ratio is off over on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

from suite import architectures

IMAGE = (32, 32, 1)
PAIRS = {
    "accuracy": ("accuracy %", 2),
    "clock": ("clock s", 0),
    "processor": ("processor s", 0),
    "later": ("later s", 1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", metavar="FAMILY")
    parser.add_argument("--dataset", default="digits", help="what `dataset` in a study file may be")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)  # the process that trains
    arguments = parser.parse_args()
    if arguments.alone:
        print(json.dumps(trained(arguments.families[0], arguments.dataset, arguments.epochs)))
        return
    titles = "".join(f"{title + ', off':>17}{'on':>7}{'ratio':>7}" for title, _ in PAIRS.values())
    print(f"{'family':18}{'parameters':>11}{'multiply-adds':>15}{titles}")
    for family in arguments.families or architectures.FAMILIES:
        off, on = (process(family, arguments, switch) for switch in "01")
        print(row(family, off, on), flush=True)


def process(family: str, arguments: argparse.Namespace, switch: str) -> dict[str, float]:
    """Train in a process whose oneDNN is off (0) or on (1)."""
    command = [sys.executable, __file__, family, "--alone", "--dataset", arguments.dataset]
    asked = {"TF_ENABLE_ONEDNN_OPTS": switch, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        [*command, "--epochs", str(arguments.epochs)], env=os.environ | asked, check=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def row(family: str, off: dict[str, float], on: dict[str, float]) -> str:
    """Return both sides of each measure, and off over on."""
    pairs = "".join(
        f"{off[key]:>17.{digits}f}{on[key]:>7.{digits}f}{off[key] / on[key]:>7.2f}"
        for key, (_, digits) in PAIRS.items()
    )
    return f"{family:18}{on['parameters']:>11,}{on['macs']:>15,}{pairs}"


def trained(family: str, dataset: str, epochs: int) -> dict[str, Any]:
    """Train the tiny network of a family by the family's own recipe; validation accuracy of its best epoch."""
    import keras

    from suite import datasets
    from suite.counting.complexity import complexity
    from suite.training import loop

    began, ends = (time.perf_counter(), time.process_time()), list[float]()
    data = datasets.load(dataset, IMAGE)
    keras.utils.set_random_seed(0)
    network = architectures.build(f"{family}/tiny", data.task)
    counts = complexity(network)
    made = loop.train(
        network, architectures.recipe(family), data, epochs=epochs, seed=0,
        on_epoch=lambda row: ends.append(time.process_time()),
    )  # fmt: skip
    return {
        "parameters": counts.parameters,
        "macs": counts.macs,
        "accuracy": made.measures["accuracy"],
        "clock": time.perf_counter() - began[0],
        "processor": time.process_time() - began[1],
        "later": ends[-1] - ends[0],
    }


if __name__ == "__main__":
    main()
