"""One module for each family: `Config`, `VARIANTS` and `build`. What several families share begins with `_`."""
