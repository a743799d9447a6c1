"""Where images and labels come from: LMDB files, imported folders, the renderer, the loader.

``splits``        the words of a split, as a model takes them
``loader``        training batches, decoded ahead
``word_images``   decoded words, for evaluation and calibration
``charset``       which characters count, and how labels are folded
``augmentation``  changes training words at random
``warp``          its changes of shape
``tones``         its changes of tone

``store``         reads an LMDB of words
``lmdb_pages``    finds damage in an LMDB that would end the process
``writing``       writes an LMDB, and hashes one
``info``          counts what is in an LMDB
``sheet``         many words of an LMDB on one picture
``overlap``       hashes of images, to keep training and test apart
``unused``        warnings about words that cannot be used

``importing/``    from folders and zips of words to an LMDB
``sources``       reads folders and zips that others made
``rendering/``    draws the words of the embedded data set
``embedded``      renders that data set once, and keeps it in the cache

``image``         decodes and resizes images
``opencv``        OpenCV, set to compute alike on every processor
``errors``        ``DataError``
"""

from __future__ import annotations
