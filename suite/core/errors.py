"""The errors that a user can act on. Any other exception is a bug of the suite.

SuiteError                  exit code 1
  StudyError                2   a study file or a domain is wrong: names file and key
  ArchitectureError         2   no such network, or it cannot be built for this task
  DatasetError              2   no such dataset, or its pictures cannot be used: names the file
  UnknownOperationError     1   an operation that we cannot count: names it
  StoreError                1   the run folder or its database cannot be read or written
  DepotError                1   the depot of a run cannot be reached, read or written: says why
  TableError                1   a table of measured networks cannot be read or written: names the file
  ExportError               1   the exported model answers differently from the trained one
  NothingTrainedError       1   no trial of a study was completed: carries the reasons
  NothingFitsError          3   no trained model meets the limits: carries the nearest misses
  MissingExtraError         1   an optional package is not installed: names its install line
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

FEW = 40  # names that a message may list
LONG = 300  # characters that a message may quote of a value, or of what another library says


class SuiteError(Exception):
    """The root of the tree. `str(error)` is one line: what was wrong, where, and the way out."""

    exit_code = 1


class StudyError(SuiteError):
    """A study is wrong."""

    exit_code = 2


class ArchitectureError(SuiteError):
    """A network does not exist or cannot be built as asked."""

    exit_code = 2


class DatasetError(SuiteError):
    """A dataset does not exist or its pictures cannot be used."""

    exit_code = 2


class BrokenFilesError(DatasetError):
    """Files of a folder cannot be used. `files` has all of them, by what is wrong with them."""

    def __init__(self, message: str, files: Mapping[str, Sequence[Path]]) -> None:
        super().__init__(message)
        self.files = files


class UnknownOperationError(SuiteError):
    """An operation has no rule for counting its work."""


class StoreError(SuiteError):
    """A run cannot be read or written."""


class DepotError(SuiteError):
    """The depot of a run cannot be reached, read or written."""


class TableError(SuiteError):
    """A table of measured networks cannot be read or written."""


class ExportError(SuiteError):
    """An exported model does not agree with the trained one."""


class NothingTrainedError(SuiteError):
    """No trial was completed, so there is no front and no model."""


class NothingFitsError(SuiteError):
    """No trained model is within the limits asked for."""

    exit_code = 3


class MissingExtraError(SuiteError):
    """An optional package is not installed."""


def first_line(said: object) -> str:
    """Return the first line of a text, or of what an error says, that is not blank; empty if there is none."""
    return next((line.strip() for line in str(said).splitlines() if line.strip()), "")[:LONG]


def without_password(said: str) -> str:
    """Return a text without the passwords of the addresses in it."""
    return re.sub(r"(://[^:/@\s]*):[^@/\s]*@", r"\1@", said)


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the nearest of `words`; when none is near all of them, if they are FEW."""
    known = sorted(words)
    near = get_close_matches(word, known, n=1)
    if near:
        return f" Did you mean '{near[0]}'?"
    return f" Known: {', '.join(known)}." if len(known) <= FEW else ""
