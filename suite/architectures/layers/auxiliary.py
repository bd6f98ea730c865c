"""Auxiliary classifiers in the middle of a network: they help its training and are removed afterwards."""

from __future__ import annotations

from typing import Any

import keras

WEIGHT = 0.3  # of the loss of each auxiliary classifier


@keras.saving.register_keras_serializable("suite")
class AuxiliaryHeads(keras.Model):
    """A functional network of several outputs (B, classes): the first is the answer, the others serve training only.

    Its loss is the first output's loss plus 0.3 times the loss of each other output: Szegedy et al., Going Deeper with
    Convolutions, CVPR 2015, section 5, https://arxiv.org/abs/1409.4842.
    """

    @property
    def deployed(self) -> keras.Model:
        """The same network, with the same weights, without the auxiliary classifiers."""
        return keras.Model(self.inputs[0], self.outputs[0], name=self.name)

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        """Return all logits in training, else the first output's."""
        answers = super().call(inputs, training=training, mask=mask)
        return answers if training else answers[0]

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the weighted sum of the losses, or in evaluation the first output's loss."""
        first, *others = y_pred if isinstance(y_pred, (list, tuple)) else [y_pred]
        loss = super().compute_loss(x, y, first, sample_weight, training)
        judged = [super(AuxiliaryHeads, self).compute_loss(x, y, other, sample_weight, training) for other in others]
        return loss + WEIGHT * sum(judged)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Measure the first output."""
        first = y_pred[0] if isinstance(y_pred, (list, tuple)) else y_pred
        return super().compute_metrics(x, y, first, sample_weight)


def deployed(model: keras.Model) -> keras.Model:
    """Return the network for inference: `model` itself, or `model` without its auxiliary classifiers."""
    network: keras.Model = getattr(model, "deployed", model)
    return network
