"""A helper that trains a network of the catalogue on noise whenever it is told to, and says how fast it does.

Its arguments are the network, height and width of the pictures, which part of the processors it has, and of how many.
It writes `ready` when the network is traced. Each line that it reads is a number of seconds: it trains for so long, one
step at least, and writes how many pictures it saw in a second.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from suite.machine import capacity
from suite.training.exercise import named
from suite.training.ways import Run

TRACED = 2  # steps, after which all is traced


def main() -> None:
    """Train what the command line names, until standard input ends."""
    name, height, width, part, parts = sys.argv[1:]
    capacity.take_part(int(part), int(parts))  # before TensorFlow starts its threads
    build, recipe = named(name, (int(height), int(width), 3))
    run = Run(replace(recipe, precision=recipe.deployed), build)
    for _ in range(TRACED):
        run.step()
    print("ready", flush=True)
    for line in sys.stdin:
        print(recipe.batch_size * _steps(run, float(line)), flush=True)


def _steps(run: Run, seconds: float) -> float:
    """Return the steps in a second of a training that takes so long, or the one step that takes longer."""
    count, began = 0, time.perf_counter()
    while not count or time.perf_counter() - began < seconds:
        run.step()
        count += 1
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
