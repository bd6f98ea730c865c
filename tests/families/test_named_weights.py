"""Do tensors that another library named reach the right layers, in our layout? Is another network refused?

Here on tensors that are named by hand; tests/oracle/test_weights.py holds whole networks to those of the libraries.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from suite import architectures
from suite.architectures import weights
from suite.architectures.weights.copying import learned, weighted
from suite.architectures.weights.loading import built
from suite.core.errors import ArchitectureError

RANDOM = np.random.default_rng(0)
Tensors = dict[str, np.ndarray]


def numbers(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype("float32")


def norm(name: str, width: int) -> Tensors:
    parts = {f"{name}.{part}": numbers(width) for part in ("weight", "bias", "running_mean", "running_var")}
    return {**parts, f"{name}.num_batches_tracked": np.asarray(7)}


def resnet() -> Tensors:
    """Two stages of one block with 16 and 32 channels, as torchvision and timm name them."""
    return {
        "conv1.weight": numbers(16, 3, 7, 7), **norm("bn1", 16),
        "layer1.0.conv1.weight": numbers(16, 16, 3, 3), **norm("layer1.0.bn1", 16),
        "layer1.0.conv2.weight": numbers(16, 16, 3, 3), **norm("layer1.0.bn2", 16),
        "layer2.0.conv1.weight": numbers(32, 16, 3, 3), **norm("layer2.0.bn1", 32),
        "layer2.0.conv2.weight": numbers(32, 32, 3, 3), **norm("layer2.0.bn2", 32),
        "layer2.0.downsample.0.weight": numbers(32, 16, 1, 1), **norm("layer2.0.downsample.1", 32),
        "fc.weight": numbers(5, 32), "fc.bias": numbers(5),
    }  # fmt: skip


def saved(tensors: Tensors, folder: Path) -> str:
    save_file(tensors, folder / "their.safetensors")
    return str(folder / "their.safetensors")


@pytest.fixture(scope="module")
def small() -> keras.Model:
    return built("resnet/tiny", 32, 5)


def test_kernels_are_turned_and_layers_found_by_name(tmp_path: Path) -> None:
    theirs = resnet()
    shuffled = {name: theirs[name] for name in sorted(theirs, reverse=True)}
    found = weights.find("resnet/tiny", saved(shuffled, tmp_path))
    ours = found.give(built("resnet/tiny", 32, found.classes))
    assert found.classes == 5
    kernel = ours.get_layer("stage2_block1_0_conv").kernel
    np.testing.assert_array_equal(kernel, theirs["layer2.0.downsample.0.weight"].transpose(2, 3, 1, 0))
    np.testing.assert_array_equal(ours.get_layer("logits").kernel, theirs["fc.weight"].T)
    batch_norm = ours.get_layer("stage1_block1_2_bn")
    np.testing.assert_array_equal(batch_norm.moving_variance, theirs["layer1.0.bn2.running_var"])
    np.testing.assert_array_equal(batch_norm.gamma, theirs["layer1.0.bn2.weight"])
    assert sum(len(learned(layer)) for layer in weighted(ours)) == len(theirs) - 6  # counters of batches


def test_queries_keys_and_values_are_thirds_of_one_tensor(tmp_path: Path) -> None:
    config = architectures.config("vit/tiny")
    width, hidden = config.width, config.hidden  # type: ignore[attr-defined]
    blocks = range(config.depth)  # type: ignore[attr-defined]
    tokens = (32 // config.patch) ** 2 + 1  # type: ignore[attr-defined]

    def linear(name: str, before: int, after: int) -> Tensors:
        return {f"{name}.weight": numbers(after, before), f"{name}.bias": numbers(after)}

    def layer_norm(name: str) -> Tensors:
        return {f"{name}.weight": numbers(width), f"{name}.bias": numbers(width)}

    theirs = {
        "patch_embed.proj.weight": numbers(width, 3, config.patch, config.patch),  # type: ignore[attr-defined]
        "patch_embed.proj.bias": numbers(width), "cls_token": numbers(1, 1, width),
        "pos_embed": numbers(1, tokens, width), **layer_norm("norm"), **linear("head", width, 4),
    }  # fmt: skip
    for i in blocks:
        theirs |= {
            **layer_norm(f"blocks.{i}.norm1"), **linear(f"blocks.{i}.attn.qkv", width, 3 * width),
            **linear(f"blocks.{i}.attn.proj", width, width), **layer_norm(f"blocks.{i}.norm2"),
            **linear(f"blocks.{i}.mlp.fc1", width, hidden), **linear(f"blocks.{i}.mlp.fc2", hidden, width),
        }  # fmt: skip
    found = weights.find("vit/tiny", saved(theirs, tmp_path))
    ours = found.give(built("vit/tiny", 32, 4))
    qkv = theirs["blocks.1.attn.qkv.weight"]
    np.testing.assert_array_equal(ours.get_layer("block2_attention_key").kernel, qkv[width : 2 * width].T)
    np.testing.assert_array_equal(ours.get_layer("positions").positions, theirs["pos_embed"][0])


def test_without_a_classifier_there_is_a_body(tmp_path: Path) -> None:
    theirs = {name: tensor for name, tensor in resnet().items() if not name.startswith("fc")}
    found = weights.find("resnet/tiny", saved(theirs, tmp_path))
    network = built("resnet/tiny", 32, 5)
    before = np.asarray(network.get_layer("logits").kernel)
    found.give(network)
    assert found.classes == 0
    np.testing.assert_array_equal(network.get_layer("logits").kernel, before)
    np.testing.assert_array_equal(network.get_layer("stem_bn").beta, theirs["bn1.bias"])


def test_what_is_missing_and_what_is_foreign_is_named_at_once(tmp_path: Path) -> None:
    theirs = resnet()
    del theirs["layer1.0.conv2.weight"], theirs["bn1.running_var"]
    theirs["layer9.weight"] = numbers(3)
    found = weights.find("resnet/tiny", saved(theirs, tmp_path))
    with pytest.raises(ArchitectureError) as failure:
        found.give(built("resnet/tiny", 32, 5))
    assert str(failure.value).endswith(
        "their.safetensors does not hold the weights of resnet: missing: 'bn1.running_var', 'layer1.0.conv2.weight'; "
        "of no layer: 'layer9.weight'"
    )


def test_a_tensor_of_another_width_is_named_with_our_layer(tmp_path: Path) -> None:
    found = weights.find("resnet/tiny", saved(resnet() | {"conv1.weight": numbers(24, 3, 7, 7)}, tmp_path))
    with pytest.raises(
        ArchitectureError, match=r"'conv1\.weight' \(24, 3, 7, 7\) do not fit 'stem_conv' .*7, 7, 3, 16"
    ):
        found.give(built("resnet/tiny", 32, 5))


@pytest.mark.parametrize("shape", [(), (0,), (3, 2)])
def test_the_classifier_of_a_damaged_file_is_left_out(small: keras.Model, tmp_path: Path, shape: tuple[int]) -> None:
    weights.find("resnet/tiny", saved(resnet() | {"fc.bias": numbers(*shape)}, tmp_path)).give(small)


@settings(max_examples=10)
@given(data=st.data())
def test_whatever_a_file_holds_it_fits_or_the_error_is_ours(
    small: keras.Model, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    theirs = resnet()
    name = data.draw(st.sampled_from(sorted(theirs)))
    shape = data.draw(st.lists(st.integers(0, 4), max_size=5))
    file = saved(theirs | {name: numbers(*shape)}, tmp_path_factory.mktemp("weights"))
    fits = [side for side in shape if side != 1] == [side for side in theirs[name].shape if side != 1]
    if fits or name.startswith("fc") or name.endswith("tracked"):
        weights.find("resnet/tiny", file).give(small)
    else:
        with pytest.raises(ArchitectureError, match="fit"):
            weights.find("resnet/tiny", file).give(small)


def test_a_network_that_no_library_has_in_our_form_says_so(tmp_path: Path) -> None:
    with pytest.raises(ArchitectureError, match=r"no network of .* is the same as 'mobilenet_v2/tiny'"):
        weights.find("mobilenet_v2/tiny", saved(resnet(), tmp_path))


def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.safetensors").write_text("no weights\n")
    with pytest.raises(ArchitectureError, match=r"text\.safetensors does not hold tensors in the form of safetensors"):
        weights.find("resnet/tiny", str(tmp_path / "text.safetensors"))
