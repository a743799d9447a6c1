"""The recogniser, in four replaceable parts: rectifier, backbone, sequence encoder, head."""
