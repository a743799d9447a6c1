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
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from spaces.files import read_regular
from trainers.data.errors import DataError

#: Before the characters of an alphabet of one's own, which is named by them: so it is known where
#: its name is kept, also when the file that it came from is gone.
OWN = "characters:"
MAX_CHARACTERS = 20_000
_MAX_FILE_BYTES = 1 << 20

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

    @property
    def title(self) -> str:
        """What people call it."""
        return f"of {len(self):,} own characters" if self.name.startswith(OWN) else self.name

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
    return len(symbols) + sum(first == second for first, second in pairwise(symbols))


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
    if name.startswith(OWN):
        name = _checked(name.removeprefix(OWN), "alphabet")
        return Charset(name, name.removeprefix(OWN))
    if name not in CHARSETS:
        raise DataError(f"unknown charset {name[:40]!r}; expected one of {', '.join(CHARSETS)}")
    return CHARSETS[name]


def find_charset(given: str) -> str:
    """Return the name of what a user gives: 36, 62, 94, or a file with an alphabet.

    The file is UTF-8 text, in one line or many; blanks and line ends are no characters of it.

    Raises:
        DataError: it is none of these, or an alphabet that cannot be used.
    """
    if given in CHARSETS:
        return given
    if given.startswith(OWN):
        return _checked(given.removeprefix(OWN), "alphabet")
    ways = f"{', '.join(CHARSETS)}, or a text file with the characters of an alphabet"
    try:
        raw = read_regular(given, _MAX_FILE_BYTES)
    except OSError:
        raise DataError(f"charset {given[:40]!r}: expected {ways}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{given} is not UTF-8 text (byte {error.start}); save it so") from None
    return _checked("".join(text.split()), given)


def _checked(characters: str, source: str) -> str:
    characters = unicodedata.normalize("NFC", characters)
    if not 1 <= len(characters) <= MAX_CHARACTERS:
        raise DataError(
            f"{source} has {len(characters):,} characters; expected 1 to {MAX_CHARACTERS:,}"
        )
    for character in characters:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp", "Zs"):
            raise DataError(f"{source} has the character {character!r}; expected visible ones")
    twice = [character for character, count in Counter(characters).items() if count > 1]
    if twice:
        raise DataError(f"{source} repeats {' '.join(twice[:10])}; list each character once")
    return OWN + characters
