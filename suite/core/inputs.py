"""What a network takes: its inputs, and the sizes that a user gives to those whose size is free."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from suite.core.errors import ArchitectureError
from suite.core.task import spelled

Sizes = tuple[int, ...]  # the axes of one example, without the batch
Given = Mapping[str, Sizes]  # sizes by the name of an input; "" is the only input that needs them

STRING = "string"


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a network."""

    name: str
    shape: tuple[int | None, ...] | None  # the batch first; None: any size, or any number of axes
    dtype: str  # as NumPy calls it, or "string"

    @property
    def sizes(self) -> tuple[int | None, ...] | None:
        """Its shape without the batch; None for any number of axes."""
        return None if self.shape is None else self.shape[1:]

    @property
    def is_free(self) -> bool:
        """Whether its examples may have several sizes."""
        return self.sizes is None or None in self.sizes

    @property
    def form(self) -> str:
        """Its sizes, with letters for those that are free: `HxWx3`."""
        sizes = (None, None, None) if self.sizes is None else self.sizes
        letters = iter("HWCDEFG" if len(sizes) > 1 else "N")
        return "x".join(next(letters) if size is None else str(size) for size in sizes) or self.dtype

    def takes(self, sizes: Sizes) -> bool:
        """Whether examples of these sizes go in; for a string they are those of a picture, whose file it takes."""
        if self.dtype == STRING and self.sizes == ():
            return len(sizes) == 3
        return self.sizes is None or (
            len(sizes) == len(self.sizes)
            and all(own in (None, size) for own, size in zip(self.sizes, sizes, strict=True))
        )


def sized(inputs: Sequence[Input], given: Given) -> dict[str, Sizes]:
    """Return the sizes of an example for each input, by its name: its own, or those `given` to it.

    Raises ArchitectureError when sizes are missing, do not fit, or are given to an input that is not there.
    """
    named = _named(inputs, given)
    wrong = [one for one in inputs if one.name in named and not one.takes(named[one.name])]
    if wrong:
        raise ArchitectureError(f"it takes {described(inputs)}, not {spelled(named[wrong[0].name])} (--image)")
    lacking = [one for one in inputs if one.is_free and one.name not in named]
    if lacking:
        raise ArchitectureError(f"its size is free: give {_options(lacking, inputs)}, with numbers for the letters")
    own = {one.name: tuple(size or 0 for size in one.sizes or ()) for one in inputs}
    return own | named


def _named(inputs: Sequence[Input], given: Given) -> dict[str, Sizes]:
    """Return sizes by the names of inputs: those without a name are for the only input that can be meant."""
    names = [one.name for one in inputs]
    unknown = [name for name in given if name and name not in names]
    if unknown:
        raise ArchitectureError(f"it has no input '{unknown[0]}' (--image): it takes {described(inputs)}")
    if "" not in given:
        return dict(given)
    meant = [one for one in inputs if one.is_free and one.name not in given] or list(inputs)
    if len(meant) > 1:
        raise ArchitectureError(f"it takes {described(inputs)}: say which one is meant, {_options(meant, inputs)}")
    return {meant[0].name if name == "" else name: sizes for name, sizes in given.items()}


def _options(some: Sequence[Input], inputs: Sequence[Input]) -> str:
    """Return the options that give sizes to `some` of the inputs."""
    words = [f"{one.name}={one.form}" if len(inputs) > 1 else one.form for one in some]
    return " ".join(f"--image {shlex.quote(word)}" for word in words)


def described(inputs: Sequence[Input]) -> str:
    """Return inputs in words: `224x224x3`, or `left=224x224x3 and right=10`."""
    if len(inputs) == 1:
        return inputs[0].form
    return " and ".join(f"{one.name}={one.form}" for one in inputs)


def fixed_batch(inputs: Sequence[Input]) -> int | None:
    """Return the only batch size that inputs take; None if they take any."""
    batches = [one.shape[0] if one.shape else None for one in inputs if one.shape != ()]
    return None if None in batches else next(iter(batches), None)


def all_spelled(given: Given) -> str:
    """Return sizes with the names of their inputs: `left=224x224x3 right=10`; without one for the only input."""
    return " ".join(f"{name}={spelled(sizes)}" if name else spelled(sizes) for name, sizes in given.items())


def seen(inputs: Sequence[Input], sizes: Mapping[str, Sizes]) -> str:
    """Return what `inputs` see, as the column `image` of tables says it: their sizes, or else what they are."""
    words = {one.name if len(inputs) > 1 else "": spelled(sizes[one.name]) or one.dtype for one in inputs}
    return " ".join(f"{name}={word}" if name else word for name, word in words.items())


def read(text: str) -> tuple[str, Sizes] | None:
    """Return the name of an input and its sizes for `left=224x224x3`; None for text that is no sizes.

    The name is empty for sizes alone. A name may hold signs of equality; sizes have none.
    """
    name, _, sizes = text.rpartition("=")
    numbers = sizes.lower().replace(" ", "").split("x")
    if not all(number.isdecimal() and int(number) for number in numbers):
        return None
    return name, tuple(map(int, numbers))
