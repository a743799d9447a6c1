"""One file for each command of ``bench``: it parses, calls and prints.

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

``shared/``         what several commands need
"""
