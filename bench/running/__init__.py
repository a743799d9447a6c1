"""The one run loop, what it costs, and how it is scored.

``runner``            the run loop: asks, prices, does, tells, bills, records
``problem``           the searcher of a run, and the problem that it is given
``said``              checks each answer of a searcher, which may be anybody's code
``batching``          how many pieces of work to ask for at once
``ledger``            counts what was consumed, and how long it took
``proposal_counter``  counts what a searcher proposed, and how much of it twice
``referee``           scores the recommendation on words that no searcher sees
``evaluators/``       where scores come from

``latency``           the file of measured latencies
``arithmetic``        keeps a resumed run to its threads and kernels
``leading``           lets several processes train the same weights together
``interrupt``         turns Ctrl-C into a stop between two pieces of work
``progress``          bars that show how far the work has come
"""
