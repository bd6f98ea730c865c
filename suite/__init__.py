"""A Keras AutoML comparison suite: which network, on your images, your device, your budget.

`load` reads runs and tables of results for a notebook. An architecture of your own needs `ArchitectureError`, `Recipe`
and `Task`.
"""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from suite.core.errors import ArchitectureError
    from suite.core.recipe import Recipe
    from suite.core.task import Task
    from suite.notebook.loading import load

__version__ = "0.1.0"
__all__ = ["ArchitectureError", "Recipe", "Task", "__version__", "load"]

_MODULES = {
    "ArchitectureError": "suite.core.errors", "Recipe": "suite.core.recipe", "Task": "suite.core.task",
    "load": "suite.notebook.loading",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import what is asked for first: `load` takes pandas, and the command line starts with none of it."""
    if name not in _MODULES:
        raise AttributeError(f"module 'suite' has no attribute '{name}'")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")  # in a notebook: Optuna's progress bars, unused here
        return getattr(import_module(_MODULES[name]), name)
