"""How a builder of tensorflow-datasets fills its data folder: quietly, completely or not at all."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

import tensorflow as tf
import tensorflow_datasets as tfds
from absl import logging

from suite.core.errors import DatasetError
from suite.machine.cache import data_folder


def prepare(builder: tfds.core.DatasetBuilder) -> None:
    """Prepare one of our own builders. tensorflow-datasets writes elsewhere, then renames: nobody sees half a set.

    Raises DatasetError if the data folder cannot be written.
    """
    try:
        with quiet(), _silent():
            builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
    except (OSError, tf.errors.OpError) as error:
        if builder.data_path.exists():  # another process was faster
            return
        raise unwritable(error) from error


def unwritable(error: Exception) -> DatasetError:
    """Return the error for a data folder in which nothing can be prepared."""
    reason = (getattr(error, "strerror", None) or str(error)).splitlines()[0]
    return DatasetError(
        f"{data_folder()}: the dataset cannot be prepared there ({reason}): "
        "set TFDS_DATA_DIR to a folder that can be written and has room"
    )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence tensorflow-datasets' warnings about its own insides."""
    level = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(level)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep tensorflow-datasets from printing and drawing bars for work of a moment."""
    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        tfds.enable_progress_bar()
