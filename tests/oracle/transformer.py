"""Weights of ours beside those of torch's and timm's Transformers, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import keras
import torch
from torch import nn

Pairs = list[tuple[Any, torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]]  # ours, theirs, and theirs as ours


def dense(model: keras.Model, name: str, weight: torch.Tensor, bias: torch.Tensor, third: int | None = None) -> Pairs:
    """Pair a dense layer with a linear one, or with a third of one that makes queries, keys and values at once."""

    def part(value: torch.Tensor) -> torch.Tensor:
        return value if third is None else value.chunk(3)[third]

    ours = model.get_layer(name)
    return [(ours.kernel, weight, lambda value: part(value).T), (ours.bias, bias, part)]


def norm(model: keras.Model, name: str, theirs: nn.LayerNorm) -> Pairs:
    ours = model.get_layer(name)
    return [(ours.gamma, theirs.weight, torch.Tensor.detach), (ours.beta, theirs.bias, torch.Tensor.detach)]


def same(variable: Any, theirs: torch.Tensor, *index: int) -> Pairs:
    return [(variable, theirs, lambda value: value[index] if index else value)]


def attention(model: keras.Model, name: str, weight: torch.Tensor, bias: torch.Tensor, project: nn.Linear) -> Pairs:
    roles = (dense(model, f"{name}_{role}", weight, bias, i) for i, role in enumerate(("query", "key", "value")))
    return [*chain(*roles), *dense(model, f"{name}_project", project.weight, project.bias)]


def heads(model: keras.Model, name: str, theirs: nn.MultiheadAttention) -> Pairs:
    return attention(model, name, theirs.in_proj_weight, theirs.in_proj_bias, theirs.out_proj)


def mlp(model: keras.Model, name: str, first: nn.Linear, second: nn.Linear) -> Pairs:
    return [*dense(model, f"{name}_expand", first.weight, first.bias),
            *dense(model, f"{name}_project", second.weight, second.bias)]  # fmt: skip


def vision_block(model: keras.Model, name: str, theirs: Any) -> Pairs:
    return [
        *norm(model, f"{name}_attention_norm", theirs.norm1),
        *attention(model, f"{name}_attention", theirs.attn.qkv.weight, theirs.attn.qkv.bias, theirs.attn.proj),
        *norm(model, f"{name}_mlp_norm", theirs.norm2),
        *mlp(model, f"{name}_mlp", theirs.mlp.fc1, theirs.mlp.fc2),
    ]


def text_block(model: keras.Model, name: str, theirs: Any) -> Pairs:
    """Pair a layer with torch's TransformerEncoderLayer or, if it sees a picture too, its TransformerDecoderLayer."""
    norms = ["attention", "cross", "mlp"] if hasattr(theirs, "multihead_attn") else ["attention", "mlp"]
    pairs = [norm(model, f"{name}_{part}_norm", getattr(theirs, f"norm{i}")) for i, part in enumerate(norms, start=1)]
    cross = heads(model, f"{name}_cross", theirs.multihead_attn) if "cross" in norms else []
    own = heads(model, f"{name}_attention", theirs.self_attn)
    return [*chain(*pairs), *own, *cross, *mlp(model, f"{name}_mlp", theirs.linear1, theirs.linear2)]


def blocks(one: Callable[..., Pairs], model: keras.Model, name: str, theirs: Iterable[Any]) -> Iterable[Any]:
    return chain(*(one(model, f"{name}{number}", block) for number, block in enumerate(theirs, start=1)))
