"""Architectures as people give them."""

from __future__ import annotations

from spaces import SPACES, Architecture, Space, load_space
from spaces.errors import SpaceError
from spaces.strnas.space import PARTS


def parse_architecture(space: Space, text: str) -> Architecture:
    """``space.parse``; the ``SpaceError`` names the space that a text of another one is of."""
    try:
        return space.parse(text)
    except SpaceError as error:
        other = None if text.isdecimal() else _other_space(space, text)
        if other is None:
            raise
        raise SpaceError(
            f"{text} is no architecture of space {space.name}, but one of another: give {other}"
        ) from error


def _other_space(space: Space, text: str) -> str | None:
    """Options that name the space, and part, in which ``text`` is an architecture."""
    own = space.name, space.part
    known = [(name, part) for name in SPACES for part in (PARTS if name == "strnas" else ("",))]
    for name, part in known:
        if (name, part) == own:
            continue
        try:
            load_space(name, part=part).parse(text)
        except SpaceError:
            continue
        return f"--space {name} --part {part}" if part else f"--space {name}"
    return None
