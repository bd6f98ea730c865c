"""The mistakes of one study, collected: each names its file (or its `--set`), its table and its key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from suite.core.errors import StudyError, did_you_mean
from suite.studyfile import toml

Keys = tuple[str | int, ...]  # from the top of the file down: ("objectives", 1, "measure")

_PART = re.compile(r"([\w-]+)((?:\[\d{1,9}\])*)")


def keys_of(text: str) -> Keys:
    """Return the keys that `text` names: `objectives[1].measure` is `("objectives", 1, "measure")`, counted from 0."""
    keys: list[str | int] = []
    for part in text.split("."):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise StudyError(f"--set {text}: not a key. Keys look like budget.trials or objectives[1].measure")
        keys += [match[1], *map(int, re.findall(r"\d+", match[2]))]
    if len(keys) > toml.DEEPEST:
        raise StudyError(f"--set {text}: {toml.DEEP}")
    return tuple(keys)


def inside(table: Keys) -> str:
    """Return the words for the table `table`: `in [space.vit]`, `in [[objectives]] number 2`, `at the top level`."""
    if not table:
        return "at the top level"
    *names, last = table
    return f"in [[{names[0]}]] number {last + 1}" if isinstance(last, int) else f"in [{'.'.join(map(str, table))}]"


def named(keys: Keys) -> str:
    """Return `keys` in the words of a message: `seed`, `depths in [space]`, `[[objectives]] number 2`."""
    if len(keys) == 1:
        return str(keys[0])
    return inside(keys).removeprefix("in ") if isinstance(keys[-1], int) else f"{keys[-1]} {inside(keys[:-1])}"


class Mistakes:
    """The mistakes as lines for the user, first found first; the length is their number.

    `place` is the file. `overrides` are the texts after `--set`: a mistake in one of them names it.
    """

    def __init__(self, place: str, overrides: Sequence[str] = ()) -> None:
        self._place = place
        self._overrides = {text: keys_of(text) for text in (override.partition("=")[0] for override in overrides)}
        self._lines: list[str] = []

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, keys: Keys, text: str) -> None:
        """Note a mistake at `keys`; `text` says what is wrong."""
        place = self._source(keys)
        subject = "" if not keys or self._is_override(keys) else f"{named(keys)}: "
        self._lines.append(f"{place}: {subject}{text}")

    def unknown(self, keys: Keys, known: Iterable[str]) -> None:
        """Note that the last of `keys` is not one of the `known` keys of its table."""
        hint = did_you_mean(str(keys[-1]), known)
        self._lines.append(f"{self._source(keys)}: no key '{keys[-1]}' {inside(keys[:-1])}.{hint}")

    def missing(self, keys: Keys, example: str) -> None:
        """Note that the last of `keys` is required; `example` shows how it is written."""
        self._lines.append(f"{self._source(keys)}: missing '{keys[-1]}' {inside(keys[:-1])}: write {example}")

    @contextmanager
    def at(self, *keys: str | int) -> Iterator[None]:
        """Note a StudyError from the block as a mistake at `keys`, and continue."""
        try:
            yield
        except StudyError as error:
            self.add(keys, str(error))

    def check(self) -> None:
        """Raise a StudyError with a line for each mistake, if there is any."""
        if self._lines:
            raise StudyError("\n".join(self._lines))

    def _is_override(self, keys: Keys) -> bool:
        return keys in self._overrides.values()

    def _source(self, keys: Keys) -> str:
        for text, path in reversed(self._overrides.items()):
            if keys[: len(path)] == path:
                return f"--set {text}"
        for text, path in reversed(self._overrides.items()):
            if keys and path[: len(keys)] == keys:
                return f"{self._place} with --set {text}"
        return self._place
