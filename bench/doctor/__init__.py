"""The contract of searchers, as checks that anyone can run: ``bench doctor --searcher NAME``.

``checks``        every check of the contract
``subject``       the searcher under test, built again for each check
``rehearsal``     leads a searcher through a budget on a made-up landscape
``independence``  whether work asked for in batches is the same one by one
``elsewhere``     continues a searcher in another process; notes what it imports and opens
"""
