"""How networks are measured: the settings of `suite measure`."""

from __future__ import annotations

from dataclasses import dataclass, field

from suite.core.inputs import Given, Sizes


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How networks are measured."""

    paths: tuple[str, ...] | None = None  # None: what each network is made for
    batches: tuple[int, ...] = (1,)
    image: Sizes | None = None  # H, W, C; None: what each network was made for
    images: Given = field(default_factory=dict)  # sizes by the names of inputs, for files of several
    classes: int = 1000
    precision: str = "float32"
    threads: int  # processors given to the process, and threads of the runtime
    seconds: float = 30.0  # after which no further block begins; ten are always timed
    longest: float = 600.0  # seconds: skip a cell if ten blocks would take longer
    again: bool = False  # whether cells that are not stable are measured again; those that failed always are
    trusted: bool = False  # whether code that a model's file brings along may run

    @property
    def given(self) -> Given:
        """All sizes by the names of inputs; "" is the only input of a network."""
        return {**({"": self.image} if self.image else {}), **self.images}
