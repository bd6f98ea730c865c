"""An exported model as a server sees it: TensorFlow alone, no Keras, none of our architectures.

A helper: with the arguments EXPORT and FILE.npz it runs every signature on the pictures in FILE.npz, and writes the
probabilities beside that file. This is how an export is checked.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from suite.core.errors import ExportError, first_line
from suite.export.folder import AGAIN, latest

BATCH = 32  # pictures in a call, where they have one size


def predict(export: Path, classes: Sequence[str], encoded: Sequence[bytes]) -> list[list[tuple[str, float]]]:
    """Return for each picture, a PNG file, the `classes` with their probabilities, the likeliest first.

    Raises ExportError when the model cannot be loaded, or knows other classes.
    """
    folder = latest(export)
    try:
        answer = tf.saved_model.load(str(folder)).signatures["encoded"]
        answers = [answer(encoded=tf.constant([png]))["probabilities"].numpy()[0] for png in encoded]
    except Exception as error:  # TensorFlow raises what it likes for damaged files
        raise ExportError(
            f"{folder}: the exported model is damaged ({first_line(error) or type(error).__name__}). {AGAIN}"
        ) from error
    if any(len(probabilities) != len(classes) for probabilities in answers):
        raise ExportError(
            f"{folder}: the card names {len(classes)} classes, but the model knows {len(answers[0])}. {AGAIN}"
        )
    return [_ranked(classes, probabilities) for probabilities in answers]


def _ranked(classes: Sequence[str], probabilities: np.ndarray) -> list[tuple[str, float]]:
    return [(classes[index], float(probabilities[index])) for index in np.argsort(-probabilities, kind="stable")]


def answers(export: Path, pictures: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the probabilities, [N, K], that each signature gives for N pictures; files are asked one by one.

    `pictures` holds each as uint8 [h, w, c] under its number; `encoded` gets PNG files of them. Under `pixels` it holds
    those, and more, as uint8 [n, H, W, C]: the signature of that name gets them as float32, several at once.
    """
    served = tf.saved_model.load(str(latest(export))).signatures
    given = [pictures[str(number)] for number in range(len(pictures) - 1)]
    image = served["pixels"].structured_input_signature[1]["pixels"].shape[1:]
    asked = {
        "images": [{"images": tf.constant(p[None])} for p in given if p.shape[-1] == image[-1]],
        "encoded": [{"encoded": tf.io.encode_png(p)[None]} for p in given],
        "pixels": [{"pixels": tf.constant(some, tf.float32)} for some in _batches(pictures["pixels"])],
    }
    return {
        name: np.concatenate([served[name](**question)["probabilities"].numpy() for question in questions])
        for name, questions in asked.items()
        if len(questions) == len(given) or name == "pixels"  # one that cannot take every picture is left out
    }


def _batches(pixels: np.ndarray) -> list[np.ndarray]:
    return [pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH)]


def main() -> None:
    """Answer for the pictures of a file, as the command line of this helper asks."""
    sys.modules["keras"] = None  # type: ignore[assignment]  # to prove that it is not needed
    asked_with = Path(sys.argv[2])
    given = answers(Path(sys.argv[1]), dict(np.load(asked_with)))
    np.savez(asked_with.with_suffix(".answers.npz"), **given)  # type: ignore[arg-type]
