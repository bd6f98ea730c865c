"""How `make docs` turns these pages into a site."""

from suite import __version__

project = "Keras comparison suite"
author = "The authors of the Keras comparison suite"
release = __version__
extensions = ["myst_parser"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
html_theme = "furo"
html_title = f"{project} {release}"
suppress_warnings = ["myst.xref_missing"]  # links to files of the repository, which tests/test_readme.py follows
