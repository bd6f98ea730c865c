"""Is our network the one of torchvision or timm? With its weights copied in, outputs and gradients agree.

For a family of yours, write tests/oracle/test_FAMILY.py with a table of (our name, their module, side) and

    from tests.oracle.compare import assert_same
    def test_...(name, build, side):
        assert_same(name, build(num_classes=7), side)     # and what their form changes in our Config: epsilon=1e-3

and run `.venv-oracle/bin/python -m pytest tests/oracle -m oracle -q -k FAMILY`. Layers are paired by the order of both
graphs (see graph.py), so names do not matter, nor which operand of a sum comes first; concatenations keep their order.
Kernels are transposed; qkv in one dense layer is divided into Keras' three. What else is laid out otherwise goes into
`layouts`: from the end of a torch parameter's name to a function of its value that returns it as ours.
Everything is computed in double precision: what differs by more than 1e-5 is another network, not rounding. All
weights and the pictures are random; sides may be small and odd (that shows padding); giants with fewer layers.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import torch

from suite import architectures
from suite.architectures.weights.copying import learned
from suite.core.task import Task
from tests.oracle import graph

Layouts = Mapping[str, Callable[[np.ndarray], np.ndarray]]
TOLERANCE = 1e-5  # of the spread of the logits, and of the largest gradient of a tensor

BATCH_NORM = torch.nn.modules.batchnorm._BatchNorm
NORMS = (BATCH_NORM, torch.nn.LayerNorm, torch.nn.GroupNorm)
ROLES = {  # what torch calls the weights of Keras' layers
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "pointwise_kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


@dataclasses.dataclass(frozen=True)
class Pair:
    """A weight of ours and where its value is in their state."""

    layer: keras.layers.Layer
    ours: Any  # variable
    theirs: str  # name of the parameter or buffer
    third: int | None = None  # which third of the rows: query, key, value

    def fitted(self, value: np.ndarray, layouts: Layouts) -> np.ndarray:
        """Return their value, or its gradient, as ours is laid out."""
        value = value if self.third is None else np.split(value, 3)[self.third]
        for ending, layout in layouts.items():
            if self.theirs.endswith(ending):
                return layout(value).reshape(self.ours.shape)
        return _fitted(value, self)


def assert_same(
    name: str,
    theirs: torch.nn.Module,
    side: int,
    *,
    batch: int = 4,
    layouts: Layouts | None = None,
    tolerance: float = TOLERANCE,
    output: str | None = None,
    **changes: Any,
) -> None:
    """Hold the network `name`, with `changes` to its Config, equal to `theirs`: logits, and gradients of all weights.

    The number of classes is that of `theirs`. A layer that computes in single precision needs another `tolerance`.
    `output` is the layer of ours whose logits are compared, if not its last: that of an auxiliary classifier.
    """
    pictures = _pictures(side, batch)
    theirs = randomized(theirs.double().eval(), pictures)
    image, expected = _answers(theirs, pictures)
    ours = _ours(name, changes, side, expected.shape[1])
    ours = keras.Model(ours.inputs[0], ours.get_layer(output).output) if output else ours
    pairs = paired(ours, theirs, graph.of_torch(theirs, image, expected))
    with torch.no_grad():
        for pair in pairs:
            if pair.ours is None:  # our normalisation has no such weight: it is to do nothing in theirs
                theirs.get_parameter(pair.theirs).fill_(1.0 if pair.theirs.endswith("weight") else 0.0)
    image, expected = _answers(theirs, pictures)
    _copy([pair for pair in pairs if pair.ours is not None], theirs.state_dict(), layouts or {})
    compared = [pair for pair in pairs if pair.ours is not None]
    _assert_agree(ours, theirs, compared, image, expected, layouts or {}, tolerance)


def _ours(name: str, changes: dict[str, Any], side: int, classes: int) -> keras.Model:
    config: Any = dataclasses.replace(architectures.config(name), **changes)  # type: ignore[type-var]
    task = Task(height=side, width=side, channels=3, classes=classes)
    return architectures.family(name.partition("/")[0]).build(config, task)


def _pictures(side: int, batch: int) -> torch.Tensor:
    """Return pictures (B, 3, H, W) that differ in brightness and contrast too."""
    random = np.random.default_rng(1)
    contrast, brightness = random.uniform(0.2, 1, (2, batch, 3, 1, 1))
    return torch.from_numpy(contrast * random.uniform(-1, 1, (batch, 3, side, side)) + brightness - 0.6)


def _answers(module: torch.nn.Module, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    image = pictures.clone().requires_grad_()
    return image, module(image)


def randomized(module: torch.nn.Module, pictures: torch.Tensor) -> torch.nn.Module:
    """Give every parameter that starts alike another value by chance, and normalisations the statistics of pictures.

    Kernels of a network without normalisation get the size with which its answers depend on the pictures.
    """
    torch.manual_seed(0)
    norms = [part for part in module.modules() if isinstance(part, BATCH_NORM)]
    normalized = any(isinstance(part, NORMS) for part in module.modules())
    with torch.no_grad():
        for parameter in module.parameters():
            if not normalized and parameter.dim() > 1:
                torch.nn.init.kaiming_normal_(parameter)
            elif parameter.min() == parameter.max():
                _scatter(parameter)
        for norm in norms:
            norm.train()
            norm.momentum = 1.0
        module(pictures)
        for norm in norms:
            norm.eval()
    return module


def _scatter(parameter: torch.Tensor) -> None:
    if parameter.dim() > 1:
        parameter.normal_(0, 1 / math.sqrt(parameter[0].numel()))
    elif parameter.any():
        parameter.uniform_(0.5, 1.5)
    else:
        parameter.uniform_(-0.2, 0.2)


def paired(ours: keras.Model, theirs: torch.nn.Module, answer: graph.Node) -> list[Pair]:
    """Return every weight of ours with its place in theirs. Raises AssertionError where the networks part."""
    slots = [part for layer in graph.in_order(graph.of_keras(ours)) for part in _parts(layer)]
    places = iter(graph.in_order(answer))
    state = theirs.state_dict()
    pairs: list[Pair] = []
    pending: list[tuple[str, tuple[str, ...], int | None]] = []
    for layer, variables in slots:
        if not pending:
            path, names = next(places, ("", ()))
            packed = _is_packed(layer, variables, [state[_joined(path, name)].shape for name in names])
            pending = [(path, names, third) for third in ((0, 1, 2) if packed else (None,))]
        path, names, third = pending.pop(0)
        try:
            pairs.extend(_matched(layer, variables, path, names, third))
        except LookupError:
            raise AssertionError(_parting(pairs, layer, variables, path, names)) from None
    rest = list(places)
    assert not rest, f"nothing of ours is left to go with their {rest[:5]}"
    return pairs


def _parts(layer: keras.layers.Layer) -> Iterator[tuple[keras.layers.Layer, list[Any]]]:
    """Yield the weights of a layer in parts that torch has a module each for."""
    if isinstance(layer, keras.layers.MultiHeadAttention):
        for dense in (layer._query_dense, layer._key_dense, layer._value_dense, layer._output_dense):
            yield layer, dense.weights
    elif isinstance(layer, keras.layers.SeparableConv2D):
        yield layer, [layer.depthwise_kernel]
        yield layer, learned(layer)[1:]
    else:
        yield layer, learned(layer)


def _is_packed(layer: Any, variables: list[Any], shapes: list[Any]) -> bool:
    """Whether the next of theirs has query, key and value in one."""
    if isinstance(layer, keras.layers.MultiHeadAttention):
        query = variables[0] is layer._query_dense.kernel
    else:
        query = isinstance(layer, keras.layers.Dense)
    return query and bool(shapes) and shapes[0][0] == 3 * math.prod(variables[0].shape[1:])


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _matched(
    layer: keras.layers.Layer, variables: list[Any], path: str, names: tuple[str, ...], third: int | None
) -> list[Pair]:
    """Return the weights of one layer with those of one module: by what they are called, then by order."""
    left = list(names)
    pairs = []
    if isinstance(layer, keras.layers.BatchNormalization):
        roles = ["weight", "bias", "running_mean", "running_var"]
    else:
        roles = [_role(variable.name, left, len(variables)) for variable in variables]
    for variable, role in zip(variables, roles, strict=True):
        name = role if role in left else left[0] if role not in ROLES.values() and left else None
        if name is None and variable is None:
            continue
        if name is None:
            raise LookupError(role)
        left.remove(name)
        pairs.append(Pair(layer, variable, _joined(path, name), third))
    if left:
        raise LookupError(left[0])
    return pairs


def _role(name: str, names: list[str], count: int) -> str:
    role = ROLES.get(name, name)
    ends = [other for other in names if other.endswith(role)]  # in_proj_weight
    return ends[0] if len(ends) == 1 else names[0] if count == len(names) == 1 else role


def _parting(pairs: list[Pair], layer: Any, variables: list[Any], path: str, names: tuple[str, ...]) -> str:
    before = "".join(
        f"\n  {pair.layer.name} {pair.ours.shape} = {pair.theirs}" for pair in pairs[-6:] if pair.ours is not None
    )
    shapes = [(variable.name, tuple(variable.shape)) for variable in variables if variable is not None]
    return f"after {before}\nour '{layer.name}' with {shapes} does not go with their '{path}' with {list(names)}"


def _fitted(value: np.ndarray, pair: Pair) -> np.ndarray:
    """Return a torch value in the layout of Keras."""
    shape, name = tuple(pair.ours.shape), pair.ours.name
    if name == "depthwise_kernel":
        value = value.reshape(shape[2], shape[3], *value.shape[2:]).transpose(2, 3, 0, 1)
    elif "kernel" in name and value.ndim == 4:
        value = value.transpose(2, 3, 1, 0)
    elif "kernel" in name and value.ndim == 2:
        value = _rows_of_maps(value, pair.layer).T
    assert _size_of(value.shape) == _size_of(shape) or len(shape) != value.ndim, _unlike(value, pair)
    assert value.size == math.prod(shape), _unlike(value, pair)
    return value.reshape(shape)


def _rows_of_maps(value: np.ndarray, layer: keras.layers.Layer) -> np.ndarray:
    """Return a dense kernel (units, C * H * W) of flattened maps as one of (units, H * W * C)."""
    producer = layer.input._keras_history.operation if hasattr(layer, "input") else None
    while isinstance(producer, keras.layers.Dropout):
        producer = producer.input._keras_history.operation
    if not isinstance(producer, keras.layers.Flatten) or len(producer.input.shape) != 4:
        return value
    height, width, channels = producer.input.shape[1:]
    return value.reshape(-1, channels, height, width).transpose(0, 2, 3, 1).reshape(value.shape)


def _size_of(shape: tuple[int, ...]) -> list[int]:
    return [side for side in shape if side != 1]


def _unlike(value: np.ndarray, pair: Pair) -> str:
    return (
        f"their {pair.theirs}, as ours {value.shape}, does not fit '{pair.layer.name}' {pair.ours.name} "
        f"{tuple(pair.ours.shape)}"
    )


def _copy(pairs: list[Pair], state: Mapping[str, torch.Tensor], layouts: Layouts) -> None:
    for pair in pairs:
        pair.ours.assign(pair.fitted(state[pair.theirs].numpy(), layouts))


def _assert_agree(
    ours: keras.Model,
    theirs: torch.nn.Module,
    pairs: list[Pair],
    image: torch.Tensor,
    expected: torch.Tensor,
    layouts: Layouts,
    tolerance: float,
) -> None:
    weights = np.random.default_rng(2).normal(0, 1, expected.shape)
    (expected * torch.from_numpy(weights)).sum().backward()
    tensor = tf.constant(image.detach().numpy().transpose(0, 2, 3, 1))
    trained = [pair for pair in pairs if pair.ours.trainable]
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        answers = tf.cast(ours(tensor, training=False), tf.float64)
        loss = tf.reduce_sum(answers * weights)
    of_pictures, *of_weights = tape.gradient(loss, [tensor, *(pair.ours.value for pair in trained)])

    wanted = expected.detach().numpy()
    spread = np.ptp(wanted, axis=0).mean()
    assert spread > 1e-3 * np.abs(wanted).max(), "the answers hardly depend on the picture: nothing can be compared"
    _assert_near(answers.numpy(), wanted, spread, tolerance, "logits")
    wanted = image.grad.numpy().transpose(0, 2, 3, 1)
    _assert_near(of_pictures.numpy(), wanted, np.abs(wanted).max(), tolerance, "gradient of the pictures")

    gradients = [pair.fitted(theirs.get_parameter(pair.theirs).grad.numpy(), layouts) for pair in trained]
    least = 1e-9 * max(np.abs(gradient).max() for gradient in gradients)  # some, as of keys' biases, are zero
    for pair, gradient, wanted in zip(trained, of_weights, gradients, strict=True):
        scale = max(np.abs(wanted).max(), least)
        found = tf.convert_to_tensor(gradient).numpy()
        _assert_near(found, wanted, scale, tolerance, f"gradient of {pair.layer.name} {pair.ours.name} = {pair.theirs}")


def _assert_near(found: np.ndarray, wanted: np.ndarray, scale: float, tolerance: float, what: str) -> None:
    error = np.abs(found - wanted).max() / scale
    assert error <= tolerance, f"{what}: off by {error:.2g} of {scale:.2g}"
