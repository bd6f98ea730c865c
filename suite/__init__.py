"""A Keras AutoML comparison suite: which network, on your images, your device, your budget."""

import os

__version__ = "0.1.0"

# TensorFlow 2.21's oneDNN kernels corrupt memory in the training of narrow networks (24 channels and fewer, pictures of
# 16 x 16) on some processors: seen on an AMD EPYC with AVX-512, where nearly every one ended by SIGABRT, and none with
# the other kernels. This is read when TensorFlow is loaded; TF_ENABLE_ONEDNN_OPTS=1 brings oneDNN back.
# As it is without us, for what measures and does not train; a process that we start is told what it was at first.
ONEDNN = os.environ.setdefault("SUITE_ONEDNN", os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1"))
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
