"""Between words and character ids."""

from __future__ import annotations

from collections.abc import Sequence

from trainers.data.charset import Charset


class Codec:
    """Words of a charset as lists of ids in [0, len(charset))."""

    def __init__(self, charset: Charset) -> None:
        self.charset = charset
        self._ids = {character: index for index, character in enumerate(charset.characters)}

    def encode(self, word: str) -> list[int]:
        """Ids of a folded word; ``KeyError`` on a character outside the charset."""
        return [self._ids[character] for character in word]

    def decode(self, ids: Sequence[int]) -> str:
        """The word that ids spell."""
        return "".join(self.charset.characters[i] for i in ids)
