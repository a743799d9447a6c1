"""What a supernet is trained on, step by step: one strategy a file.

``uniform``   every architecture alike, from the first step
``grown``     from one architecture to all of them
``neutral``   from a network that is no architecture of the space to all of them

A strategy draws paths for a share of the training that is over; ``SupernetTraining`` does the rest.
"""
