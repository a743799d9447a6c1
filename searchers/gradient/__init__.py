"""Parts of searchers by gradient: what they learn, how they draw from it, costs in their loss.

``operation_distribution``     probabilities of the operations of each choice block
``path_distribution``          probabilities of the downsampling paths
``architecture_distribution``  both together, and how they are learned
``capped_draws``               draws from it, and its mode, within hard caps
``flops_regulariser``          AutoSTR's cost in the loss
``latency_term``               the STR-NAS slides' latency in the loss
``reinforce``                  a gradient for what has none
``adam``                       the optimiser of all of them
``search_warnings``            warns of a distribution that goes wrong
"""
