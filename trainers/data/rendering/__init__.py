"""The embedded source of word images: fonts, words, one image, a whole data set."""

from __future__ import annotations
