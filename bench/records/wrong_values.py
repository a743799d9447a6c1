"""What msgspec says of a value that does not fit, as a sentence that names key and choices."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect


def in_words(error: msgspec.ValidationError, kind: type[Any]) -> str:
    """``Expected `int`, got `str` - at `$.run.budget_images``` with the key in front.

    For one of a few words these are listed; ``kind`` is what was to be made.
    """
    text, _, place = str(error).partition(" - at `$")
    place = place.strip("`.")
    if text.startswith("Invalid enum value") and (choices := _choices(kind, place)):
        text += f", expected {' or '.join(choices)}"
    place = place.replace("[...]", "")
    return f"{place}: {text}" if place else text


def _choices(kind: type[Any], place: str) -> list[str]:
    """The words that the value at ``place`` is one of; none where it is something else."""
    found: Any = inspect.type_info(kind)
    for key in place.split("."):
        fields = {field.encode_name: field.type for field in getattr(found, "fields", ())}
        found = fields.get(key)
    return [str(value) for value in getattr(found, "values", ())]
