"""Errors of the trainer that a user can mend."""

from __future__ import annotations

from spaces.errors import InputError


class TrainerError(InputError):
    """A device, a supernet file or a setting that this trainer cannot work with."""
