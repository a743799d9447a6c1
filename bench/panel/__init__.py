"""A panel: a stated sample of architectures, trained from scratch, against which proxies are held.

``file``      the TOML file that states it
``rows``      what became of each training, one line each, in a table beside that file
``pairs``     what the second of two architectures has before the first
``agreement`` how another panel ranks the same architectures
``training``  trains what is missing

The table is all that has to be kept: what stands in it is not trained again, wherever the models
are.
"""
