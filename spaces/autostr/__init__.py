"""The AutoSTR search space, without networks."""

from __future__ import annotations

from spaces.autostr.costs import CostTables
from spaces.autostr.operations import OPERATIONS, SKIP, STRIDES, Operation
from spaces.autostr.space import AutoSTRSpace

__all__ = ["OPERATIONS", "SKIP", "STRIDES", "AutoSTRSpace", "CostTables", "Operation"]
