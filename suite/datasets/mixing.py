"""Two pictures in one, and a label that says how much of each there is.

Zhang et al., mixup, ICLR 2018, https://arxiv.org/abs/1710.09412; Yun et al., CutMix, ICCV 2019, section 3.1,
https://arxiv.org/abs/1905.04899. Where a recipe has both, half of the pictures get the one and half the other, as in
Wightman et al. 2021, https://arxiv.org/abs/2110.00476.
"""

from __future__ import annotations

import tensorflow as tf

from suite.core.recipe import Augmentation
from suite.datasets.augment import within


def mixed(
    images: tf.Tensor, labels: tf.Tensor, classes: int, seed: tf.Tensor, augmentation: Augmentation
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return `images` [B, H, W, C], each mixed with the one before, and labels [B, classes] for `labels` [B]."""
    wanted = tf.one_hot(labels, classes)
    others, other_wanted = tf.roll(images, 1, axis=0), tf.roll(wanted, 1, axis=0)
    blended, blended_share = _blended(images, others, augmentation.mixup, _nth(seed, 0))
    cut, cut_share = _cut(images, others, augmentation.cutmix, _nth(seed, 1))
    is_cut = tf.random.stateless_uniform(tf.shape(blended_share), _nth(seed, 2)) < _odds(augmentation)
    share = tf.where(is_cut, cut_share, blended_share)[:, 0, 0]
    return tf.where(is_cut, cut, blended), share * wanted + (1 - share) * other_wanted


def _odds(augmentation: Augmentation) -> float:
    """Return the share of pictures that are cut, not blended."""
    return 0.5 if augmentation.mixup and augmentation.cutmix else float(bool(augmentation.cutmix))


def _blended(images: tf.Tensor, others: tf.Tensor, alpha: float, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the weighted means of pictures, and the share of the first of each, [B, 1, 1, 1]."""
    share = _beta(images, alpha, seed)
    return share * images + (1 - share) * others, share


def _cut(images: tf.Tensor, others: tf.Tensor, alpha: float, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return pictures with a rectangle of the others in them, and the share of the first of each, [B, 1, 1, 1]."""
    side = tf.sqrt(1 - _beta(images, alpha, _nth(seed, 0)))
    top, left = (tf.random.stateless_uniform(tf.shape(side), _nth(seed, number)) for number in (1, 2))
    inside = within(images, side, side, top, left)
    return tf.where(inside, others, images), 1 - tf.reduce_mean(tf.cast(inside, tf.float32), (1, 2, 3), keepdims=True)


def _beta(images: tf.Tensor, alpha: float, seed: tf.Tensor) -> tf.Tensor:
    """Return a number of the Beta distribution (alpha, alpha) for each picture, [B, 1, 1, 1]; 1 where alpha is 0."""
    shape = [tf.shape(images)[0], 1, 1, 1]
    if not alpha:
        return tf.ones(shape)
    # In double precision: for small alphas both numbers are often tiny.
    one, other = (tf.random.stateless_gamma(shape, _nth(seed, number), alpha, dtype=tf.float64) for number in (0, 1))
    return tf.cast(tf.math.divide_no_nan(one, one + other), tf.float32)


def _nth(seed: tf.Tensor, number: int) -> tf.Tensor:
    return tf.random.experimental.stateless_fold_in(seed, number)
