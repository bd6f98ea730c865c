"""Weights that others trained: where they are, how their files are read, and how our networks take them."""

from suite.architectures.weights.loading import Pretrained, Weights, fetch, find, pretrained

__all__ = ["Pretrained", "Weights", "fetch", "find", "pretrained"]
