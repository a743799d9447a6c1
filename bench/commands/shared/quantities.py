"""Option values that people write in more than one way."""

from __future__ import annotations

from decimal import Decimal

import click

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
LARGEST = 10**15


class Limit(click.ParamType[int]):
    """A whole number of something: ``450000000``, ``450M``, ``0.45G``, ``450e6``."""

    def __init__(self, unit: str, example: str) -> None:
        self.name = unit
        self.example = example

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number; fails with one line for anything else."""
        text = str(value).strip().lower()
        unit = text[-1:] if text[-1:] in UNITS else ""
        try:
            # Decimal, since 0.1e9 as a float times a unit may miss a whole number.
            number = Decimal(text.removesuffix(unit)) * UNITS[unit]
        except ArithmeticError:
            number = Decimal("nan")
        if not number.is_finite() or not 1 <= number <= LARGEST or number != int(number):
            self.fail(
                f"{str(value)[:40]!r} is no number of {self.name}; expected a whole number from 1 "
                f"to 1e15 such as {self.example}",
                param,
                ctx,
            )
        return int(number)


MAC_LIMIT = Limit("MACs", "450000000, 450M or 450e6")
PARAMETER_LIMIT = Limit("parameters", "2500000, 2.5M or 25e5")
