"""Keras Tuner, BoTorch and pymoo behind `ask` and `tell`: each is imported only when it is replayed."""

from __future__ import annotations

import tempfile
from functools import partial
from typing import Any

import numpy as np

from search.methods import Random
from search.problem import Configuration, Problem
from search.replay import Method
from suite.machine.quiet import load_tensorflow


class KerasTuner(Method):
    """Keras Tuner's Bayesian optimisation of the sum of both objectives, which is all it has for two."""

    free_repeats = False

    def __init__(self, problem: Problem, seed: int, scaled: bool = False) -> None:
        load_tensorflow()  # Keras Tuner imports it, and its greetings would stand between the lines of progress
        import keras_tuner

        self._problem, self._scaled = problem, scaled
        objectives = [keras_tuner.Objective(name, "min") for name in ("error", "cost")]
        self._oracle = keras_tuner.oracles.BayesianOptimizationOracle(
            objective=objectives,
            max_trials=1_000_000,
            seed=seed + 1,  # it takes 0 for none
            hyperparameters=_hyperparameters(problem),
        )
        self._oracle.verbose = 0
        self._folder = tempfile.TemporaryDirectory()
        self._oracle._set_project_dir(self._folder.name, "oracle")

    def ask(self) -> Configuration:
        """Return what the oracle would train."""
        self._trial = self._oracle.create_trial("tuner")
        return tuple(self._trial.hyperparameters.values[name] for name in self._problem.names)

    def tell(self, configuration: Configuration, error: float, cost: float) -> None:
        """Tell it both objectives and their sum, as its tuner does."""
        if self._scaled:
            error, cost = map(float, self._problem.scale(error, cost))
        objective, metrics = self._oracle.objective, {"error": error, "cost": cost}
        metrics[objective.name] = objective.get_value(metrics)
        self._oracle.update_trial(self._trial.trial_id, metrics)
        self._trial.status = "COMPLETED"
        self._oracle.end_trial(self._trial)


def scaled_keras_tuner(problem: Problem, seed: int) -> Method:
    """Return Keras Tuner with a sum of what the protocol scales, which a user could not know."""
    return KerasTuner(problem, seed, scaled=True)


def _hyperparameters(problem: Problem) -> Any:
    import keras_tuner

    found = keras_tuner.HyperParameters()
    for column, name in enumerate(problem.names):
        found.Choice(name, problem.choices[column], ordered=problem.ordered(column))
    return found


class BoTorch(Method):
    """BoTorch's log noisy expected hypervolume improvement, a Gaussian process for each objective."""

    START = 10

    def __init__(self, problem: Problem, seed: int) -> None:
        import torch

        torch.manual_seed(seed)
        self._problem, self._random = problem, Random(problem, seed)
        self._choices = [torch.tensor(values, dtype=torch.double) for values in problem.choices]
        self._configurations: list[Configuration] = []
        self._values: list[tuple[float, float]] = []

    def ask(self) -> Configuration:
        """Return the best point of a local search over the grid, from a random start."""
        from botorch.optim import optimize_acqf_discrete_local_search

        if len(self._values) < self.START:
            return self._random.ask()
        candidates, _ = optimize_acqf_discrete_local_search(
            self._acquisition(), self._choices, q=1, num_restarts=10, raw_samples=1024, X_avoid=self._tried()
        )
        return tuple(int(index) for index in candidates[0].tolist())

    def tell(self, configuration: Configuration, error: float, cost: float) -> None:
        """Remember an answer; costs enter by their logarithm."""
        self._configurations.append(configuration)
        self._values.append((-error, -np.log10(cost)))  # it maximises

    def _tried(self) -> Any:
        import torch

        return torch.tensor(self._configurations, dtype=torch.double)

    def _acquisition(self) -> Any:
        import torch
        from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import ModelListGP
        from botorch.utils.multi_objective.hypervolume import infer_reference_point
        from botorch.utils.multi_objective.pareto import is_non_dominated
        from gpytorch.mlls import SumMarginalLogLikelihood

        tried, values = self._tried(), torch.tensor(self._values, dtype=torch.double)
        model = ModelListGP(*(self._process(tried, objective) for objective in values.split(1, dim=1)))
        fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
        reference = infer_reference_point(values[is_non_dominated(values)])
        return qLogNoisyExpectedHypervolumeImprovement(model, reference, tried, prune_baseline=True)

    def _process(self, tried: Any, values: Any) -> Any:
        """Return a Gaussian process of one objective, with a kernel of its own for categorical columns."""
        from botorch.models import MixedSingleTaskGP, SingleTaskGP
        from botorch.models.transforms import Normalize, Standardize

        columns = range(len(self._problem.columns))
        ordered = [column for column in columns if self._problem.ordered(column)]
        categorical = [column for column in columns if not self._problem.ordered(column)]
        kind = partial(MixedSingleTaskGP, cat_dims=categorical) if categorical else SingleTaskGP
        unit = Normalize(d=len(columns), indices=ordered) if ordered else None
        return kind(tried, values, outcome_transform=Standardize(m=1), input_transform=unit)


class Pymoo(Method):
    """pymoo's NSGA-II over mixed variables, a generation at a time."""

    def __init__(self, problem: Problem, seed: int) -> None:
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.core.mixed import MixedVariableDuplicateElimination, MixedVariableMating, MixedVariableSampling
        from pymoo.core.problem import Problem as Searched

        self._names = problem.names
        distinct = MixedVariableDuplicateElimination()
        self._algorithm = NSGA2(
            pop_size=20,
            sampling=MixedVariableSampling(),
            mating=MixedVariableMating(eliminate_duplicates=distinct),
            eliminate_duplicates=distinct,
        )
        self._algorithm.setup(Searched(vars=_variables(problem), n_obj=2), seed=seed, termination=("n_gen", 10**6))
        self._generation: Any = ()
        self._values: list[tuple[float, float]] = []
        self._asked = False

    def ask(self) -> Configuration:
        """Return the next of the generation."""
        if len(self._values) == len(self._generation):
            self._next_generation()
        self._asked = True
        individual = self._generation[len(self._values)]
        return tuple(int(individual.X[name]) for name in self._names)

    def tell(self, configuration: Configuration, error: float, cost: float) -> None:
        """Remember what the generation is worth."""
        if self._asked:  # it has no way to learn of another
            self._values.append((error, cost))
        self._asked = False

    def _next_generation(self) -> None:
        from pymoo.core.evaluator import Evaluator
        from pymoo.problems.static import StaticProblem

        if self._values:
            Evaluator().eval(StaticProblem(self._algorithm.problem, F=np.array(self._values)), self._generation)
            self._algorithm.tell(infills=self._generation)
        self._generation, self._values = self._algorithm.ask(), []


def _variables(problem: Problem) -> dict[str, Any]:
    from pymoo.core.variable import Choice, Integer

    return {
        name: Integer(bounds=(problem.choices[c][0], problem.choices[c][-1]))
        if problem.ordered(c)
        else Choice(options=problem.choices[c])
        for c, name in enumerate(problem.names)
    }
