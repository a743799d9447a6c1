"""What a supernet is trained on, step by step: one strategy a file.

A strategy draws paths for a share of the training that is over; ``SupernetTraining`` does the rest.

``strategy``  ``Strategy``, the base class, and the settings of all
``uniform``   every architecture alike, from the first step
``grown``     from one architecture to all of them
``neutral``   from a network outside the space to all of its architectures
"""
