"""The STR-NAS search space, without networks.

``space``       ``STRNASSpace``, which puts the others together
``operations``  the candidates, and which kind of cell may have which
``cells``       the cells in order, their shapes and costs
``encodings``   the space as integer choices, for black-box searchers
``text``        architectures as text, written and read
``counting``    counts and draws architectures under a limit on MACs
"""

from __future__ import annotations

from spaces.strnas.cells import Cell, extractor_cells, rectifier_cells
from spaces.strnas.operations import OPERATIONS
from spaces.strnas.space import STRNASSpace

__all__ = ["OPERATIONS", "Cell", "STRNASSpace", "extractor_cells", "rectifier_cells"]
