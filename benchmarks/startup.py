"""Seconds until the command line has answered, beside those of an empty Python.

python benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "suite --help": [sys.executable, "-m", "suite", "--help"],
    "suite list": [sys.executable, "-m", "suite", "list"],
}


def seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(10):
        for name, command in COMMANDS.items():
            taken[name].append(seconds(command))
    empty = statistics.median(taken["python -c pass"])
    for name, times in taken.items():
        median = statistics.median(times)
        print(f"{name:15} {median:.3f} s   {median / empty:5.1f} times an empty Python")


if __name__ == "__main__":
    main()
