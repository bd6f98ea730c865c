"""Seconds of a probe of 3,000 pictures, 1,280 features and 9 classes, ours beside scikit-learn's, in one run.

    python benchmarks/probe.py
    python benchmarks/probe.py --pictures 1000 --features 2048

Both choose the regularisation among the same penalties on a held-out fifth. Ours goes from one solution to the next and
ends when weaker penalties are worse; scikit-learn's LogisticRegression fits each from the last one too (warm_start).
The features are made up: as after a ReLU, many of them alike.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from suite.training.probe import PENALTIES, Labelled, fitted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=3_000)
    parser.add_argument("--features", type=int, default=1_280)
    parser.add_argument("--classes", type=int, default=9)
    given = parser.parse_args()
    features, labels = made(given.pictures, given.features, given.classes)
    held = given.pictures // 5
    train, validation = Labelled(features[held:], labels[held:]), Labelled(features[:held], labels[:held])
    began = time.perf_counter()
    probe = fitted(train, validation.features, given.classes, lambda logits: (right(logits, validation),))
    ours = time.perf_counter() - began
    print(f"ours: {ours:.2f} s, validation accuracy {right(probe(validation.features), validation):.2f} %")
    began = time.perf_counter()
    best = max(theirs(train, validation))
    seconds = time.perf_counter() - began
    print(f"scikit-learn: {seconds:.2f} s, validation accuracy {best:.2f} % ({seconds / ours:.1f} times the seconds)")


def theirs(train: Labelled, validation: Labelled) -> list[float]:
    """Return the validation accuracy of scikit-learn's classifier at each penalty, in percent."""
    mean, deviation = train.features.mean(axis=0), train.features.std(axis=0) + 1e-12
    found = []
    model = LogisticRegression(warm_start=True, max_iter=500)
    with threadpool_limits(1):
        for penalty in PENALTIES:
            model.set_params(C=1 / (penalty * len(train.labels))).fit((train.features - mean) / deviation, train.labels)
            found.append(right(model.decision_function((validation.features - mean) / deviation), validation))
    return found


def right(logits: np.ndarray, of: Labelled) -> float:
    """Return the share of right answers, in percent."""
    return 100 * float((logits.argmax(axis=1) == of.labels).mean())


def made(pictures: int, features: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return made-up features [N, D] and labels [N] that a linear classifier gets right for about four in five."""
    source = np.random.default_rng(0)
    labels = source.integers(classes, size=pictures)
    hidden = source.normal(size=(pictures, 60)) + 0.35 * source.normal(size=(classes, 60))[labels]
    mixed = hidden @ source.normal(size=(60, features)) + 3 * source.normal(size=(pictures, features))
    return np.maximum(0, mixed - 5).astype(np.float32), labels


if __name__ == "__main__":
    main()
