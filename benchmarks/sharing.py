"""Two trainings side by side on half the processors each, beside one by one on all: how many times as fast they are.

    python benchmarks/sharing.py                         eight networks of growing work, two minutes
    python benchmarks/sharing.py resnet/18@64 vit/tiny@32

Each is measured as `suite run` does it where it has to know (`suite/search/sharing.py`), in turns and with noise for
pictures, and nothing of it is kept.
"""

from __future__ import annotations

import argparse

from suite.search.sharing import GAIN, Load, measured

LOADS = (
    "alexnet/tiny@16", "resnet/tiny@32", "mobilenet/tiny@32", "vgg/tiny@32", "inception_v4/tiny@32", "resnet/18@32",
    "mobilenet_v2/1.0@96", "resnet/18@64",
)  # fmt: skip


def main() -> None:
    """Print a table of what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loads", nargs="*", default=LOADS, metavar="NETWORK@SIDE")
    print("| network | multiply-adds of a picture, millions | two beside one by one | workers |")
    print("|---|---:|---:|---:|")
    for name, _, side in (one.partition("@") for one in parser.parse_args().loads):
        load = Load(network=name, image=(int(side), int(side)))
        gain = measured(load)
        print(f"| {load} | {load.macs / 1e6:.3g} | {gain:.2f} | {2 if gain >= GAIN else 1} |", flush=True)


if __name__ == "__main__":
    main()
