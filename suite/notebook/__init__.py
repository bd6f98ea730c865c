"""Runs and tables of results in a notebook: pandas frames, figures and rich display. Loaded by `suite.load`."""
