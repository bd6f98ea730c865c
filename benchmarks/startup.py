"""Seconds until the command line has answered, and until Keras is loaded: all in turns, and as ratios.

python benchmarks/startup.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

LIGHTLY = "from suite.machine.helper import start_lightly; start_lightly(); import keras"
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "suite --help": [sys.executable, "-m", "suite", "--help"],
    "suite list": [sys.executable, "-m", "suite", "list"],
    "import keras": [sys.executable, "-c", "import keras"],
    "the same in the suite": [sys.executable, "-c", LIGHTLY],
}
BESIDE = {"the same in the suite": "import keras"}  # all others stand beside an empty Python


def seconds(command: list[str]) -> float:
    """Return how long a command takes."""
    began = time.perf_counter()
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began


def main() -> None:
    """Run all commands in turns, and print medians and ratios."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(10):
        for name, command in COMMANDS.items():
            taken[name].append(seconds(command))
    for name, times in taken.items():
        other = BESIDE.get(name, "python -c pass")
        ratio = statistics.median(mine / theirs for mine, theirs in zip(times, taken[other], strict=True))
        print(f"{name:22} {statistics.median(times):6.3f} s   {ratio:6.2f} times `{other}`")


if __name__ == "__main__":
    main()
