"""The candidates of the STR-NAS slides, and which of them each kind of cell may have.

Codes 0 to 6 are those of a normal cell; a reduction cell has the same but for the identity; the
first cell has plain convolutions of its own.
"""

from __future__ import annotations

from spaces.autostr.operations import Operation

OPERATIONS: tuple[Operation, ...] = (
    Operation("identity", 0, 0),
    Operation("k3e3", 3, 3),
    Operation("k5e3", 5, 3),
    Operation("k7e3", 7, 3),
    Operation("k3e6", 3, 6),
    Operation("k5e6", 5, 6),
    Operation("k7e6", 7, 6),
    Operation("k3", 3, 0),
    Operation("k5", 5, 0),
    Operation("k7", 7, 0),
)
FIRST, REDUCTION, NORMAL = "first", "reduction", "normal"
# Kind of cell -> the codes of its candidates, without gaps.
CANDIDATES: dict[str, range] = {FIRST: range(7, 10), REDUCTION: range(1, 7), NORMAL: range(7)}
