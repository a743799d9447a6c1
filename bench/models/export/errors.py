"""What can go wrong with an export."""

from __future__ import annotations

from spaces.errors import InputError


class ExportError(InputError):
    """A file that cannot be made, or that does not read what the model reads."""
