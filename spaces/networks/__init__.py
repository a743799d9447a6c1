"""From an architecture to an ``nn.Module``. This is the only part of ``spaces`` that imports torch."""
