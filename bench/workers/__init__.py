"""Many independent pieces of work, done by one process, several, or a cluster, until all are done.

A piece is resumable and idempotent and says itself how it ended, so nothing is coordinated but who
does what. Studies and trainings are done here; this room knows neither.

``rounds``   hands out pieces again until all are done, whoever is killed
``pools``    does pieces in this process, or in several of this machine
``cluster``  does pieces on a dask cluster
"""
