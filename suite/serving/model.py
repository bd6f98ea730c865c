"""An export that answers questions: loaded once, asked by as many threads as there are processors."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from suite.core.errors import ExportError, first_line
from suite.export.folder import AGAIN, card, latest
from suite.pictures import viewing
from suite.serving.asked import Question, RequestError

FORMATS = ("JPEG", "MPO", "PNG", "GIF", "BMP")  # as Pillow calls what the signature `encoded` opens
# What the page opens: no EPS, for which Pillow starts another program, and no format of old plugins.
VIEWED = (*FORMATS, "WEBP", "AVIF", "HEIF", "TIFF", "JPEG2000", "PPM", "ICO", "DIB")
LARGEST = 2**25  # pixels of the pictures of one request: those of a large scan
CALLS = 30  # of the bare signature, by which its latency is told


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Probabilities, and the labels where the signature tells them."""

    outputs: dict[str, list[Any]]
    seconds: float  # that the signature took


class Model:
    """An export, by its signatures. Raises ExportError when it cannot be loaded."""

    def __init__(self, export: Path) -> None:
        """Load the latest version in the folder `export`."""
        folder = latest(export).resolve()
        self.card = card(folder)
        self.version, self.name = (folder.name, folder.parent.name) if folder.name.isdecimal() else ("1", folder.name)
        try:
            self._loaded = tf.saved_model.load(str(folder))
            self._signatures = {name: self._loaded.signatures[name] for name in ("images", "encoded", "pixels")}
            spec = self._signatures["pixels"].structured_input_signature[1]["pixels"]
        except Exception as error:  # TensorFlow raises what it likes for damaged files
            raise ExportError(
                f"{folder}: the exported model is damaged ({first_line(error) or type(error).__name__}). {AGAIN}"
            ) from error
        self.image: tuple[int, int, int] = tuple(spec.shape[1:])

    @property
    def classes(self) -> list[str]:
        """The names of its classes."""
        names: list[str] = self.card["classes"]
        return names

    def latency(self) -> float:
        """Return the milliseconds of its bare signature `pixels` on one picture, the median of some calls.

        Each signature is asked once before: the first call takes seconds.
        """
        grey = Image.new("L" if self.image[-1] == 1 else "RGB", self.image[1::-1], 128)
        array = np.asarray(grey).reshape(1, *self.image)
        for question in (
            Question(signature="encoded", pictures=[viewing.View(image=grey, form="PNG").png]),
            Question(signature="images", pictures=array),
        ):
            self.answer(question)
        picture = tf.constant(128.0, shape=(1, *self.image))
        return 1e3 * statistics.median(self._asked("pixels", picture)[1] for _ in range(CALLS))

    def answer(self, question: Question) -> Answer:
        """Return the answers to a question. Raises RequestError when its pictures do not go in."""
        outputs, seconds = self._asked(question.signature, self._tensor(question))
        probabilities = outputs["probabilities"].numpy()
        if not np.isfinite(probabilities).all():  # which JSON cannot hold
            raise RequestError(f"{question.signature}: the network has no answer to such numbers: are they 0 to 255?")
        told = {"probabilities": probabilities.tolist()}
        if "label" in outputs:
            told["label"] = [label.decode("utf-8", "replace") for label in outputs["label"].numpy()]
        return Answer(outputs=told, seconds=seconds)

    def view(self, file: bytes) -> Answer:
        """Return the answer for a file of any kind, opened as a viewer shows it. Raises RequestError."""
        _check_size([file], VIEWED)
        try:
            shown = viewing.view(file, self.card.get("background", "white"))
        except viewing.PictureError as error:
            raise RequestError(str(error)) from error
        return self.answer(Question(signature="encoded", pictures=[shown.png]))

    def _tensor(self, question: Question) -> tf.Tensor:
        pictures = question.pictures
        if question.signature == "encoded":
            files = [bytes(file) for file in pictures]
            _check_size(files, FORMATS)
            return tf.constant(files)
        assert isinstance(pictures, np.ndarray)
        own = self.image if question.signature == "pixels" else (*pictures.shape[1:3], self.image[-1])
        if pictures.shape[1:] != own:
            raise RequestError(f"{question.signature}: a picture has the shape {[*pictures.shape[1:]]}, not {[*own]}")
        return tf.constant(pictures)

    def _asked(self, signature: str, given: tf.Tensor) -> tuple[dict[str, tf.Tensor], float]:
        began = time.perf_counter()
        try:
            outputs = self._signatures[signature](**{signature: given})
        except tf.errors.InvalidArgumentError as error:
            raise RequestError(f"{signature}: a picture cannot be opened") from error
        except tf.errors.ResourceExhaustedError as error:
            raise RequestError("there is not enough memory for these pictures", 413) from error
        return outputs, time.perf_counter() - began


def _check_size(files: Sequence[bytes], formats: tuple[str, ...]) -> None:
    """Raise RequestError for what is no picture of `formats`, or for too many pixels; decode nothing."""
    pixels = 0
    for file in files:
        try:
            with Image.open(io.BytesIO(file)) as image:
                kind, size = image.format, image.width * image.height
        except Exception as error:  # Pillow's readers raise what they like
            raise RequestError(f"no picture inside: {', '.join(formats)} are opened") from error
        if kind not in formats:
            raise RequestError(f"{kind} is not opened here, but {', '.join(formats)}")
        pixels += size
    if pixels > LARGEST:
        raise RequestError(f"{pixels:,} pixels: up to {LARGEST:,} in a request are answered", 413)
