"""Which trainings oneDNN's kernels end: every family's tiny network and the quickstart's spaces, each in a process.

    python benchmarks/kernels.py [NETWORK or STUDY.toml ...] [--sides 32 48] [--steps 30] [--times 3] [--checked]

A survivor proves little: memory that was corrupted need not be the memory that ends a process. With --checked glibc
looks at every piece of memory that is given back (Linux, slower), and few corruptions get past it. --keras puts Keras'
own strided 1x1 convolutions back in place of ours, which shows that deaths are seen.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

STUDIES = Path(__file__).parents[1] / "studies" / "quickstart"
CHECKS = {"LD_PRELOAD": "libc_malloc_debug.so.0", "MALLOC_CHECK_": "3"}


def main() -> None:
    options = parsed()
    if options.alone:
        alone(options.networks[0], options.sides[0], options.steps, options.seed, options.keras)
        return
    deaths = 0
    for network in options.networks or everything():
        for side in [0] if network.endswith(".toml") else options.sides:
            deaths += survey(network, side, options)
    print(f"{deaths} deaths")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    parser.add_argument(
        "--sides", type=int, nargs="+", default=[32, 48], help="of the pictures, pixels; not of a study"
    )
    parser.add_argument("--steps", type=int, default=30, help="of each training")
    parser.add_argument("--times", type=int, default=3, help="each is trained, in processes of its own")
    parser.add_argument("--checked", action="store_true", help="with glibc's heap checks")
    parser.add_argument("--keras", action="store_true", help="with Keras' own strided convolutions")
    parser.add_argument("--seed", type=int, default=0, help="of the first network that is drawn from a study's space")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)  # the process that may die
    return parser.parse_args()


def everything() -> list[str]:
    from suite import architectures

    return [*map(str, sorted(STUDIES.glob("*.toml"))), *(f"{family}/tiny" for family in architectures.FAMILIES)]


def survey(network: str, side: int, options: argparse.Namespace) -> int:
    """Train one network several times, another of its space each time if it is a study; return how many died."""
    began, ends = time.monotonic(), []
    for seed in range(options.seed, options.seed + options.times):
        command = [sys.executable, __file__, network, "--alone", "--sides", str(side), "--steps", str(options.steps)]
        command += ["--seed", str(seed), *(["--keras"] if options.keras else [])]
        asked = {"TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", **(CHECKS if options.checked else {})}
        done = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True)
        ends.append(said(done))
    died = sum(end.startswith("SIG") for end in ends)
    pictures = f"{side} x {side}" if side else "the study's"
    each = (time.monotonic() - began) / len(ends)
    print(f"{network:40} {pictures:>12} {each:6.0f} s   {', '.join(ends)}", flush=True)
    return died


def said(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return signal.Signals(-done.returncode).name
    return "lived" if not done.returncode else f"could not be trained: {done.stderr.strip().splitlines()[-1]}"


def alone(network: str, side: int, steps: int, seed: int, keras_own: bool) -> None:
    from suite.architectures import layers
    from suite.training import exercise

    if keras_own:
        del layers.StridedConv2D.convolution_op
    if network.endswith(".toml"):
        made = next(exercise.of_study(Path(network), seed=seed, count=1))
    else:
        made = exercise.named(network, (side, side, 3))
    exercise.train(*made, steps=steps)


if __name__ == "__main__":
    main()
