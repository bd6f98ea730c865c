"""Texts as numbers: word pieces that are learned from texts, by the library `tokenizers`.

Byte pairs (Sennrich et al., Neural Machine Translation of Rare Words with Subword Units, ACL 2016,
https://arxiv.org/abs/1508.07909) over the bytes of small letters, as in CLIP: no word is unknown, whatever its script.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.core.errors import MissingExtraError

if TYPE_CHECKING:
    import tokenizers

SPECIAL = ("[padding]", "[start]", "[end]")  # numbers 0, 1 and 2
LEAST = len(SPECIAL) + 256  # pieces: one for each byte


class Tokens:
    """Word pieces with their numbers: 0 fills a text up, 1 starts it, 2 ends it."""

    def __init__(self, pieces: tokenizers.Tokenizer) -> None:
        self._pieces = pieces

    @classmethod
    def learned(cls, texts: Iterable[str], most: int) -> Tokens:
        """Return the pieces of `texts` that occur more than once: at most `most`, but at least one for each byte.

        Raises MissingExtraError if the library is not installed.
        """
        parts = _library()
        pieces = parts.Tokenizer(parts.models.BPE())
        small = [parts.normalizers.NFKC(), parts.normalizers.Lowercase()]
        pieces.normalizer = parts.normalizers.Sequence(small)
        pieces.pre_tokenizer = parts.pre_tokenizers.ByteLevel(add_prefix_space=True)
        pieces.decoder = parts.decoders.ByteLevel()
        trainer = parts.trainers.BpeTrainer(
            vocab_size=max(most, LEAST), min_frequency=2, special_tokens=list(SPECIAL), show_progress=False,
            initial_alphabet=parts.pre_tokenizers.ByteLevel.alphabet(),
        )  # fmt: skip
        pieces.train_from_iterator(texts, trainer)
        ends = [(name, number) for number, name in enumerate(SPECIAL)][1:]
        pieces.post_processor = parts.processors.TemplateProcessing(single="[start] $A [end]", special_tokens=ends)
        return cls(pieces)

    @classmethod
    def read(cls, text: str) -> Tokens:
        """Return what `written` wrote."""
        return cls(_library().Tokenizer.from_str(text))

    @property
    def written(self) -> str:
        """All that `read` needs, as JSON."""
        return str(self._pieces.to_str())

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return int(self._pieces.get_vocab_size())

    def longest(self, texts: Sequence[str]) -> int:
        """Return the most pieces of a text, with its start and end."""
        self._pieces.no_truncation()
        self._pieces.no_padding()
        return max(len(one.ids) for one in self._pieces.encode_batch(list(texts)))

    def numbers(self, texts: Sequence[str], length: int) -> np.ndarray:
        """Return texts as int32 (N, length): a longer text is cut before its end, a shorter one filled with 0."""
        self._pieces.enable_truncation(length)
        self._pieces.enable_padding(length=length, pad_id=0, pad_token=SPECIAL[0])
        return np.array([one.ids for one in self._pieces.encode_batch(list(texts))], np.int32).reshape(-1, length)

    def text(self, numbers: Sequence[int]) -> str:
        """Return the words of numbers, in small letters."""
        return str(self._pieces.decode([int(number) for number in numbers])).strip()


def _library() -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise MissingExtraError(
            "learning from texts needs tokenizers: pip install 'keras-comparison-suite[words]'"
        ) from error
    return tokenizers
