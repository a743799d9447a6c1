"""From an architecture to an ``nn.Module``: the only part of ``spaces`` that imports torch."""
