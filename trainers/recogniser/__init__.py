"""The recogniser, in four replaceable parts: rectifier, backbone, sequence encoder, head.

``recogniser``           the other parts put together around a backbone
``standalone``           all four parts with weights of their own
``rectifier``            ASTER's rectifier, with its thin-plate spline
``benchmark_rectifier``  the rectifier of the four-stage benchmark
``searched_rectifier``   what follows the convolutions of a searched rectifier
``sequence``             encoders that give each feature its context
``head``                 ``Head``, the interface of all heads
``ctc``                  the head by CTC
``attention``            the head by attention, with a GRU cell
``lstm_attention``       the head of the four-stage benchmark, with an LSTM cell
``labels``               sends labels to the device
``layers``               the layers that hand-made extractors are made of
"""
