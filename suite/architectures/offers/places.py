"""Where the libraries keep the weights that they download. Nothing here imports them, or Keras."""

from __future__ import annotations

import importlib
import os
from importlib.util import find_spec
from pathlib import Path

HUB_FILE = "model.safetensors"  # of every network of timm on the Hugging Face hub


def of_keras(file: str) -> Path:
    """Return where Keras keeps a file: in ~/.keras/models, or in `models` of KERAS_HOME."""
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models" / file


def of_torch(url: str) -> Path:
    """Return where torchvision keeps what is at `url`: in the folder `hub/checkpoints` of TORCH_HOME."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    home = Path(os.environ.get("TORCH_HOME", cache / "torch")).expanduser()
    return home / "hub" / "checkpoints" / url.rpartition("/")[2]


def of_hub(repository: str) -> Path | None:
    """Return the weights of a repository of the Hugging Face hub in its cache; None if they are not there."""
    if find_spec("huggingface_hub") is None:
        return None
    found = importlib.import_module("huggingface_hub").try_to_load_from_cache(repository, HUB_FILE)
    return Path(found) if isinstance(found, str) else None
