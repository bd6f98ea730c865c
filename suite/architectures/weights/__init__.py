"""Weights that others trained: where they are, how their files are read, and how they are copied into our networks."""

from suite.architectures.weights.loading import Pretrained, pretrained

__all__ = ["Pretrained", "pretrained"]
