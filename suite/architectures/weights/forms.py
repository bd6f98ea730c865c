"""What torchvision and timm call the weights of our layers: rules for each family.

A rule has our layer on the left and theirs on the right. `{s}` is a number, `{part}` a word; `{s-1}` and `{2s+1}` are
numbers made of it. `{#}` counts, from 0, the layers of ours that got the same name otherwise. Of several names the
first that a file has is meant. `[0]` is a third of a tensor: queries, keys and values are one in theirs. The first
rule that fits a layer holds. `make oracle` holds every form: a network of theirs, saved, answers the same in ours.

What has no form here pads, pools or normalises in another way than ours: MobileNet, MobileNetV2, Xception, NASNet,
Inception-v3, and CoAtNet of which no weights are published. torchvision 0.28 and timm 1.0.31.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

Rules = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Form:
    """How one library names the weights of one of our families."""

    rules: Rules
    counted: str = ""  # what of their names is numbered anew, from 0: a word, a dot, numbers
    layouts: Mapping[str, Callable[[np.ndarray], np.ndarray]] = field(default_factory=dict)  # by the end of their name


def _mbconv(block: str, place: str) -> Rules:
    """MobileNetV3 and EfficientNet in timm: what a block lacks of expansion or depthwise convolution moves up."""
    return {
        f"{block}_expand_conv": f"{place}.conv_exp|{place}.conv_pw",
        f"{block}_depthwise_conv": f"{place}.conv_dw",
        f"{block}_se_{{side}}": f"{place}.se.conv_{{side}}",
        f"{block}_project_conv": f"{place}.conv_pwl|{place}.conv_pw|{place}.conv",
        f"{block}_{{part}}_bn": f"{place}.bn{{#+1}}",
    }


def _attention(block: str, place: str, qkv: str, project: str) -> Rules:
    thirds = {f"{block}_{role}": f"{place}.{qkv}[{third}]" for third, role in enumerate(("query", "key", "value"))}
    return {**thirds, f"{block}_project": f"{place}.{project}"}


def _maxvit(kind: str, place: str) -> Rules:
    """Attention in windows or on a grid."""
    block, place = f"stage{{s}}_block{{b}}_{kind}", f"stages.{{s-1}}.blocks.{{b-1}}.{place}"
    return {
        f"{block}_attention_norm": f"{place}.norm1",
        **_attention(f"{block}_attention", place, "attn.qkv", "attn.proj"),
        f"{block}_attention": f"{place}.attn.rel_pos.relative_position_bias_table",
        f"{block}_mlp_norm": f"{place}.norm2",
        f"{block}_mlp_expand": f"{place}.mlp.fc1",
        f"{block}_mlp_project": f"{place}.mlp.fc2",
    }


def _branches(block: str, place: str) -> Rules:
    """Inception-v4 and Inception-ResNet: a branch of a single convolution has no number for it."""
    return {
        f"{block}_branch{{k}}_{{i}}{{side}}_{{part}}": (
            f"{place}.branch{{k-1}}.{{part}}|{place}.branch{{k-1}}.{{i-1}}.{{part}}|"
            f"{place}.branch{{k-1}}_{{i-1}}{{side}}.{{part}}"
        ),
        f"{block}_projection_{{part}}": f"{place}.branch3.1.{{part}}",
        f"{block}_up": f"{place}.conv2d",
    }


_BLOCK = "stage{s}_block{b}"

RESNET = Form(
    rules={
        "stem_conv": "conv1",
        "stem_bn": "bn1",
        f"{_BLOCK}_0_conv": "layer{s}.{b-1}.downsample.0",
        f"{_BLOCK}_0_bn": "layer{s}.{b-1}.downsample.1",
        f"{_BLOCK}_{{n}}_{{part}}": "layer{s}.{b-1}.{part}{n}",
        "logits": "fc",
    }
)

SENET = Form(
    rules={
        "stem_{part}": "layer0.{part}1",
        "stem{n}_{part}": "layer0.{part}{n}",
        f"{_BLOCK}_se_reduce": "layer{s}.{b-1}.se_module.fc1",
        f"{_BLOCK}_se_expand": "layer{s}.{b-1}.se_module.fc2",
        **{ours: theirs for ours, theirs in RESNET.rules.items() if ours.startswith("stage")},
        "logits": "last_linear",
    }
)

RESNET_V2 = Form(
    rules={
        "stem_conv": "stem.conv",
        f"{_BLOCK}_0_conv": "stages.{s-1}.blocks.{b-1}.downsample.conv",
        f"{_BLOCK}_{{n}}_conv": "stages.{s-1}.blocks.{b-1}.conv{n}",
        f"{_BLOCK}_{{n}}_bn": "stages.{s-1}.blocks.{b-1}.norm{n}",
        "last_bn": "norm",
        "logits": "head.fc",
    }
)

DENSENET = Form(  # in the files of torchvision a dot stands before the number
    rules={
        "stem_conv": "features.conv0",
        "stem_bn": "features.norm0",
        "block{b}_layer{n}_{i}_conv": (
            "features.denseblock{b}.denselayer{n}.conv{i}|features.denseblock{b}.denselayer{n}.conv.{i}"
        ),
        "block{b}_layer{n}_{i}_bn": (
            "features.denseblock{b}.denselayer{n}.norm{i}|features.denseblock{b}.denselayer{n}.norm.{i}"
        ),
        "transition{b}_bn": "features.transition{b}.norm",
        "transition{b}_conv": "features.transition{b}.conv",
        "last_bn": "features.norm5",
        "logits": "classifier",
    }
)

PLAIN = Form(  # AlexNet and VGG, which number what has no weights too
    counted=r"features\.\d+|classifier\.\d+",
    rules={
        "stage{s}_{n}_{part}": "features.{#}",
        "conv{n}": "features.{n-1}",
        "dense{n}": "classifier.{n-1}|pre_logits.fc{n}",
        "logits": "classifier.2|head.fc",
    },
)

INCEPTION_V4 = Form(
    rules={
        "stem_4_{part}": "features.3.conv.{part}",
        "stem_{n}_{part}": "features.{n-1}.{part}",
        "stem_5_branch{k}_{i}_{part}": "features.4.branch{k-1}.{i-1}.{part}",
        "stem_6_branch1_1_{part}": "features.5.conv.{part}",
        **_branches("stage1_block{b}", "features.{b+5}"),
        **_branches("stage2_block{b}", "features.{b+10}"),
        **_branches("stage3_block{b}", "features.{b+18}"),
        "logits": "last_linear",
    }
)

INCEPTION_RESNET = Form(
    rules={
        **{
            f"stem_{number}_{{part}}": f"conv2d_{place}.{{part}}"
            for number, place in enumerate(("1a", "2a", "2b", "3b", "4a"), start=1)
        },
        **_branches("stage1_block0", "mixed_5b"),
        **_branches("stage2_block0", "mixed_6a"),
        **_branches("stage3_block0", "mixed_7a"),
        **_branches("stage1_block{b}", "repeat.{b-1}"),
        **_branches("stage2_block{b}", "repeat_1.{b-1}"),
        **_branches("stage3_block10", "block8"),
        **_branches("stage3_block{b}", "repeat_2.{b-1}"),
        "last_{part}": "conv2d_7b.{part}",
        "logits": "classif",
    }
)

MOBILENET_V3 = Form(  # its blocks are numbered from first to last; the convolution after them is one in theirs
    counted=r"blocks\.\d+\.\d+",
    rules={
        "stem_conv": "conv_stem",
        "stem_bn": "bn1",
        **_mbconv("block{b}", "blocks.{b-1}"),
        "head_conv": "blocks.15.conv|blocks.11.conv",
        "head_bn": "blocks.15.bn1|blocks.11.bn1",
        "last1": "conv_head",
        "logits": "classifier",
    },
)

EFFICIENTNET = Form(
    rules={
        "stem_conv": "conv_stem",
        "stem_bn": "bn1",
        **_mbconv(_BLOCK, "blocks.{s-1}.{b-1}"),
        "head_conv": "conv_head",
        "head_bn": "bn2",
        "logits": "classifier",
    }
)

VIT = Form(
    rules={
        "patches": "patch_embed.proj",
        "class_token": "cls_token",
        "positions": "pos_embed",
        "block{b}_attention_norm": "blocks.{b-1}.norm1",
        **_attention("block{b}_attention", "blocks.{b-1}.attn", "qkv", "proj"),
        "block{b}_mlp_norm": "blocks.{b-1}.norm2",
        "block{b}_mlp_expand": "blocks.{b-1}.mlp.fc1",
        "block{b}_mlp_project": "blocks.{b-1}.mlp.fc2",
        "norm": "norm",
        "logits": "head",
    }
)

_LAYER = "encoder.layers.encoder_layer_{b-1}"
VIT_OF_TORCHVISION = Form(
    rules={
        "patches": "conv_proj",
        "class_token": "class_token",
        "positions": "encoder.pos_embedding",
        "block{b}_attention_norm": f"{_LAYER}.ln_1",
        **_attention("block{b}_attention", f"{_LAYER}.self_attention", "in_proj", "out_proj"),
        "block{b}_mlp_norm": f"{_LAYER}.ln_2",
        "block{b}_mlp_expand": f"{_LAYER}.mlp.0|{_LAYER}.mlp.linear_1",
        "block{b}_mlp_project": f"{_LAYER}.mlp.3|{_LAYER}.mlp.linear_2",
        "norm": "encoder.ln",
        "logits": "heads.head",
    }
)

NFNET = Form(
    rules={
        "stem{n}_conv": "stem.conv{n}",
        f"{_BLOCK}_0_conv": "stages.{s-1}.{b-1}.downsample.conv",
        f"{_BLOCK}_3_conv": "stages.{s-1}.{b-1}.conv2b",
        f"{_BLOCK}_4_conv": "stages.{s-1}.{b-1}.conv3",
        f"{_BLOCK}_{{n}}_conv": "stages.{s-1}.{b-1}.conv{n}",
        f"{_BLOCK}_se_reduce": "stages.{s-1}.{b-1}.attn_last.fc1",
        f"{_BLOCK}_se_expand": "stages.{s-1}.{b-1}.attn_last.fc2",
        f"{_BLOCK}_skip": "stages.{s-1}.{b-1}.skipinit_gain",
        "head_conv": "final_conv",
        "logits": "head.fc",
    }
)

CONVNEXT = Form(
    rules={
        "stem_conv": "stem.0",
        "stem_norm": "stem.1",
        f"{_BLOCK}_depthwise": "stages.{s-1}.blocks.{b-1}.conv_dw",
        f"{_BLOCK}_norm": "stages.{s-1}.blocks.{b-1}.norm",
        f"{_BLOCK}_expand": "stages.{s-1}.blocks.{b-1}.mlp.fc1",
        f"{_BLOCK}_project": "stages.{s-1}.blocks.{b-1}.mlp.fc2",
        f"{_BLOCK}_scale": "stages.{s-1}.blocks.{b-1}.gamma",
        "stage{s}_norm": "stages.{s-1}.downsample.0",
        "stage{s}_conv": "stages.{s-1}.downsample.1",
        "norm": "head.norm",
        "logits": "head.fc",
    }
)

CONVNEXT_OF_TORCHVISION = Form(
    rules={
        "stem_conv": "features.0.0",
        "stem_norm": "features.0.1",
        f"{_BLOCK}_depthwise": "features.{2s-1}.{b-1}.block.0",
        f"{_BLOCK}_norm": "features.{2s-1}.{b-1}.block.2",
        f"{_BLOCK}_expand": "features.{2s-1}.{b-1}.block.3",
        f"{_BLOCK}_project": "features.{2s-1}.{b-1}.block.5",
        f"{_BLOCK}_scale": "features.{2s-1}.{b-1}.layer_scale",
        "stage{s}_norm": "features.{2s-2}.0",
        "stage{s}_conv": "features.{2s-2}.1",
        "norm": "classifier.0",
        "logits": "classifier.2",
    }
)

_CONV = "stages.{s-1}.blocks.{b-1}.conv"
MAXVIT = Form(
    rules={
        "stem{n}_conv": "stem.conv{n}",
        "stem{n}_bn": "stem.norm{n}",
        f"{_BLOCK}_mbconv_norm": f"{_CONV}.pre_norm",
        f"{_BLOCK}_mbconv_expand_conv": f"{_CONV}.conv1_1x1",
        f"{_BLOCK}_mbconv_expand_bn": f"{_CONV}.norm1",
        f"{_BLOCK}_mbconv_depthwise_conv": f"{_CONV}.conv2_kxk",
        f"{_BLOCK}_mbconv_depthwise_bn": f"{_CONV}.norm2",
        f"{_BLOCK}_mbconv_se_reduce": f"{_CONV}.se.fc1",
        f"{_BLOCK}_mbconv_se_expand": f"{_CONV}.se.fc2",
        f"{_BLOCK}_mbconv_project": f"{_CONV}.conv3_1x1",
        f"{_BLOCK}_mbconv_shortcut": f"{_CONV}.shortcut.expand",
        **_maxvit("window", "attn_block"),
        **_maxvit("grid", "attn_grid"),
        "norm": "head.norm",
        "head": "head.pre_logits.fc",
        "logits": "head.fc",
    },
    # Offsets count from the query to the key in theirs, and from the key to the query in ours.
    layouts={"relative_position_bias_table": lambda table: table[:, ::-1, ::-1]},
)

FORMS: Mapping[str, tuple[Form, ...]] = {  # by family; those of both libraries where they differ
    "alexnet": (PLAIN,),
    "vgg": (PLAIN,),
    "resnet": (RESNET,),
    "resnet_v2": (RESNET_V2,),
    "densenet": (DENSENET,),
    "inception_v4": (INCEPTION_V4,),
    "inception_resnet": (INCEPTION_RESNET,),
    "mobilenet_v3": (MOBILENET_V3,),
    "efficientnet": (EFFICIENTNET,),
    "efficientnet_v2": (EFFICIENTNET,),
    "senet": (SENET,),
    "vit": (VIT, VIT_OF_TORCHVISION),
    "nfnet": (NFNET,),
    "maxvit": (MAXVIT,),
    "convnext": (CONVNEXT, CONVNEXT_OF_TORCHVISION),
}
