"""Errors that a user can mend.

Every error says in one line what was given, what was expected and how to mend it.
A command line may catch ``InputError`` alone and print its text.
"""

from __future__ import annotations


class InputError(ValueError):
    """Base of every error that the caller can mend by changing what was given.

    ::

        ValueError
        └── InputError            anything the caller can mend
            └── SpaceError        an architecture, encoding or limit outside a space

    Other parts of the bench add their own subclasses below ``InputError``.
    """


class SpaceError(InputError):
    """An architecture, encoding, index or limit that does not belong to the space."""
