"""A panel: a stated sample of architectures, trained from scratch, against which proxies are held.

The table is all that has to be kept: what stands in it is not trained again, wherever the models
are.

``file``       the TOML file that states it
``rows``       the table beside that file, one line for each training
``training``   trains what is missing
``pairs``      what the second of two architectures has before the first
``agreement``  how another panel ranks the same architectures
"""
