"""Errors of searchers that a user can mend."""

from __future__ import annotations

from spaces.errors import InputError


class SearcherError(InputError):
    """A searcher that does not exist, or settings and states it cannot work with."""
