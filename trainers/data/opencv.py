"""OpenCV as everything here uses it: one way of computing, on every processor.

With the ways that it has for newer processors, Intel's IPP among them, one seed renders other words
on another machine (of 3,000 words some differ between SSE 4.2, AVX and AVX2). Then a study that
moves is another study, and a training that was begun on another machine starts again. On images as
small as words nothing is lost by it.
"""

import cv2

cv2.setUseOptimized(False)

__all__ = ["cv2"]
