"""Loading TensorFlow without the lines that its libraries write before anybody can ask them not to."""

from __future__ import annotations

import os
import sys


def load_tensorflow() -> None:
    """Import TensorFlow; what its C++ side writes to stderr meanwhile (of drivers that are not there) goes nowhere."""
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
