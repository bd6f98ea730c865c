"""Requests with which TensorFlow Serving warms an export up before it answers anybody: assets.extra/NAME of the file.

A record each: PredictionLog(predict_log=PredictLog(request=PredictRequest(model_spec, inputs))), of
tensorflow_serving/apis/{prediction_log,predict,model}.proto. They are written by their numbers of fields: the package
that has the classes would fix TensorFlow's version for everybody who exports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

FILE = "tf_serving_warmup_requests"
PREDICT_LOG, REQUEST, MODEL_SPEC, INPUTS = 6, 1, 1, 2  # numbers of fields
NAME, SIGNATURE, KEY, VALUE = 1, 3, 1, 2


def write(extra: Path, name: str, pictures: Sequence[np.ndarray], image: tuple[int, int, int]) -> None:
    """Write requests for each signature of the model `name`: some pictures, uint8 [h, w, c], and one in its size."""
    asked = [("pixels", np.full((1, *image), 128, np.float32))]
    for picture in pictures:
        asked.append(("encoded", np.array([tf.io.encode_png(picture).numpy()], object)))
        if picture.shape[-1] == image[-1]:
            asked += [(signature, picture[None]) for signature in ("images", "serving_default")]
    with tf.io.TFRecordWriter(str(extra / FILE)) as file:
        for signature, array in asked:
            argument = "images" if signature == "serving_default" else signature
            file.write(request(name, signature, {argument: array}))


def request(name: str, signature: str, arguments: Mapping[str, np.ndarray]) -> bytes:
    """Return one record: a request for a signature of the model `name`."""
    spec = _field(NAME, name.encode()) + _field(SIGNATURE, signature.encode())
    inputs = [
        _field(KEY, key.encode()) + _field(VALUE, tf.make_tensor_proto(array).SerializeToString())
        for key, array in arguments.items()
    ]
    predict = _field(MODEL_SPEC, spec) + b"".join(_field(INPUTS, one) for one in inputs)
    return _field(PREDICT_LOG, _field(REQUEST, predict))


def _field(number: int, content: bytes) -> bytes:
    """Return a field of bytes as Protocol Buffers write it: number and kind, length, content."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
