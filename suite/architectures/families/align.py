"""ALIGN: an EfficientNet-L2 that learned from texts.

Jia, Yang, Xia, Chen, Parekh, Pham, Le, Sung, Li and Duerig, Scaling Up Visual and Vision-Language Representation
Learning With Noisy Text Supervision, ICML 2021, Figure 1 and section 4.1. https://arxiv.org/abs/2102.05918
The text side is BERT-Large: Devlin, Chang, Lee and Toutanova, NAACL 2019. https://arxiv.org/abs/1810.04805

`build` returns the picture side with a classifier, as in its ImageNet results. `pretraining` returns the whole network,
from pictures and texts to unit vectors; `trained` adds the loss.

Differs from the paper: it pools the pictures' features "without training the 1x1 conv layer in the classification
head", and does not say whether that convolution returns when ImageNet is classified. The usual count, 480M, says
that it does: "l2" has it (480,309,308 trainable weights); `head = false` is the other reading (468,596,796).
`pretraining` never has it. The temperature is learned as its logarithm. The small stem is ours: its convolution has
stride 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from suite.architectures.families import efficientnet
from suite.architectures.families._blocks import picture, resized
from suite.architectures.families._checks import require, require_positive, require_share, require_size, require_types
from suite.architectures.families._mobile import classified
from suite.architectures.families._text import embedding, normal, placed, text, unit, with_losses
from suite.architectures.families._transformer import attention, mlp, norm, one
from suite.architectures.layers import LearnedTokens, WordMask
from suite.core.recipe import Recipe
from suite.core.task import Task

BERT_EPSILON = 1e-12  # of its normalisations

RECIPE = Recipe(learning_rate=5e-3)  # for few pictures


@dataclass(frozen=True, kw_only=True)
class Config:
    """The picture side of one ALIGN: an EfficientNet. Every field may be searched over."""

    width: float = 4.3  # multiplies every number of channels of EfficientNet-B0; above 0
    depth: float = 5.3  # multiplies the blocks of each of its stages, rounded up; above 0
    head: bool = True  # a 1x1 convolution to 1280 * width channels before the pooling
    dropout: float = 0.5  # share of the pooled features, 0 to 1
    stochastic_depth: float = 0.2  # rate at which the last blocks are dropped, rising by block from 0; 0 to 1
    stem: Literal["imagenet", "small"] = "imagenet"  # first convolution with stride 2, or 1
    resize: int | None = None  # pictures are resized to this side inside the network, pixels; None: they are not
    resolution: int = 600  # side of the pictures in its paper's results, pixels; no layer depends on it

    @property
    def picture_side(self) -> efficientnet.Config:
        """The same network as an EfficientNet."""
        return efficientnet.Config(
            width=self.width, depth=self.depth, dropout=self.dropout, stochastic_depth=self.stochastic_depth,
            stem=self.stem, resize=self.resize, resolution=self.resolution,
        )  # fmt: skip

    def __post_init__(self) -> None:
        require_types(self)
        _ = self.picture_side  # refuses what cannot be built


@dataclass(frozen=True, kw_only=True)
class Text:
    """The text side of one ALIGN: a BERT."""

    vocabulary: int = 100_000  # word pieces; 0 is padding
    length: int = 64  # word pieces of a text; the first is [CLS], whose vector stands for the text
    places: int = 512  # positions that have a vector
    width: int = 1024
    depth: int = 24  # layers
    heads: int = 16  # of attention; they divide the width
    hidden: int = 4096  # units between the two dense layers of a layer
    dropout: float = 0.1  # of word vectors, attention weights and the outputs of each branch; 0 to 1

    def __post_init__(self) -> None:
        require_types(self)
        require_positive(
            vocabulary=self.vocabulary, length=self.length, width=self.width, depth=self.depth,
            heads=self.heads, hidden=self.hidden,
        )  # fmt: skip
        require(self.places >= self.length, f"{self.places} places for {self.length} words: give one for each word")
        require(self.width % self.heads == 0, f"width = {self.width}: give a multiple of heads = {self.heads}")
        require_share(dropout=self.dropout)


VARIANTS = {
    "l2": Config(width=4.3, depth=5.3, dropout=0.5, resolution=600),
    "tiny": Config(  # for tests and smoke runs; no paper
        width=0.25, depth=0.3, dropout=0.2, stem="small", resolution=32
    ),
}

PRETRAINED = 289  # side of the pictures when it learns from texts, pixels

TEXTS = {  # the text side of each variant, and others by name
    "l2": Text(),
    "bert-large-30522": Text(vocabulary=30_522),  # BERT's own vocabulary
    "tiny": Text(vocabulary=50, length=8, places=12, width=16, depth=2, heads=2, hidden=32),
}


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    image = picture(task)
    x = _features(image, config, task)
    x = efficientnet.head(x, config.picture_side) if config.head else x
    return keras.Model(image, classified(x, task, config.dropout), name="align")


def pretraining(config: Config, words: Text, task: Task) -> keras.Model:
    """Return the whole network: "image" (B, H, W, C) and "text" (B, T) to "image" and "text", unit vectors (B, D).

    D is the number of channels of the last stage; a dense layer brings the vector of the text to it.
    Raises ArchitectureError for pictures too small.
    """
    image, tokens = picture(task), text(words.length)
    x = layers.GlobalAveragePooling2D(name="pool")(_features(image, config, task))
    y = one(bert(tokens, words), 0, name="text_cls")
    y = layers.Dense(x.shape[-1], kernel_initializer=normal(), name="text_project")(y)
    outputs = {"image": unit(x, name="image_unit"), "text": unit(y, name="text_unit")}
    return keras.Model({"image": image, "text": tokens}, outputs, name="align")


def trained(network: keras.Model, temperature: float = 1.0) -> keras.Model:
    """Return a network of `pretraining` with its loss, and the temperature at its beginning: section 5.1."""
    return with_losses(network, temperature=temperature, smoothing=0.1)


def _features(image: keras.KerasTensor, config: Config, task: Task) -> keras.KerasTensor:
    side = config.picture_side
    require_size("align", task, side.stride, resize=config.resize)
    return efficientnet.features(resized(image, config.resize), side)


def bert(tokens: keras.KerasTensor, words: Text) -> keras.KerasTensor:
    """Return a vector for each word piece, (B, T) to (B, T, D). Devlin et al., section 3 and Figure 2."""
    mask = WordMask(name="text_mask")(tokens)
    x = embedding(words.vocabulary, words.width, name="text_embedding")(tokens)
    x = layers.Add(name="text_segmented")([x, _segment(x)])
    x = placed(x, words.places, name="text_positions")
    x = norm(x, epsilon=BERT_EPSILON, name="text_norm")
    x = layers.Dropout(words.dropout, name="text_dropout")(x)
    for number in range(1, words.depth + 1):
        x = _bert_layer(x, mask, words, name=f"text_block{number}")
    return x


def _segment(x: keras.KerasTensor) -> keras.KerasTensor:
    """Return the vector (B, 1, D) of the first of BERT's two segments: a text of ALIGN has no second."""
    segments = LearnedTokens(2, initializer=normal(), name="text_segments")(x)
    return layers.Cropping1D((0, 1), name="text_segment")(segments)


def _bert_layer(x: keras.KerasTensor, mask: keras.KerasTensor, words: Text, *, name: str) -> keras.KerasTensor:
    """Attention and an MLP, each residual and then normalised ("post-LN")."""
    y = attention(x, x, words.heads, mask=mask, dropout=words.dropout, initializer=normal(), name=f"{name}_attention")
    x = _joined(x, y, words, name=f"{name}_attention")
    y = mlp(x, words.hidden, initializer=normal(), name=f"{name}_mlp")
    return _joined(x, y, words, name=f"{name}_mlp")


def _joined(x: keras.KerasTensor, y: keras.KerasTensor, words: Text, *, name: str) -> keras.KerasTensor:
    y = layers.Dropout(words.dropout, name=f"{name}_dropout")(y)
    return norm(layers.Add(name=f"{name}_add")([x, y]), epsilon=BERT_EPSILON, name=f"{name}_norm")
