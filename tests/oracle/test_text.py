"""Are the networks of pictures and texts those that torch's own Transformer layers and timm's ViT make up?

The outputs, and the gradients of the losses by every weight, on the same random weights.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
import torch
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torch.nn import functional

from suite.architectures.families import align, coca
from suite.core.task import Task
from tests.oracle.transformer import Pairs, blocks, heads, norm, same, text_block, vision_block

WIDTH, HEADS, WORDS, LENGTH = 24, 3, 40, 7
TOLERANCE = 2e-5  # word vectors, unit vectors and losses are in float32 whatever the rest is in


class TheirCoCa(nn.Module):
    """CoCa as its Figure 2 draws it."""

    def __init__(self) -> None:
        super().__init__()
        options: dict[str, Any] = {
            "dropout": 0.0, "activation": "gelu", "layer_norm_eps": 1e-6, "batch_first": True, "norm_first": True
        }  # fmt: skip
        self.vision = VisionTransformer(
            img_size=32, patch_size=8, embed_dim=WIDTH, depth=2, num_heads=HEADS, mlp_ratio=40 / WIDTH,
            class_token=False, global_pool="", num_classes=0,
        )  # fmt: skip
        self.caption_queries, self.contrast_query = (nn.Parameter(torch.randn(n, WIDTH)) for n in (5, 1))
        self.caption_pooler, self.contrast_pooler = (
            nn.MultiheadAttention(WIDTH, HEADS, batch_first=True) for _ in range(2)
        )
        self.words = nn.Parameter(torch.randn(WORDS, WIDTH))
        self.places = nn.Parameter(torch.randn(LENGTH, WIDTH))
        self.cls = nn.Parameter(torch.randn(1, WIDTH))
        self.unimodal = nn.ModuleList(nn.TransformerEncoderLayer(WIDTH, HEADS, 32, **options) for _ in range(2))
        self.multimodal = nn.ModuleList(nn.TransformerDecoderLayer(WIDTH, HEADS, 32, **options) for _ in range(2))
        self.log_temperature = nn.Parameter(torch.tensor(np.log(0.07)))

    def forward(self, image: torch.Tensor, text: torch.Tensor) -> dict[str, torch.Tensor]:
        count = len(image)
        tokens = self.vision.forward_features(image)
        seen, _ = self.caption_pooler(self.caption_queries.expand(count, -1, -1), tokens, tokens)
        summary, _ = self.contrast_pooler(self.contrast_query.expand(count, -1, -1), seen, seen)
        x = torch.cat([self.words[text] + self.places, self.cls.expand(count, -1, -1)], dim=1)
        padding = torch.cat([text == 0, torch.zeros(count, 1, dtype=torch.bool)], dim=1)
        for layer in self.unimodal:
            x = layer(x, src_mask=later(LENGTH + 1), src_key_padding_mask=padding)
        read, cls = x[:, :-1], x[:, -1]
        for layer in self.multimodal:
            read = layer(read, seen, tgt_mask=later(LENGTH))
        return {
            "image": functional.normalize(summary[:, 0]),
            "text": functional.normalize(cls),
            "caption": read @ self.words.T,
        }

    def loss(self, answers: dict[str, torch.Tensor], text: torch.Tensor) -> torch.Tensor:
        products = answers["image"] @ answers["text"].T / self.log_temperature.exp()
        own = torch.arange(len(text))
        contrast = functional.cross_entropy(products, own) + functional.cross_entropy(products.T, own)
        caption = functional.cross_entropy(
            answers["caption"][:, :-1].flatten(0, 1), text[:, 1:].flatten(), ignore_index=0
        )
        return contrast + 2 * caption

    def pairs(self, model: keras.Model) -> Pairs:
        patches = model.get_layer("patches")
        return [
            *[(patches.kernel, self.vision.patch_embed.proj.weight, lambda value: value.permute(2, 3, 1, 0))],
            *same(patches.bias, self.vision.patch_embed.proj.bias),
            *same(model.get_layer("positions").positions, self.vision.pos_embed, 0),
            *blocks(vision_block, model, "block", self.vision.blocks),
            *norm(model, "norm", self.vision.norm),
            *same(model.get_layer("caption_pooler_queries").tokens, self.caption_queries),
            *heads(model, "caption_pooler", self.caption_pooler),
            *same(model.get_layer("contrast_pooler_queries").tokens, self.contrast_query),
            *heads(model, "contrast_pooler", self.contrast_pooler),
            *same(model.get_layer("text_embedding").embeddings, self.words),
            *same(model.get_layer("text_positions").positions, self.places),
            *same(model.get_layer("text_cls_token").tokens, self.cls),
            *blocks(text_block, model, "unimodal", self.unimodal),
            *blocks(text_block, model, "multimodal", self.multimodal),
            *same(model.get_layer("contrastive_loss").log_temperature, self.log_temperature),
        ]


class TheirBert(nn.Module):
    """BERT of torch's layers, which normalise after each sum."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Parameter(torch.randn(WORDS, WIDTH))
        self.places = nn.Parameter(torch.randn(LENGTH + 2, WIDTH))
        self.segments = nn.Parameter(torch.randn(2, WIDTH))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                WIDTH, HEADS, 32, dropout=0.0, activation="gelu", layer_norm_eps=1e-12, batch_first=True
            )
            for _ in range(3)
        )

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.words[text] + self.places[:LENGTH] + self.segments[0])
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=text == 0)
        return x

    def pairs(self, model: keras.Model) -> Pairs:
        return [
            *same(model.get_layer("text_embedding").embeddings, self.words),
            *same(model.get_layer("text_positions").positions, self.places),
            *same(model.get_layer("text_segments").tokens, self.segments),
            *norm(model, "text_norm", self.norm),
            *blocks(text_block, model, "text_block", self.layers),
        ]


