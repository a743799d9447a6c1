"""The AutoSTR search space, without networks.

``space``          ``AutoSTRSpace``, which puts the others together
``operations``     the seven operations, the default one, and strides
``paths``          the downsampling paths, and their ranks
``costs``          MACs and parameters of each operation at each place
``graph``          the space as a path graph, for gradient searchers
``moves``          neighbours, mutation and crossover
``encodings``      the space as integer choices, for black-box searchers
``text``           architectures as text, written and read
``checks``         refuses encodings and paths that are not legal
``counting``       counts and draws architectures under a limit on MACs
``stored_counts``  keeps those counts on disk
``digits``         the operations of an architecture as one number
"""

from __future__ import annotations

from spaces.autostr.costs import CostTables
from spaces.autostr.operations import OPERATIONS, SKIP, STRIDES, Operation
from spaces.autostr.space import AutoSTRSpace

__all__ = ["OPERATIONS", "SKIP", "STRIDES", "AutoSTRSpace", "CostTables", "Operation"]
