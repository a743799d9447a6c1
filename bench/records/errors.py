"""Errors of the harness that a user can mend."""

from __future__ import annotations

from spaces.errors import InputError


class PresetError(InputError):
    """A preset or a ``--set key=value`` that does not exist or does not fit."""


class RecordError(InputError):
    """A run directory that belongs to another run, or that cannot be read or written."""


class FolderInUse(RecordError):
    """A run directory that another process is working in at this moment."""


class Interrupted(Exception):
    """Ctrl-C between two pieces of work: everything is on disk, the run can be resumed."""
