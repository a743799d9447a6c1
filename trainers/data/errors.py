"""The data room's own error."""

from __future__ import annotations

from spaces.errors import InputError


class DataError(InputError):
    """A data set, image or label that cannot be read, written or used as asked."""
