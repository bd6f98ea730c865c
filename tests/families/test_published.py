"""Do our networks cost what their papers, and what another implementation, say?"""

from __future__ import annotations

import pytest

from suite import architectures

CITED = architectures.published()

# Trainable weights and billions of multiply-adds at 224 x 224 that torchvision documents with its pre-trained weights:
# https://docs.pytorch.org/vision/stable/models.html. Its bottlenecks have the stride in the 3x3.
TORCHVISION = {
    "resnet/18": (11_689_512, 1.814),
    "resnet/34": (21_797_672, 3.664),
    "resnet/50-v1.5": (25_557_032, 4.089),
    "resnet/101-v1.5": (44_549_160, 7.801),
    "resnet/152-v1.5": (60_192_808, 11.514),
    "resnet/50-32x4d": (25_028_904, 4.230),
    "resnet/101-32x8d": (88_791_336, 16.414),
    "resnet/101-64x4d": (83_455_272, 15.460),
}


@pytest.mark.parametrize("name", CITED)
def test_a_network_costs_what_its_paper_prints(name: str) -> None:
    """Within 2 %, or within the rounding of the last digit that papers print (0.1 million weights)."""
    cited, ours = CITED[name], architectures.recorded()[name]
    if cited.parameters:
        assert ours.parameters == pytest.approx(cited.parameters, rel=0.02, abs=50_000)
    if cited.macs:
        assert ours.macs == pytest.approx(cited.macs, rel=0.02, abs=500_000)
    assert cited.parameters or cited.macs


@pytest.mark.parametrize("name", TORCHVISION)
def test_a_network_costs_what_torchvision_counts(name: str) -> None:
    parameters, billions = TORCHVISION[name]
    ours = architectures.recorded()[name]
    assert ours.parameters == parameters
    assert ours.macs / 1e9 == pytest.approx(billions, abs=0.0005)


def test_alexnet_has_the_weights_and_work_of_its_layer_table() -> None:
    """Sections 3.2 and 3.5: the second, fourth and fifth convolution see half of the channels each."""
    table = [  # outputs, window, channels that one output sees, filters
        (55 * 55, 11 * 11, 3, 96), (27 * 27, 5 * 5, 48, 256), (13 * 13, 3 * 3, 256, 384), (13 * 13, 3 * 3, 192, 384),
        (13 * 13, 3 * 3, 192, 256), (1, 6 * 6, 256, 4096), (1, 1, 4096, 4096), (1, 1, 4096, 1000),
    ]  # fmt: skip
    ours = architectures.recorded()["alexnet/2012"]
    assert ours.parameters == sum((window * seen + 1) * filters for _, window, seen, filters in table)
    assert ours.macs == sum(outputs * window * seen * filters for outputs, window, seen, filters in table)
    assert ours.activations == sum(outputs * filters for outputs, _, _, filters in table)


def test_every_accuracy_is_a_percentage_with_its_source() -> None:
    for row in CITED.values():
        assert row.source
        assert row.name in architectures.recorded()
        assert all(50 < value < 100 for value in (row.top1, row.top5) if value)
        assert row.top1 is None or row.top5 is None or row.top1 < row.top5
