"""Programs for the card of an export: how each of its formats is asked by its own library, without this package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from suite.export.formats import FORMATS

_BEGINNING = """\
from pathlib import Path

import numpy as np
from PIL import Image

classes = Path("assets.extra/labels.txt").read_text(encoding="utf-8").splitlines()
files = sorted(Path("assets.extra/examples").iterdir())


def pixels(file):
    picture = Image.open(file).convert("{mode}")
{crop}    picture = picture.resize(({width}, {height}), Image.Resampling.{interpolation})
    return np.asarray(picture, np.float32).reshape(1, {height}, {width}, {channels})


def say(file, probabilities):
    first = int(np.argmax(probabilities))
    print(file.name, classes[first], float(probabilities[first]))
"""
_SQUARE = """\
    wide, high = min(wide, high * {width} / {height}), min(high, wide * {height} / {width})
"""
_CROP = """\
    wide, high = picture.size
{square}    wide, high = max(1, round({crop} * wide)), max(1, round({crop} * high))
    left, top = (picture.width - wide) // 2, (picture.height - high) // 2
    picture = picture.crop((left, top, left + wide, top + high))
"""
_SAVED_MODEL = """\
import tensorflow as tf

loaded = tf.saved_model.load(".")  # keep it: it holds the weights
for file in files:
    answer = loaded.signatures["encoded"](encoded=tf.constant([file.read_bytes()]))
    say(file, answer["probabilities"].numpy()[0])
"""
_LITERT = """\
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter("{file}")
interpreter.allocate_tensors()
(takes,), (gives,) = interpreter.get_input_details(), interpreter.get_output_details()
for file in files:
    interpreter.set_tensor(takes["index"], pixels(file))
    interpreter.invoke()
    say(file, interpreter.get_tensor(gives["index"])[0])
"""
_ONNX = """\
import onnxruntime

session = onnxruntime.InferenceSession("{file}", providers=["CPUExecutionProvider"])
for file in files:
    say(file, session.run(None, {{"pixels": pixels(file)}})[0][0])
"""
_OPENVINO = """\
import openvino

exact = {{"INFERENCE_PRECISION_HINT": "f32"}}  # else it computes in 16 bits where the processor can
model = openvino.compile_model("{file}/network.xml", "CPU", exact)
for file in files:
    say(file, model(pixels(file))[0][0])
"""
_KERAS = """\
import keras
{needs}
model = keras.saving.load_model("{file}", compile=False)
for file in files:
    say(file, model.predict(pixels(file), verbose=0)[0])
"""
_ASKING = {
    "saved_model": _SAVED_MODEL, "litert": _LITERT, "litert-int8": _LITERT, "onnx": _ONNX, "openvino": _OPENVINO,
    "keras": _KERAS,
}  # fmt: skip


def beginning(card: Mapping[str, Any]) -> str:
    """Return how each program begins: the classes, the example pictures, and a picture as the network sees it."""
    seen, (height, width, channels) = card["preprocessing"], card["image"]
    known = {"height": height, "width": width}
    square = _SQUARE.format(**known) if seen["square"] else ""
    is_whole = seen["crop"] == 1 and not seen["square"]
    crop = "" if is_whole else _CROP.format(crop=f"{seen['crop']:g}", square=square)
    return _BEGINNING.format(
        mode="L" if channels == 1 else "RGB", crop=crop, interpolation=seen["interpolation"].upper(), channels=channels,
        **known,
    )  # fmt: skip


def asking(card: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield each format of an export, what pip installs for it, and the rest of its program."""
    for one in card["formats"]:
        modules = one["needs"].split(", ") if one["needs"] else []
        needs = "".join(f"import {module}  # its layers\n" for module in modules)
        ours = ["keras-comparison-suite"] * any(module.startswith("suite.") for module in modules)
        packages = " ".join([*FORMATS[one["format"]].packages, *ours])
        yield one["format"], packages, _ASKING[one["format"]].format(file=one["file"], needs=needs)
