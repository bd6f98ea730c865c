"""The paths from a trained model to its answers: which library runs the network, and how."""

from __future__ import annotations

from pathlib import Path

INT8 = "litert-int8"
PATHS = {
    "saved_model": "signature `pixels` of the SavedModel, by TensorFlow",
    "xla": "the same signature, compiled by XLA",
    "litert": "LiteRT (TensorFlow Lite) with XNNPACK, float32",
    INT8: "LiteRT with XNNPACK, weights and activations in 8 bits",
    "onnx": "ONNX Runtime",
    "openvino": "OpenVINO on the processor, float32",
    "keras": "`model(pictures)` of Keras, for contrast: it times Python",
    "pytorch": "PyTorch, in tables of timm",
}
# A path on the left runs its references on the path on the right: the same library, which starts faster there.
BESIDE = {"xla": "saved_model", "keras": "saved_model", INT8: "litert"}
DEPLOYED = ("saved_model", "xla", "litert", INT8, "onnx", "openvino")  # paths that people serve a model on
OF_TENSORFLOW = ("saved_model", "xla", "keras")
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"  # TensorFlow reads it when it is loaded: 0 means without oneDNN
FOR_TRAINING = "SUITE_ONEDNN_OFF"  # set in the environment where we switched oneDNN off, for trainings alone
READY = {".tflite": "litert", ".onnx": "onnx"}  # files that one path runs as they are, by their ending


def narrowed(path: str, bytes: int) -> int:
    """Return how many bytes weights and activations take on a path, of those that they take in a network of Keras."""
    return bytes // 4 if path == INT8 else bytes


def made_for(model: str) -> str:
    """Return the path that runs a model where nobody names one: that of its file, else TensorFlow's."""
    return READY.get(Path(model).suffix.lower(), "saved_model")
