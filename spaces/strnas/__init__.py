"""The STR-NAS search space, without networks."""

from __future__ import annotations

from spaces.strnas.cells import Cell, extractor_cells, rectifier_cells
from spaces.strnas.operations import OPERATIONS
from spaces.strnas.space import STRNASSpace

__all__ = ["OPERATIONS", "Cell", "STRNASSpace", "extractor_cells", "rectifier_cells"]
