"""Does an NFNet keep its signal as wide as its paper says, and are its kernels standardised?"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from suite.architectures.families import nfnet
from suite.architectures.layers import GroupedConv2D, LearnedScale, StandardizedConv2D
from suite.core.errors import ArchitectureError
from suite.core.task import Task
from suite.counting.complexity import complexity, weightless


def standardized(kernel: np.ndarray, gain: np.ndarray, epsilon: float) -> np.ndarray:
    """Equation 1, one output channel after the other."""
    result = np.empty_like(kernel)
    for channel in range(kernel.shape[-1]):
        weights = kernel[..., channel]
        spread = np.sqrt(max(weights.size * np.mean((weights - weights.mean()) ** 2), epsilon))
        result[..., channel] = gain[channel] * (weights - weights.mean()) / spread
    return result


def randomized(layer: keras.layers.Layer) -> keras.layers.Layer:
    random = np.random.default_rng(0)
    layer.set_weights([random.normal(0.3, 0.5, weight.shape) for weight in layer.weights])
    return layer


@pytest.mark.parametrize(("groups", "strides", "epsilon"), [(1, 1, 1e-4), (2, 2, 1e-4), (4, 1, 100.0)])
def test_a_standardised_convolution_is_one_with_the_kernel_of_the_equation(
    groups: int, strides: int, epsilon: float
) -> None:
    pictures = np.random.default_rng(1).normal(size=(2, 7, 7, 8)).astype("float32")
    arguments = {"strides": strides, "groups": groups, "padding": "same"}
    ours, plain = StandardizedConv2D(12, 3, epsilon=epsilon, **arguments), GroupedConv2D(12, 3, **arguments)
    ours.build(pictures.shape)
    plain.build(pictures.shape)
    kernel, bias, gain = (np.asarray(weight) for weight in randomized(ours).weights)
    plain.set_weights([standardized(kernel, gain, epsilon), bias])
    np.testing.assert_allclose(ours(pictures), plain(pictures), rtol=1e-4, atol=1e-5)


def test_a_saved_convolution_and_a_saved_scale_have_their_gains(tmp_path: Path) -> None:
    image = keras.Input((6, 6, 4))
    x = StandardizedConv2D(8, 3, groups=2, epsilon=0.5, name="convolution")(image)
    network = keras.Model(image, LearnedScale(0.25, per_channel=False, name="skip")(LearnedScale(2.0, name="each")(x)))
    assert [np.ravel(network.get_layer(name).gain)[0] for name in ("each", "skip")] == [2.0, 0.25]
    for layer in network.layers[1:]:
        randomized(layer)
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    pictures = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    np.testing.assert_array_equal(again(pictures), network(pictures))


def test_before_the_first_step_every_block_adds_as_much_variance_as_the_next_one_divides_by() -> None:
    """Section 3: alpha ** 2 for each block. The first begins at 1, since its shortcut is scaled too."""
    config = nfnet.Config(
        depths=(4,), widths=(128,), stem_widths=(32, 32, 64, 64), group_width=64, skip=1.0, alpha=0.5,
        stochastic_depth=0.0, stem="small",
    )  # fmt: skip
    keras.utils.set_random_seed(0)
    network = nfnet.build(config, Task(height=32, width=32, channels=4, classes=2))
    adds = [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]
    noise = np.random.default_rng(0).normal(size=(4, 32, 32, 4)).astype("float32")
    outputs = keras.Model(network.inputs, [layer.output for layer in adds])([noise])
    inside = [np.asarray(output)[:, 8:-8, 8:-8] for output in outputs]  # zeros that pad the edge take some away
    np.testing.assert_allclose([pixels.var() for pixels in inside], [1.25, 1.5, 1.75, 2.0], rtol=0.15)
    betas = [network.get_layer(f"stage1_block{number}_gamma").scale / nfnet.GAMMAS["gelu"] for number in (2, 3, 4)]
    np.testing.assert_allclose(betas, [1.25**-0.5, 1.5**-0.5, 1.75**-0.5])


@pytest.mark.parametrize(
    ("changes", "parameters", "billions"),
    [
        ({}, 526_959_220, 366.2),  # 527 million and 367 billion in the paper
        ({"whole_groups": True, "stem_widths": (16, 32, 64, 192)}, 524_954_484, 333.4),
    ],
)
def test_f4_plus_is_that_of_the_paper_and_with_two_fields_that_of_the_released_code(
    changes: dict[str, object], parameters: int, billions: float
) -> None:
    config = dataclasses.replace(nfnet.VARIANTS["f4+"], **changes)  # type: ignore[arg-type]
    task = Task(height=config.resolution, width=config.resolution, channels=3, classes=1000)
    counts = complexity(weightless(lambda: nfnet.build(config, task)))
    assert (counts.parameters, round(counts.macs / 1e9, 1)) == (parameters, billions)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"group_width": 200}, "does not divide the inner channels of each stage, [128, 256, 768, 768], into groups"),
        ({"group_width": 100}, "group_width = 100 does not divide"),
        ({"stem_widths": (16, 32)}, "stem_widths = [16, 32]: an NFNet's stem has 4: give 4"),
        ({"expansion": 1e-3}, "expansion = 0.001 leaves no inner channel: give a larger one"),
        ({"alpha": 0.0}, "alpha = 0.0: give a number above 0"),
    ],
)
def test_what_cannot_be_built_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ArchitectureError) as error:
        dataclasses.replace(nfnet.VARIANTS["f0"], **changes)  # type: ignore[arg-type]
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("widths", "width"), [((256, 512, 1536, 1536), 200), ((256, 512, 1536, 1536), 100), ((74,), 12)]
)
def test_the_group_widths_that_a_message_offers_are_taken_and_none_is_nearer(
    widths: tuple[int, ...], width: int
) -> None:
    plain = dataclasses.replace(nfnet.VARIANTS["f0"], widths=widths, depths=(1,) * len(widths), group_width=1)
    with pytest.raises(ArchitectureError) as error:
        dataclasses.replace(plain, group_width=width)
    offered = list(map(int, str(error.value).rpartition(": give ")[2].split(" or ")))
    taken = [group for group in range(1, 400) if is_taken(plain, group)]
    assert offered == sorted(sorted(taken, key=lambda group: abs(group - width))[:4])


def is_taken(config: nfnet.Config, group: int) -> bool:
    try:
        return bool(dataclasses.replace(config, group_width=group))
    except ArchitectureError:
        return False
