"""Does the tree still say what depends on what? The contracts stand in pyproject.toml."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


def test_our_own_modules_are_imported_at_the_top_but_for_the_doors_of_the_pipeline() -> None:
    """What is heavy is kept out of `--help` by where it lives."""
    hidden = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "suite").rglob("*.py")
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
        if "suite" in _imported(node)
    }
    assert hidden == {"suite/pipeline.py"}


def _imported(node: ast.AST) -> set[str]:
    """Return the packages that a statement imports from."""
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    return {name.partition(".")[0] for name in names}


def test_the_environment_of_the_oracle_has_what_its_tests_import() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*told["project"]["dependencies"], *told["dependency-groups"]["oracle"]]
    named = {canonicalize_name(Requirement(one).name) for one in wanted}
    offers = packages_distributions()
    files, seen = [ROOT / "tests" / "conftest.py", *(ROOT / "tests" / "oracle").glob("*.py")], set()
    while files:
        file = files.pop()
        seen.add(file)
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests"):
                begun = ROOT / node.module.replace(".", "/")
                ours = [begun.with_suffix(".py"), *(begun / f"{alias.name}.py" for alias in node.names)]
                files += [one for one in ours if one.is_file() and one not in seen]
            for name in _imported(node) - {"tests", "suite"} - sys.stdlib_module_names:
                offered = {canonicalize_name(one) for one in offers.get(name, [name])}
                assert offered & named or name == "skimage", f"{file.name} imports {name}: add it to the group oracle"
    assert len(seen) > 10


def test_at_the_top_stand_packages_and_one_module() -> None:
    assert {file.name for file in (ROOT / "suite").glob("*.py")} == {"__init__.py", "__main__.py", "pipeline.py"}


def test_every_package_says_what_it_is_for() -> None:
    packages = list((ROOT / "suite").rglob("__init__.py"))
    assert len(packages) > 15
    assert [str(file) for file in packages if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))] == []
    folders = {file.parent for file in (ROOT / "suite").rglob("*.py")}
    assert folders == {file.parent for file in packages}


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
        (
            "suite.cli.verbs.list",
            ("tensorflow", "keras", "keras_tuner", "optuna", "mlflow", "pandas", "numpy", "matplotlib"),
        ),
        ("suite.cli.verbs.run", ("tensorflow", "keras", "keras_tuner", "mlflow", "matplotlib")),
        (
            "suite.cli.verbs.front",
            ("tensorflow", "keras", "keras_tuner", "mlflow", "matplotlib", "pandas", "suite.timing", "suite.benchmark"),
        ),
        ("suite.cli.verbs.watch", ("tensorflow", "keras", "keras_tuner", "mlflow")),
        ("suite.cli.runs", ("tensorflow", "keras", "keras_tuner", "mlflow", "matplotlib", "pandas", "suite.timing")),
        ("suite.export.encoded, suite.export.folder", ("tensorflow", "keras", "keras_tuner", "optuna", "mlflow")),
        ("suite.pipeline", ("tensorflow", "keras", "keras_tuner", "mlflow", "matplotlib")),
        ("suite.report.study.page", ("tensorflow", "keras", "keras_tuner", "optuna", "mlflow")),
        ("suite.export.loaded", ("keras_tuner", "optuna", "mlflow")),
    ],
)
def test_heavy_packages_are_loaded_only_where_they_are_needed(module: str, absent: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*(name for name in {absent!r} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
