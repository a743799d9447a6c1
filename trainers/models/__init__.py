"""Stand-alone recognisers: what they are, how they are built, trained from scratch and read with.

``description``  what a model is; needs no torch
``building``     makes its network
``training``     trains it
``model``        reads words with it
``files``        writes and reads its weights
``reader``       the same reading as one module, for export
``zero_cost``    measures of the network before any training
"""
