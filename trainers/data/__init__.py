"""Where images and labels come from: LMDB files, imported folders, the renderer, the loader."""

from __future__ import annotations
