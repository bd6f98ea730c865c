"""Datasets by their tensorflow-datasets name: found, downloaded, prepared."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from urllib.parse import urlsplit
from urllib.request import getproxies

import tensorflow_datasets as tfds

from suite.core.errors import DatasetError
from suite.datasets.source import features
from suite.machine.cache import data_folder


def builder(
    name: str, require: Callable[[str, tfds.core.DatasetBuilder], object] = features
) -> tfds.core.DatasetBuilder:
    """Return the dataset `name`, `name/config` or `name:version`, downloaded and prepared if it was not.

    Raises DatasetError with the way out if there is no such dataset, or if it cannot be prepared, and what `require`
    raises of a dataset that would have to be downloaded.
    """
    found = _found(name)
    if not found.data_path.exists():
        require(name, found)  # before useless gigabytes are downloaded
        _download(name, found)
    return found


def is_here(name: str) -> bool:
    """Whether the dataset is prepared already. Raises DatasetError if there is no such dataset."""
    return bool(_found(name).data_path.exists())


def _found(name: str) -> tfds.core.DatasetBuilder:
    try:
        return tfds.builder(name, data_dir=data_folder(), try_gcs=False)
    except Exception as error:  # builders raise any type for a wrong configuration or version
        raise DatasetError(f"dataset '{name}' cannot be opened: {_line(error)}") from error


def _download(name: str, found: tfds.core.DatasetBuilder) -> None:
    """Download and prepare; what tensorflow-datasets prints goes to stderr."""
    try:
        _reach(found)
        with contextlib.redirect_stdout(sys.stderr):
            found.download_and_prepare()
    except Exception as error:  # network, disk, a missing archive, a package of the builder: any
        raise DatasetError(
            f"dataset '{name}' cannot be downloaded or prepared ({_line(error)}): prepare it where there is a network "
            f"and put it into {data_folder() / found.name}, or set TFDS_DATA_DIR to the folder that holds it"
        ) from error


def _reach(found: tfds.core.DatasetBuilder) -> None:
    """Raise at once if the dataset's host cannot be reached; tensorflow-datasets would retry for minutes.

    Files downloaded before may do without the host, and a proxy is left to the downloader.
    """
    import requests

    urls = [] if found.MANUAL_DOWNLOAD_INSTRUCTIONS else list(found.url_infos or ())
    if urls and not getproxies() and not any(data_folder().glob("downloads/**/*.INFO")):
        try:
            requests.head(urls[0], timeout=10).close()
        except requests.RequestException as error:
            raise ConnectionError(f"no connection to {urlsplit(urls[0]).hostname}") from error


def _line(error: Exception) -> str:
    """Return what an error says on one line, without the context that tensorflow-datasets puts before it."""
    said = str(error).rpartition('}": ')[2]
    return " ".join(said.split())[:400] or type(error).__name__
