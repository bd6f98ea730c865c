"""The formats that an export can have: for which runtime, and what each leaves to whoever asks it."""

from __future__ import annotations

from dataclasses import dataclass

SAVED_MODEL = "saved_model"


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format; its name is a path of core.paths."""

    title: str
    runs: str  # what runs it
    packages: tuple[str, ...]  # what pip installs to run it, the runtime first
    lacks: str = ""  # what it does not do, for the card


_PIXELS = (
    "Takes pictures at the network's own size, `pixels`, 0 to 255. Scaling and softmax are inside. It neither opens "
    "picture files nor resizes: {reason}."
)
_NO_RULE = "{runtime} has no form of the antialiased resizing that training used"

FORMATS = {
    SAVED_MODEL: Format(title="SavedModel", runs="TensorFlow, TensorFlow Serving", packages=("tensorflow",)),
    "litert": Format(
        title="LiteRT",
        runs="LiteRT (TensorFlow Lite)",
        packages=("ai-edge-litert",),
        lacks=_PIXELS.format(reason=_NO_RULE.format(runtime="LiteRT")),
    ),
    "litert-int8": Format(
        title="LiteRT in 8 bits",
        runs="LiteRT (TensorFlow Lite)",
        packages=("ai-edge-litert",),
        lacks=_PIXELS.format(reason=_NO_RULE.format(runtime="LiteRT"))
        + " Weights (a scale for each channel) and activations have 8 bits; what it takes and answers is float32.",
    ),
    "onnx": Format(
        title="ONNX",
        runs="ONNX Runtime, Triton",
        packages=("onnxruntime",),
        lacks=_PIXELS.format(reason=_NO_RULE.format(runtime="the converter to ONNX")),
    ),
    "openvino": Format(
        title="OpenVINO IR",
        runs="OpenVINO, OpenVINO Model Server",
        packages=("openvino",),
        lacks=_PIXELS.format(reason=_NO_RULE.format(runtime="OpenVINO"))
        + " OpenVINO computes in 16 bits where the processor can, and answers a little otherwise: these figures are of "
        "float32 (`INFERENCE_PRECISION_HINT` is `f32`).",
    ),
    "keras": Format(
        title="Keras",
        runs="Keras 3; it can be trained further",
        packages=("tensorflow", "keras"),
        lacks=_PIXELS.format(reason="its file holds layers, and none resizes as training did"),
    ),
}  # fmt: skip
