"""What can be searched: architectures, their costs, and how many there are.

``load_space("autostr")`` is the way in; ``spaces.base`` explains the interface.

``base``        ``Space``, the interface that searchers and trainers use
``autostr/``    the AutoSTR space
``strnas/``     the STR-NAS space
``networks/``   from an architecture to a network of torch
``path_graph``  the paths and costs of a space as a graph
``best``        the best architecture within caps for scores that add up
``points``      checks the integer choices that black-box searchers propose

``errors``      ``InputError``, base of all that a user can mend
``names``       the message for an unknown name, with the nearest known one
``notice``      prints one line on standard error
``files``       opens files that others made, within bounds
``atomic``      writes files whole or not at all
``cache``       where the cache folder is
"""

from __future__ import annotations

import inspect
from importlib import import_module

from spaces.base import Architecture, NamedEncoding, Space
from spaces.errors import InputError, SpaceError
from spaces.names import unknown_name

__all__ = [
    "SPACES",
    "Architecture",
    "InputError",
    "NamedEncoding",
    "Space",
    "SpaceError",
    "load_space",
]

SPACES: dict[str, str] = {
    "autostr": "spaces.autostr.space:AutoSTRSpace",
    "strnas": "spaces.strnas.space:STRNASSpace",
}


def load_space(name: str, *, part: str = "", **options: object) -> Space:
    """Make the space called ``name``; ``options`` go to its constructor.

    ``part`` says what is searched of a space that has parts (see ``Space.part``); '' is the
    space's own default.

    An unknown name or option is a SpaceError that names the nearest known one.
    """
    if name not in SPACES:
        raise SpaceError(unknown_name("space", name, SPACES))
    module, _, attribute = SPACES[name].partition(":")
    maker = getattr(import_module(module), attribute)
    if part:
        options["part"] = part
    known = inspect.signature(maker).parameters
    for option in options:
        if option not in known:
            raise SpaceError(unknown_name(f"option of space {name}", option, known))
    space = maker(**options)
    if not isinstance(space, Space):
        raise SpaceError(f"{SPACES[name]} did not make a Space but {type(space).__name__}")
    return space
