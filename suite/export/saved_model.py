"""A trained network with its preprocessing, as it is served: pictures in, probabilities out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from suite.core.preprocessing import PLAIN, Preprocessing
from suite.pictures.graph import BACKGROUND, decoded, prepared, scaled

Signature = tuple[Callable[..., dict[str, Any]], Sequence[tf.TensorSpec]]


def signatures(
    model: keras.Model,
    classes: Sequence[str],
    background: tuple[int, int, int] = BACKGROUND,
    preprocessing: Preprocessing = PLAIN,
) -> dict[str, Signature]:
    """Return the three ways to ask `model` (logits out, [B, K]), each a function and the tensors that it takes.

    `images`: uint8 [B, h, w, C], pictures of any one size; `encoded`: string [B], JPEG, PNG, GIF or BMP files;
    `pixels`: float32 [B, H, W, C], values 0 to 255, cropped and resized already. All answer `probabilities`, float32
    [B, K]; the first two also `label`, string [B], the most probable class. `pixels` has numbers only, as XLA,
    LiteRT and ONNX need it. The transparency of an encoded file is laid on `background`.
    """
    image = tuple(model.input_shape[1:])
    names = tf.constant(list(classes))

    def labelled(seen: tf.Tensor) -> dict[str, tf.Tensor]:
        probabilities = answered(seen)
        return {"probabilities": probabilities, "label": tf.gather(names, tf.argmax(probabilities, axis=-1))}

    def answered(seen: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(tf.cast(model(seen, training=False), tf.float32))

    def images(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return labelled(prepared(images, image, background, preprocessing))

    def encoded(encoded: tf.Tensor) -> dict[str, tf.Tensor]:
        return labelled(tf.map_fn(file, encoded, fn_output_signature=tf.TensorSpec(image, tf.float32)))

    def file(data: tf.Tensor) -> tf.Tensor:
        return prepared(decoded(data), image, background, preprocessing)

    def pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": answered(scaled(pixels, preprocessing))}

    return {
        "images": (images, [tf.TensorSpec((None, None, None, image[-1]), tf.uint8, "images")]),
        "encoded": (encoded, [tf.TensorSpec((None,), tf.string, "encoded")]),
        "pixels": (pixels, [tf.TensorSpec((None, *image), tf.float32, "pixels")]),
    }


def whole(model: keras.Model, preprocessing: Preprocessing = PLAIN) -> keras.Model:
    """Return `model` with what the signature `pixels` does around it: pixels (0 to 255) in, probabilities out."""
    image = tuple(model.input_shape[1:])
    pixels = keras.Input(image, name="pixels")
    colours = slice(0, image[-1])
    squares = [deviation**2 for deviation in preprocessing.deviation]
    seen = keras.layers.Normalization(mean=preprocessing.mean[colours], variance=squares[colours])(pixels)
    (logits,) = keras.tree.flatten(model(keras.ops.flip(seen, axis=-1) if preprocessing.reverse else seen))
    return keras.Model(pixels, keras.layers.Softmax(dtype="float32", name="probabilities")(logits))


def described(model: keras.Model, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Return what each signature takes and answers, in words, for the card."""
    answers = {"probabilities": ("float32", f"[B, {len(classes)}]"), "label": ("string", "[B]")}
    return [
        {
            "name": name,
            "argument": spec.name,
            "dtype": spec.dtype.name,
            "shape": f"[{', '.join(map(str, _named(spec.shape)))}]",
            "answers": {key: answers[key] for key in ("probabilities", "label")[: 1 if name == "pixels" else 2]},
        }
        for name, (_, (spec,)) in signatures(model, classes).items()
    ]


def _named(shape: tf.TensorShape) -> list[int | str]:
    letters = iter("Bhw")
    return [next(letters) if size is None else size for size in shape]


def inference(model: keras.Model, classes: Sequence[str]) -> Callable[[], None]:
    """Return a function that runs the exported inference function on one image, to measure its latency.

    The function is the signature `pixels`, traced as the export traces it: the same graph, without the detour over the
    disk. It returns when the answer has reached the processor.
    """
    function, takes = signatures(model, classes)["pixels"]
    traced = tf.function(function, input_signature=takes, autograph=False).get_concrete_function()
    image = tf.constant(128.0, shape=(1, *takes[0].shape[1:]))
    return lambda: traced(image)["probabilities"].numpy()


def write(
    model: keras.Model,
    classes: Sequence[str],
    folder: str,
    only: Collection[str] = ("images", "encoded", "pixels"),
    background: tuple[int, int, int] = BACKGROUND,
    preprocessing: Preprocessing = PLAIN,
    saver: bool = True,
) -> None:
    """Write `model` as a SavedModel with the three signatures, or `only` some of them; the first is the default one."""
    known = signatures(model, classes, background, preprocessing)
    save(model, {name: known[name] for name in only}, folder, saver)


def save(model: keras.Model, asked: Mapping[str, Signature], folder: str, saver: bool = True) -> None:
    """Write a SavedModel whose signatures ask `model`; the first of them is the default one, too.

    Without a `saver`, of which only TensorFlow 1 makes use, it is written in half the time, and is smaller.
    """
    module = tf.Module()
    # Not Keras' ExportArchive: it writes every weight twice.
    module.weights = [weight.value for weight in model.variables]
    module.tables = [layer.lookup_table for layer in model._flatten_layers() if hasattr(layer, "lookup_table")]
    functions = {
        name: tf.function(function, input_signature=takes, autograph=False) for name, (function, takes) in asked.items()
    }
    default = next(iter(functions.values()))
    options = tf.saved_model.SaveOptions(experimental_skip_saver=not saver)
    tf.saved_model.save(module, folder, signatures={"serving_default": default, **functions}, options=options)
