"""An exported model as a server sees it: TensorFlow alone, no Keras, none of our architectures.

A helper: with the arguments EXPORT and FILE.npz it runs every signature on the pictures in FILE.npz, and writes the
probabilities beside that file. This is how an export is checked.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from suite.core.errors import ExportError
from suite.pictures.viewing import WHITE, PictureError, views


def latest(export: Path) -> Path:
    """Return the folder of the SavedModel in `export`: itself, or its highest version (`resnet-7/2`)."""
    versions = [folder for folder in export.iterdir() if folder.name.isdigit()] if export.is_dir() else []
    for folder in (export, *sorted(versions, key=lambda folder: -int(folder.name))):
        if (folder / "saved_model.pb").is_file():
            return folder
    raise ExportError(f"{export}: no exported model here. `suite export RUN TRIAL DIR` makes one.")


def card(export: Path) -> dict[str, Any]:
    """Return what was written beside the exported model: classes, measures, study, dataset, agreement."""
    return json.loads((latest(export) / "assets.extra" / "card.json").read_text())


def predict(export: Path, files: Sequence[Path]) -> list[list[tuple[str, float]]]:
    """Return for each picture file its classes with their probabilities, the likeliest first.

    The model is shown what a viewer shows, as in training. Raises ExportError, which names every file that has no
    picture.
    """
    told = card(export)
    seen = [
        view if isinstance(view, PictureError) else view.png for view in views(files, told.get("background", WHITE))
    ]
    if bad := [f"{file}: {view}" for file, view in zip(files, seen, strict=True) if isinstance(view, PictureError)]:
        raise ExportError("\n".join(bad))
    answer = tf.saved_model.load(str(latest(export))).signatures["encoded"]
    answers = [answer(encoded=tf.constant([png]))["probabilities"].numpy()[0] for png in seen]
    return [_ranked(told["classes"], probabilities) for probabilities in answers]


def _ranked(classes: Sequence[str], probabilities: np.ndarray) -> list[tuple[str, float]]:
    return [(classes[index], float(probabilities[index])) for index in np.argsort(-probabilities, kind="stable")]


def answers(export: Path, pictures: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the probabilities, [N, K], that each signature gives for N pictures, asked one by one.

    `pictures` holds each as uint8 [h, w, C] under its number; `encoded` gets PNG files of them.
    """
    served = tf.saved_model.load(str(latest(export))).signatures
    given = [pictures[str(number)] for number in range(len(pictures))]
    image = served["pixels"].structured_input_signature[1]["pixels"].shape[1:]
    asked = {
        "images": [{"images": tf.constant(p[None])} for p in given if p.shape[-1] == image[-1]],
        "encoded": [{"encoded": tf.io.encode_png(p)[None]} for p in given],
        "pixels": [{"pixels": tf.constant(p[None], tf.float32)} for p in given if p.shape == image],
    }
    return {
        name: np.concatenate([served[name](**question)["probabilities"].numpy() for question in questions])
        for name, questions in asked.items()
        if len(questions) == len(given)  # a signature that cannot take every picture is left out
    }


def main() -> None:
    """Answer for the pictures of a file, as the command line of this helper asks."""
    sys.modules["keras"] = None  # type: ignore[assignment]  # to prove that it is not needed
    asked_with = Path(sys.argv[2])
    given = answers(Path(sys.argv[1]), dict(np.load(asked_with)))
    np.savez(asked_with.with_suffix(".answers.npz"), **given)  # type: ignore[arg-type]
