"""The harness: command line, the one run loop, ledger, records.

``cli``          finds the command asked for, and tells errors in one line
``commands/``    one file for each command of ``bench``
``run``          one run, from a preset to its result

``running/``     the one run loop, what it costs, and how it is scored
``records/``     everything that is written and read: settings, logs, results, folders
``presets/``     settings under a name, as TOML files

``study/``       many runs under one protocol
``workers/``     many pieces of work, done side by side until all are done
``supernets/``   supernets trained before a search, and kept
``models/``      what was found, trained from scratch, then read, measured and exported
``panel/``       a sample of architectures trained from scratch, to judge proxies by

``statistics/``  tests, intervals and verdicts, as functions on arrays
``comparison/``  from the records of runs to an analysis
``report/``      from an analysis to pages, figures and tables

``health/``      whether a supernet is biased towards some architectures
``doctor/``      whether a searcher keeps its contract
``reproduce/``   tables and figures of the two papers, one command each
"""

__version__ = "0.2.0"
