"""Does the tree still say what depends on what? The contracts stand in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys

import pytest
from importlinter import cli as linter


def test_arrows_point_down() -> None:
    assert linter.lint_imports() == 0


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("suite.cli", ("tensorflow", "keras", "keras_tuner", "optuna", "mlflow", "pandas", "matplotlib", "numpy")),
        ("suite.catalogue", ("tensorflow", "keras", "optuna", "mlflow", "pandas")),
        ("suite.pipeline", ("tensorflow", "keras", "keras_tuner", "mlflow", "matplotlib")),
        ("suite.report.page", ("tensorflow", "keras", "keras_tuner", "optuna", "mlflow")),
        ("suite.served", ("keras_tuner", "optuna", "mlflow", "pandas")),
    ],
)
def test_heavy_packages_are_loaded_only_where_they_are_needed(module: str, absent: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*(name for name in {absent!r} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
