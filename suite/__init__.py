"""A Keras AutoML comparison suite: which network, on your images, your device, your budget."""

__version__ = "0.1.0"
