"""What several commands need: options, output, and work that more than one of them starts.

``options``         ``--seed``, ``--set`` and others that several commands share
``default_preset``  the preset of a command that names none
``quantities``      numbers that people write in several ways, such as 450M
``workers``         options for how many workers, and which seeds

``say``             prints lines and warnings, made safe for a terminal
``output``          prints JSON documents and aligned tables
``pictures``        writes the file that ``--picture`` names
``exits``           the exit codes
``command_line``    the command as a person would type it again
``refusals``        one line for an argument refused, or an error of the system

``starts``          picks the supernet to start from where the preset's does not fit
``supernet_job``    prepares the training of a supernet
``supernets``       trains the supernets of several seeds side by side
``training``        trains one recogniser, for ``retrain`` and ``baseline``
``campaign``        trains many recognisers, for ``retrain``
``processes``       what the processes that torchrun started do in a command
``beside_others``   keeps torch's threads from waiting busily on a busy machine
"""

from __future__ import annotations
