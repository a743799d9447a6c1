"""How many runs were planned and are there, and which are not."""

from __future__ import annotations

from dataclasses import dataclass

from bench.records.study_roll import Planned, Roll


@dataclass(frozen=True)
class Plan:
    """Planned runs by what became of them; ``extra`` are folders of runs that nobody planned."""

    planned: int
    complete: int
    failed: tuple[Planned, ...]
    unfinished: tuple[Planned, ...]
    missing: tuple[Planned, ...]
    extra: tuple[str, ...]

    @classmethod
    def of(cls, roll: Roll) -> Plan:
        """From the runs held against their study."""
        return cls(
            planned=len(roll.planned),
            complete=len(roll.complete),
            failed=roll.failed,
            unfinished=roll.unfinished,
            missing=roll.missing,
            extra=tuple(map(str, roll.extra)),
        )
