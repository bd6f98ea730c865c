"""Layers that Keras lacks. Importing this package registers them, so that saved networks can be read."""

from suite.architectures.layers.activation import gelu_tanh
from suite.architectures.layers.attention import DotProductAttention
from suite.architectures.layers.auxiliary import AuxiliaryHeads, deployed
from suite.architectures.layers.convolution import GroupedConv2D, StridedConv2D
from suite.architectures.layers.normalization import LocalResponseNormalization
from suite.architectures.layers.regularization import StochasticDepth
from suite.architectures.layers.relative import RelativePositions
from suite.architectures.layers.scaling import LearnedScale
from suite.architectures.layers.standardized import StandardizedConv2D
from suite.architectures.layers.text import CaptionLoss, ContrastiveLoss, WordMask, caption_loss, contrastive_loss
from suite.architectures.layers.tokens import LearnedPositions, LearnedTokens
from suite.architectures.layers.windows import FromWindows, Windows

__all__ = [
    "AuxiliaryHeads",
    "CaptionLoss",
    "ContrastiveLoss",
    "DotProductAttention",
    "FromWindows",
    "GroupedConv2D",
    "LearnedPositions",
    "LearnedScale",
    "LearnedTokens",
    "LocalResponseNormalization",
    "RelativePositions",
    "StandardizedConv2D",
    "StochasticDepth",
    "StridedConv2D",
    "Windows",
    "WordMask",
    "caption_loss",
    "contrastive_loss",
    "deployed",
    "gelu_tanh",
]
