"""A Keras AutoML comparison suite: which network, on your images, your device, your budget.

`load` reads runs and tables of results for a notebook. An architecture of your own needs `ArchitectureError`, `Recipe`
and `Task`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from suite.core.errors import ArchitectureError
from suite.core.recipe import Recipe
from suite.core.task import Task

if TYPE_CHECKING:
    from suite.notebook.loading import load

__version__ = "0.1.0"
__all__ = ["ArchitectureError", "Recipe", "Task", "__version__", "load"]


def __getattr__(name: str) -> Any:
    """Import `load` when it is asked for first: it takes pandas, Matplotlib and a database."""
    if name != "load":
        raise AttributeError(f"module 'suite' has no attribute '{name}'")
    return import_module("suite.notebook.loading").load
