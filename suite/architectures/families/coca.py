"""CoCa: Contrastive Captioners.

Yu, Wang, Vasudevan, Yeung, Seyedhosseini and Wu, CoCa: Contrastive Captioners are Image-Text Foundation Models, TMLR
2022, Figure 2, Table 1 and sections 3.2 and 4.1. https://arxiv.org/abs/2205.01917
The picture side is a Vision Transformer without class token: https://arxiv.org/abs/2010.11929

`build` returns the picture side with an attentional pooler of one query and a classifier, as in its ImageNet results.
`pretraining` returns the whole network; `trained` adds the losses.

Differs from the paper: it leaves open whether the softmax over words shares the word vectors. The sizes in its Table 1
say that it does in CoCa (2,118,149,504 trainable weights; 2,208,261,504 otherwise), and does not in Base (387,751,680)
and Large (796,083,200). They leave no room for normalisations after the text layers and in the poolers, nor for
projections of the two vectors that are compared. [CLS] is always last; it has its own vector and no position. The
temperature is learned as its logarithm, and is a weight of the loss. The caption loss is a mean over words.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import initializers, layers

from suite.architectures.families import vit
from suite.architectures.families._blocks import logits, picture
from suite.architectures.families._checks import require, require_positive, require_types
from suite.architectures.families._text import embedding, normal, placed, text, unit, with_losses
from suite.architectures.families._transformer import attention, encoder_block, one
from suite.architectures.layers import LearnedTokens, WordMask
from suite.core.recipe import Recipe
from suite.core.task import Task

RECIPE = Recipe(learning_rate=5e-3, weight_decay=0.05, batch_size=32, shift=0.05)  # for few pictures


@dataclass(frozen=True, kw_only=True)
class Config:
    """The picture side of one CoCa: a Vision Transformer. Every field may be searched over."""

    patch: int = 18  # side of the square that becomes one token, pixels
    depth: int  # layers
    width: int  # numbers in a token, of pictures and of texts
    hidden: int  # units between the two dense layers of each layer
    heads: int  # of attention; they divide the width
    dropout: float = 0.0  # share of the output of each dense layer and of the embedded patches, 0 to 1
    stochastic_depth: float = 0.0  # probability that the last layer's branches are dropped; rises from 0 at the first
    resolution: int = 288  # side of the pictures in its paper's results, pixels; no layer depends on it

    @property
    def picture_side(self) -> vit.Config:
        """The same network as a Vision Transformer."""
        return vit.Config(
            patch=self.patch, depth=self.depth, width=self.width, hidden=self.hidden, heads=self.heads,
            class_token=False, dropout=self.dropout, stochastic_depth=self.stochastic_depth,
            resolution=self.resolution,
        )  # fmt: skip

    def __post_init__(self) -> None:
        require_types(self)
        _ = self.picture_side  # refuses what cannot be built


@dataclass(frozen=True, kw_only=True)
class Text:
    """The text side of one CoCa, as wide as its picture side and with as many heads."""

    unimodal: int = 12  # layers that see earlier words, but not the picture
    multimodal: int = 12  # layers after them, that see the picture too
    hidden: int = 3072  # units between the two dense layers of each layer
    tied: bool = False  # the softmax over words has the word vectors as weights
    vocabulary: int = 64_000  # word pieces; 0 is padding
    length: int = 64  # word pieces of a text with its start token, not counting [CLS]
    queries: int = 256  # tokens of a picture that the multimodal layers see

    def __post_init__(self) -> None:
        require_types(self)
        require_positive(
            unimodal=self.unimodal, multimodal=self.multimodal, hidden=self.hidden, vocabulary=self.vocabulary,
            queries=self.queries,
        )  # fmt: skip
        require(self.length > 1, f"length = {self.length}: give at least 2, for the start token and a word")


VARIANTS = {
    "base": Config(depth=12, width=768, hidden=3072, heads=12),
    "large": Config(depth=24, width=1024, hidden=4096, heads=16),
    "coca": Config(depth=40, width=1408, hidden=6144, heads=16, resolution=576),  # pretrained at 288
    "tiny": Config(patch=4, depth=3, width=48, hidden=96, heads=4, resolution=32),  # for tests and smoke runs; no paper
}

PRETRAINED = 288  # side of the pictures when it learns from texts, pixels

TEXTS = {  # the text side of each variant
    "base": Text(unimodal=12, multimodal=12, hidden=3072),
    "large": Text(unimodal=12, multimodal=12, hidden=4096),
    "coca": Text(unimodal=18, multimodal=18, hidden=5632, tied=True),
    "tiny": Text(unimodal=1, multimodal=2, hidden=64, vocabulary=50, length=8, queries=5),
}


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    image = picture(task)
    x = vit.encoder(image, config.picture_side)
    x = one(_pooled(x, 1, config, name="pooler"), 0, name="pooled")
    return keras.Model(image, logits(x, task, initializer="glorot_uniform"), name="coca")


def pretraining(config: Config, words: Text, task: Task) -> keras.Model:
    """Return the whole network, from "image" (B, H, W, C) and "text" (B, T), with three outputs.

    "image" and "text" are unit vectors (B, D), "caption" has the logits (B, T, V) of each next word.
    Raises ArchitectureError for pictures too small.
    """
    image, tokens = picture(task), text(words.length)
    seen = _pooled(vit.encoder(image, config.picture_side), words.queries, config, name="caption_pooler")
    summary = one(_pooled(seen, 1, config, name="contrast_pooler"), 0, name="image_pooled")
    vocabulary = embedding(words.vocabulary, config.width, tied=words.tied, name="text_embedding")
    read, cls = _read(vocabulary(tokens), tokens, config, words)
    outputs = {
        "image": unit(summary, name="image_unit"),
        "text": unit(cls, name="text_unit"),
        "caption": vocabulary(_told(read, seen, config, words), reverse=True),
    }
    return keras.Model({"image": image, "text": tokens}, outputs, name="coca")


def trained(network: keras.Model, temperature: float = 0.07) -> keras.Model:
    """Return a network of `pretraining` with its losses, weighted 2 (captions) to 1 (contrast).

    The temperature is learned, from this value on.
    """
    return with_losses(network, temperature=temperature, captions=2.0)


def _pooled(x: keras.KerasTensor, queries: int, config: Config, *, name: str) -> keras.KerasTensor:
    """Return one token for each learned query: what it attends to in (B, T, D).

    Queries begin with deviation 1, as in OpenCLIP: small ones would all attend to everything alike.
    """
    asked = LearnedTokens(queries, initializer=initializers.RandomNormal(stddev=1.0), name=f"{name}_queries")(x)
    return attention(asked, x, config.heads, name=name)


def _read(
    x: keras.KerasTensor, tokens: keras.KerasTensor, config: Config, words: Text
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the words (B, T, D) and [CLS] (B, D) after the unimodal layers; [CLS] sees no padding."""
    x = placed(x, words.length, name="text_positions")
    cls = LearnedTokens(1, initializer=normal(), name="text_cls_token")(x)
    x = layers.Concatenate(axis=1, name="text_with_cls")([x, cls])
    mask = WordMask(more=1, name="text_mask")(tokens)
    for number in range(1, words.unimodal + 1):
        x = encoder_block(
            x, config.heads, words.hidden, causal=True, mask=mask, initializer=normal(), name=f"unimodal{number}"
        )
    return layers.Cropping1D((0, 1), name="text_words")(x), one(x, words.length, name="text_cls")


def _told(x: keras.KerasTensor, seen: keras.KerasTensor, config: Config, words: Text) -> keras.KerasTensor:
    """Return the words (B, T, D) after the multimodal layers, which see the tokens of the picture."""
    for number in range(1, words.multimodal + 1):
        x = encoder_block(
            x, config.heads, words.hidden, causal=True, context=seen, initializer=normal(), name=f"multimodal{number}"
        )
    return x
