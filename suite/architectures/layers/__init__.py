"""Layers that Keras lacks. To import this package is to register them, so that saved networks can be read."""

from suite.architectures.layers.auxiliary import AuxiliaryHeads, deployed
from suite.architectures.layers.convolution import GroupedConv2D
from suite.architectures.layers.normalization import LocalResponseNormalization
from suite.architectures.layers.regularization import StochasticDepth
from suite.architectures.layers.scaling import LearnedScale
from suite.architectures.layers.standardized import StandardizedConv2D
from suite.architectures.layers.tokens import LearntPositions, LearntTokens

__all__ = [
    "AuxiliaryHeads",
    "GroupedConv2D",
    "LearnedScale",
    "LearntPositions",
    "LearntTokens",
    "LocalResponseNormalization",
    "StandardizedConv2D",
    "StochasticDepth",
    "deployed",
]
