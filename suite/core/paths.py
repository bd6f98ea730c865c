"""What can run a network: each path from a trained model to its answers, and what it is."""

from __future__ import annotations

PATHS = {
    "saved_model": "signature `pixels` of the SavedModel, by TensorFlow",
    "xla": "the same signature, compiled by XLA",
    "litert": "LiteRT (TensorFlow Lite) with XNNPACK, float32",
    "litert-int8": "LiteRT with XNNPACK, weights and activations in 8 bits",
    "onnx": "ONNX Runtime",
    "keras": "`model(pictures)` of Keras, for contrast: it times Python",
    "pytorch": "PyTorch, in tables of timm",
}
# Of the path on the left, the references run on the one on the right: it starts the same library in less time.
BESIDE = {"xla": "saved_model", "keras": "saved_model", "litert-int8": "litert"}
DEPLOYED = ("saved_model", "xla", "litert", "litert-int8", "onnx")  # what people serve a model on
OF_TENSORFLOW = ("saved_model", "xla", "keras")
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"  # what TensorFlow asks of the environment when it is loaded: 0 is without oneDNN
FOR_TRAINING = "SUITE_ONEDNN_OFF"  # in the environment where that was switched off by us, for trainings alone
