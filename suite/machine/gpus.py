"""The GPUs that this process may use, as the driver of NVIDIA tells of them: TensorFlow need not be loaded."""

from __future__ import annotations

import os
from pathlib import Path

DRIVER = Path("/proc/driver/nvidia/gpus")  # has a folder for each GPU, on Linux
CHOSEN = "CUDA_VISIBLE_DEVICES"  # in the environment: those that CUDA uses, by number or name
SHARED = "SUITE_GPUS"  # in the environment: those that processes share of which this one has a part


def usable() -> list[str]:
    """Return the GPUs for this process, as CHOSEN names them; none where there is no driver."""
    there = [str(number) for number, _ in enumerate(DRIVER.glob("*"))]
    named = os.environ.get(CHOSEN)
    if named is None or not there:
        return there
    words = [word.strip() for word in named.split(",")]
    return words[: next((place for place, word in enumerate(words) if word in ("", "-1")), None)]  # as CUDA reads it


def take_part(number: int) -> None:
    """Give this process one GPU of several, the `number`th in turn, and remember all. CUDA must not have begun."""
    everything = os.environ[SHARED].split(",") if os.environ.get(SHARED) else usable()
    if len(everything) > 1:
        os.environ |= {SHARED: ",".join(everything), CHOSEN: everything[number % len(everything)]}
