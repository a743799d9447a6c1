"""Parts of searchers by gradient: what they learn, how they draw from it, costs in their loss.

``operation_distribution``, ``path_distribution``  of one choice block; of the downsampling path
``architecture_distribution``                      both together
``capped_draws``                                   draws from it, and its mode, within hard caps
``flops_regulariser``, ``latency_term``            costs in the loss
``reinforce``                                      a gradient for what has none
``adam``                                           the optimiser of all of them
``search_warnings``                                what is said of one that goes wrong
"""
