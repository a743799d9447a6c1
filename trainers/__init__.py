"""What trains: the supernet and its scores, recognisers from scratch, and the words for both.

``settings``        what a preset says of data, recogniser, supernet and training
``building``        from those settings to a trainer
``trainer``         trains a supernet, and scores architectures with its weights
``supernet``        one network with the weights of every architecture
``weight_steps``    one training step of any network
``gates``           gradients of the gates of a sampled path
``population``      scores many architectures, computing common beginnings once
``cost``            prices a piece of work before it is done
``metrics``         how well words were read: word accuracy and 1-NED
``optimisers``      weight optimisers and learning rates
``streams``         a stream of random numbers for each use of a seed
``codec``           words to character ids, and back

``data/``           images and labels
``data_splits``     opens or renders the three splits of a preset
``opened_words``    opens words once for several trainings
``recogniser/``     the parts around a backbone
``models/``         recognisers with weights of their own, trained from scratch
``baselines/``      the hand-made recognisers of the papers

``state``           writes and reads weights and optimiser state
``starts``          finds the stored supernet that a run starts from
``parts``           starts a supernet from one of another part of the space

``scoring_pool``    scores architectures in several processes
``scoring_worker``  one of these processes
``shared_weights``  the file by which they share the weights
``launch``          whether torchrun started several processes
``distributed``     shares each weight step among these processes

``compute``         device, precision, and results that can be repeated
``latency``         times every candidate on this machine
``allocator``       keeps memory between operations, for speed on CPUs
``memory``          tells running out of memory from other errors
``errors``          ``TrainerError``
"""
