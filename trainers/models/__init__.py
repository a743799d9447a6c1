"""Stand-alone recognisers: what they are, how they are built, trained from scratch and read with.

``description`` says what a model is and needs no torch; ``building`` makes its modules, ``files``
keeps its weights, ``training`` trains it, ``model`` reads words with it.
"""
