"""Text from elsewhere as it can be shown: in a terminal, on a page, as the name of a folder."""

from __future__ import annotations

import re
import unicodedata

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
#: They reorder the text around them: a name could pass for another.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def readable(text: str) -> str:
    """``text`` with line breaks as spaces and without characters that no page can show."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_readable(character) for character in text)


def readable_lines(text: str) -> str:
    """The same of what has several lines and columns: their ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in "\n\t" else _readable(c) for c in text)


def folder_name(text: str) -> str:
    """``text`` as part of the name of a folder: no separators, nothing that a file system minds."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:100].strip("-.")


def _readable(character: str) -> str:
    if character in "\n\r\t\u2028\u2029":
        return " "
    bad = character in TURNING or unicodedata.category(character) in ("Cc", "Cs")
    # Two characters that XML 1.0 does not know.
    return UNREADABLE if bad or character in "\ufffe\uffff" else character
