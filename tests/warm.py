"""A warm process for the commands of the tests: it has loaded what they need besides TensorFlow too.

`python tests/warm.py DESCRIPTOR`, as suite.machine.warm. Half the time of a short command is spent on loading.
"""

from __future__ import annotations

import importlib
import signal
import sys

from suite.machine import helper, warm
from suite.machine.quiet import load_tensorflow

LOADED = ("keras", "scipy.stats", "sklearn", "pandas", "sqlalchemy", "suite.pipeline", "suite.search.conduct")


def main() -> None:
    heeds = signal.signal(signal.SIGINT, signal.SIG_IGN)
    helper.start_lightly()
    load_tensorflow()
    for name in LOADED:
        importlib.import_module(name)
    warm._serve(int(sys.argv[1]), heeds)


if __name__ == "__main__":
    main()
