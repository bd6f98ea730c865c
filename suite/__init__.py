"""A Keras AutoML comparison suite: which network, on your images, your device, your budget.

`ArchitectureError`, `Recipe` and `Task` are what an architecture of your own needs.
"""

from suite.core.errors import ArchitectureError
from suite.core.recipe import Recipe
from suite.core.task import Task

__version__ = "0.1.0"
__all__ = ["ArchitectureError", "Recipe", "Task", "__version__"]
