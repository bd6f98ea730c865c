"""Inception-v3, -v4 and Inception-ResNet-v2, the latter two with fewer blocks."""

from __future__ import annotations

from functools import partial

import pytest
from timm.models.inception_resnet_v2 import InceptionResnetV2
from timm.models.inception_v4 import InceptionV4
from torch import nn
from torch.nn import functional
from torchvision.models import inception_v3

from tests.oracle.compare import assert_same


def test_inception_v3_is_that_of_torchvision_but_for_the_borders_of_its_average_pooling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Theirs counts the zeros of the padding; that of TensorFlow, for which the weights were trained, does not."""
    theirs = inception_v3(num_classes=7, init_weights=False, aux_logits=False)
    monkeypatch.setattr(functional, "avg_pool2d", partial(functional.avg_pool2d, count_include_pad=False))
    assert_same("inception_v3/2015", theirs, 107)


def test_the_auxiliary_classifier_of_inception_v3_is_that_of_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the smallest pictures of which its pooling leaves the 5x5 that theirs needs."""
    theirs = inception_v3(num_classes=7, init_weights=False)
    monkeypatch.setattr(functional, "avg_pool2d", partial(functional.avg_pool2d, count_include_pad=False))
    parts = dict(theirs.named_children())
    middle = list(parts.values())[: list(parts).index("AuxLogits") + 1]
    assert_same("inception_v3/2015-auxiliary", nn.Sequential(*middle), 299, batch=2, output="auxiliary_logits")


def test_zeros_in_average_pooling_are_noticed() -> None:
    with pytest.raises(AssertionError, match="logits: off by"):
        assert_same("inception_v3/2015", inception_v3(num_classes=7, init_weights=False, aux_logits=False), 107)


def test_inception_v4_is_that_of_timm() -> None:
    theirs = InceptionV4(num_classes=7)
    stem, first, halving, second, halving_again, third = range(6), 6, 10, 11, 18, 19
    kept = [*stem, first, halving, second, halving_again, third]
    theirs.features = nn.Sequential(*(theirs.features[number] for number in kept))
    assert_same("inception_v4/2016", theirs, 107, depths=(1, 1, 1))


def test_inception_resnet_is_that_of_timm() -> None:
    theirs = InceptionResnetV2(num_classes=7)
    for name in ("repeat", "repeat_1", "repeat_2"):
        setattr(theirs, name, nn.Sequential(getattr(theirs, name)[0]))
    assert_same("inception_resnet/v2", theirs, 107, depths=(1, 1, 2))
