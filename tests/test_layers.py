"""Does the tree still say what depends on what? The contracts stand in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_arrows_point_down() -> None:
    """In a process of its own: the linter configures the logging of its process."""
    lint = [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"]
    done = subprocess.run(lint, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        (
            "suite.cli.commands",
            ("tensorflow", "keras", "keras_tuner", "optuna", "mlflow", "pandas", "matplotlib", "numpy"),
        ),
        ("suite.cli.listing", ("tensorflow", "keras", "optuna", "mlflow", "pandas")),
        ("suite.pipeline", ("tensorflow", "keras", "keras_tuner", "mlflow", "matplotlib")),
        ("suite.report.study.page", ("tensorflow", "keras", "keras_tuner", "optuna", "mlflow")),
        ("suite.export.loaded", ("keras_tuner", "optuna", "mlflow")),
    ],
)
def test_heavy_packages_are_loaded_only_where_they_are_needed(module: str, absent: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*(name for name in {absent!r} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
