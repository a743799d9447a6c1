"""The embedded source of word images: fonts, words, one image, a whole data set.

``settings``      what kind of images are drawn
``dataset``       draws a whole LMDB
``words``         chooses the texts of a split
``vocabulary``    English words, and how often they are used
``render``        draws one word, from text to picture
``fonts``         the faces that words are written in
``masks``         the letters, with outline and shadow
``geometry``      where the text lies: stretched, bent, in perspective
``colours``       colours that stay readable
``surroundings``  what lies behind and around the text
``effects``       what a camera does to the picture
"""

from __future__ import annotations