def later(count: int) -> torch.Tensor:
    """Return which words each word may not see."""
    return torch.ones(count, count, dtype=torch.bool).triu(1)


def random(module: nn.Module) -> nn.Module:
    """Give every weight a value by chance, in double precision."""
    torch.manual_seed(0)
    module = module.double()
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return module


def texts(count: int) -> np.ndarray:
    """Return texts of which every second ends in padding."""
    text = np.random.default_rng(0).integers(1, WORDS, (count, LENGTH))
    text[::2, 4:] = 0
    return text


def copy(pairs: Pairs, model: keras.Model) -> None:
    assert {id(ours) for ours, _, _ in pairs} == {id(weight) for weight in model.trainable_weights}
    for ours, theirs, fitted in pairs:
        ours.assign(fitted(theirs.detach()).numpy())


def assert_near(found: Any, wanted: torch.Tensor, what: str, *, least: float = 0.0) -> None:
    expected = wanted.detach().numpy()
    error = np.abs(np.asarray(found) - expected).max() / max(np.abs(expected).max(), least)
    assert error < TOLERANCE, f"{what}: off by {error:.2g}"


def assert_same_gradients(pairs: Pairs, gradients: list[Any]) -> None:
    least = 1e-3 * max(float(theirs.grad.abs().max()) for _, theirs, _ in pairs)  # that of keys' biases is zero
    for (ours, theirs, fitted), gradient in zip(pairs, gradients, strict=True):
        found = tf.convert_to_tensor(gradient)
        assert_near(found, fitted(theirs.grad), f"gradient of {ours.path}", least=least)


def test_coca_is_that_of_the_figure_in_torch_and_timm() -> None:
    config = coca.Config(patch=8, depth=2, width=WIDTH, hidden=40, heads=HEADS)
    words = coca.Text(unimodal=2, multimodal=2, hidden=32, tied=True, vocabulary=WORDS, length=LENGTH, queries=5)
    model = coca.trained(coca.pretraining(config, words, Task(height=32, width=32, channels=3, classes=2)))
    theirs: Any = random(TheirCoCa())
    pairs = theirs.pairs(model)
    copy(pairs, model)
    image, text = np.random.default_rng(1).normal(0, 1, (6, 32, 32, 3)), texts(6)

    expected = theirs(torch.from_numpy(image.transpose(0, 3, 1, 2)), torch.from_numpy(text))
    loss = theirs.loss(expected, torch.from_numpy(text))
    loss.backward()
    with tf.GradientTape() as tape:
        answers = model({"image": image, "text": text})
        ours = sum(tf.cast(part, tf.float64) for part in model.losses)
    for name, wanted in expected.items():
        assert_near(answers[name], wanted, name)
    assert_near(ours, loss, "loss")
    assert_same_gradients(pairs, tape.gradient(ours, [variable.value for variable, _, _ in pairs]))


def test_the_text_side_of_align_is_bert_of_torchs_layers() -> None:
    words = align.Text(vocabulary=WORDS, length=LENGTH, places=LENGTH + 2, width=WIDTH, depth=3, heads=HEADS, hidden=32)
    tokens = keras.Input((LENGTH,), dtype="int32")
    model = keras.Model(tokens, align.bert(tokens, words))
    theirs: Any = random(TheirBert())
    pairs = theirs.pairs(model)
    copy(pairs, model)
    text = texts(4)
    seen = text != 0  # what stands in place of padding is nobody's concern

    expected = theirs(torch.from_numpy(text))
    weights = np.random.default_rng(2).normal(0, 1, expected.shape) * seen[..., None]
    (expected * torch.from_numpy(weights)).sum().backward()
    with tf.GradientTape() as tape:
        answers = tf.cast(model(text, training=False), tf.float64)
        loss = tf.reduce_sum(answers * weights)
    assert_near(answers[seen], expected[torch.from_numpy(seen)], "vectors")
    assert_same_gradients(pairs, tape.gradient(loss, [variable.value for variable, _, _ in pairs]))
