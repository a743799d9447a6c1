"""Which characters count, and how a label is folded to them.

The folding rule, applied in this order:

1. Unicode NFC.
2. Lower case, where the charset has no upper case.
3. Characters outside the charset are removed (``stripped``), as the field's evaluation
   protocol does with punctuation.
4. Nothing left is ``empty``; more than ``max_length`` left, or more than a CTC head has time steps
   for, is ``too_long``; both are skipped.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from trainers.data.errors import DataError

FoldStatus = Literal["kept", "stripped", "empty", "too_long"]
FOLD_STATUSES: tuple[FoldStatus, ...] = ("kept", "stripped", "empty", "too_long")
DEFAULT_MAX_LENGTH = 25


@dataclass(frozen=True)
class FoldedLabel:
    """A label under a charset. ``text`` is usable unless ``status`` is empty or too_long."""

    text: str
    status: FoldStatus

    @property
    def usable(self) -> bool:
        """Whether the sample takes part in training and evaluation."""
        return self.status in ("kept", "stripped")


@dataclass(frozen=True)
class Charset:
    """An ordered set of characters; class ``i`` of a recogniser is ``characters[i]``."""

    name: str
    characters: str

    def __post_init__(self) -> None:
        """Refuse an empty set, repeated characters and characters that NFC would change."""
        if not self.characters:
            raise DataError(f"charset {self.name!r} has no characters; give at least one")
        if len(set(self.characters)) != len(self.characters):
            raise DataError(f"charset {self.name!r} repeats a character; list each once")
        if unicodedata.normalize("NFC", self.characters) != self.characters:
            raise DataError(f"charset {self.name!r} is not in Unicode NFC; normalise it first")

    def __len__(self) -> int:
        """Return the number of characters (no special symbols counted)."""
        return len(self.characters)

    @cached_property
    def members(self) -> frozenset[str]:
        """The characters as a set."""
        return frozenset(self.characters)

    @cached_property
    def folds_case(self) -> bool:
        """Whether labels are lower-cased: true where the set has no upper-case letter."""
        return not any(c.isupper() for c in self.characters)

    def fold(
        self, label: str, max_length: int = DEFAULT_MAX_LENGTH, steps: int | None = None
    ) -> FoldedLabel:
        """Fold ``label`` by the rule on top of this module, for ``steps`` time steps of CTC.

        A label counts as ``stripped`` when characters were removed; a change of case or of
        Unicode form alone is still ``kept``.
        """
        text = label if label.isascii() else unicodedata.normalize("NFC", label)
        if self.folds_case:
            text = text.lower()
        members = self.members
        folded = "".join([c for c in text if c in members])
        if not folded:
            return FoldedLabel("", "empty")
        if len(folded) > max_length or (steps is not None and ctc_steps(folded) > steps):
            return FoldedLabel(folded, "too_long")
        return FoldedLabel(folded, "kept" if len(folded) == len(text) else "stripped")


def ctc_steps(symbols: Sequence[object]) -> int:
    """Time steps that CTC needs at least: one a symbol, and a blank between two that are equal."""
    pairs = pairwise(symbols)
    return len(symbols) + sum(first == second for first, second in pairs)


_ALPHANUMERIC = string.digits + string.ascii_lowercase

CHARSETS: Mapping[str, Charset] = {
    "36": Charset("36", _ALPHANUMERIC),
    "62": Charset("62", _ALPHANUMERIC + string.ascii_uppercase),
    "94": Charset("94", _ALPHANUMERIC + string.ascii_uppercase + string.punctuation),
}


def get_charset(name: str | Charset) -> Charset:
    """Return the named charset, or the given one unchanged.

    Raises:
        DataError: no charset has this name.
    """
    if isinstance(name, Charset):
        return name
    if name not in CHARSETS:
        known = ", ".join(CHARSETS)
        raise DataError(f"unknown charset {name!r}; expected one of {known}")
    return CHARSETS[name]
