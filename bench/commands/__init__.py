"""One file for each command of ``bench``.

``run``             ``bench run``: one searcher with one seed, begun or resumed
``study``           ``bench study``: all runs of a study that are left
``compare``         ``bench compare``: the report of runs
``plan``            ``bench plan``: how many blocks a study needs
``retrain``         ``bench retrain``: trains from scratch what was searched or is named
``evaluate``        ``bench eval``: trained models on test sets
``read``            ``bench read``: reads the words in image files
``export``          ``bench export``: a trained model as one file
``baseline``        ``bench baseline``: lists, trains and evaluates hand-made recognisers
``supernet``        ``bench supernet``: trains supernets, and scores architectures with them
``supernet_check``  ``bench supernet check``: whether a supernet is biased
``panel``           ``bench panel``: trains a sample of architectures to judge proxies by
``doctor``          ``bench doctor``: whether a searcher keeps its contract
``reproduce``       ``bench reproduce``: tables and figures of the two papers
``space``           ``bench space``: shows, draws and counts architectures, without torch
``data``            ``bench data``: renders, imports and inspects word images
``latency``         ``bench latency``: times candidate operations, and checks their sums
``listing``         ``bench list``: searchers, spaces and presets by name

``options``         ``--seed``, ``--set`` and others that several commands share
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
