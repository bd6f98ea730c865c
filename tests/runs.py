"""What holds for every run, whatever its study."""

from __future__ import annotations

import numpy as np
import pytest

from suite.core import answers
from suite.core.trial import Run


def hold_answers(run: Run) -> None:
    """Hold that each trial kept the answers of its network: accuracy and loss are theirs."""
    for trial in run.candidates:
        found = answers.read(answers.place(run.folder, trial.number))
        assert found
        assert 100 * found.right.mean() == pytest.approx(trial.measures["accuracy"], abs=1e-3)
        assert -np.log(found.of_label).mean() == pytest.approx(trial.measures["loss"], abs=1e-3)
