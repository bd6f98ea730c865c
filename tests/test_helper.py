"""Processes of the suite start lightly: Keras leaves out what the suite does not ask of it, and nobody else does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from suite.machine import helper

LOADED = "print(*(name for name in ('matplotlib', 'pandas', 'sklearn') if name in sys.modules))"


def _printed(*command: str, **environment: str) -> list[str]:
    env = os.environ | environment
    return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout.splitlines()


def test_keras_is_loaded_without_its_extras_and_the_job_may_load_them(tmp_path: Path) -> None:
    job = f"""
        import sys
        import keras

        def main():
            {LOADED}
            import matplotlib.pyplot, pandas, sklearn.base
            {LOADED}
            model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
            print(model.count_params(), *sys.argv[1:])
    """
    (tmp_path / "job.py").write_text("\n".join(line[8:] for line in job.splitlines()))
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    assert _printed(*helper.command("job", "an", "argument"), PYTHONPATH=path) == [
        "",
        "matplotlib pandas sklearn",
        "3 an argument",
    ]


def test_a_program_that_uses_the_suite_has_all_of_keras() -> None:
    code = "from suite.machine.quiet import load_tensorflow as load; load(); import keras.src.wrappers.fixes as found"
    assert _printed(sys.executable, "-c", f"{code}; print(found.sklearn.__name__)") == ["sklearn"]
