"""A module for each verb: its docstring is its help, `command` is what it does."""
