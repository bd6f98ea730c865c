"""Is the probe the logistic regression that it says it is, and does it choose its regularisation well?"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from suite.training.probe import PENALTIES, Labelled, fitted, solved


def made(pictures: int, noise: float, seed: int = 0, dimensions: int = 40) -> Labelled:
    """Return features of three overlapping classes, of very unlike sizes; some are always 0."""
    source = np.random.default_rng(seed)
    labels = source.choice(3, pictures, p=[0.6, 0.3, 0.1])
    centres = np.random.default_rng(7).normal(size=(3, dimensions))
    features = (centres[labels] + noise * source.normal(size=(pictures, dimensions))) * 10.0 ** np.arange(-2, 2, 0.1)
    features[:, ::9] = 0.0
    return Labelled(features.astype(np.float32), labels)


def standardised(train: Labelled) -> np.ndarray:
    deviation = train.features.std(axis=0)
    return (train.features - train.features.mean(axis=0)) / np.where(deviation > 0, deviation, 1)


@pytest.mark.parametrize("penalty", [1.0, 1e-2, 1e-4])
@pytest.mark.parametrize("weighted", [False, True])
def test_its_answers_are_those_of_scikit_learn(penalty: float, weighted: bool) -> None:
    train = made(600, noise=3.0)
    weights = [1.0, 2.0, 6.0] if weighted else None
    theirs = LogisticRegression(
        C=1 / (penalty * 600), tol=1e-8, max_iter=10_000, class_weight=dict(enumerate(weights)) if weights else None
    ).fit(standardised(train), train.labels)
    logits = solved(train, 3, penalty, weights)(train.features)
    ours = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ours, theirs.predict_proba(standardised(train)), atol=2e-3)


def test_the_penalty_is_the_best_on_validation_of_all_that_could_be_chosen() -> None:
    train, validation = made(200, noise=4.0), made(400, noise=4.0, seed=1)

    def likely(logits: np.ndarray) -> tuple[float, ...]:
        powers = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(float))
        return (-float(log_loss(validation.labels, powers / powers.sum(axis=1, keepdims=True), labels=[0, 1, 2])),)

    chosen = fitted(train, validation.features, 3, likely)
    each = {penalty: likely(solved(train, 3, penalty)(validation.features))[0] for penalty in PENALTIES}
    assert likely(chosen(validation.features))[0] == pytest.approx(max(each.values()), abs=1e-3)
    assert each[chosen.penalty] == pytest.approx(max(each.values()), abs=1e-3)
    assert min(PENALTIES) < chosen.penalty < max(PENALTIES)


def test_a_class_without_pictures_and_features_without_contrast_do_no_harm() -> None:
    train = Labelled(np.ones((8, 5), np.float32), np.array([0, 1] * 4))
    logits = fitted(train, train.features, 3, lambda logits: (0.0,))(train.features)
    answers = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.isfinite(logits).all()
    np.testing.assert_allclose(answers[0, :2], [0.5, 0.5], atol=1e-2)
