"""Everything that is to be measured on a GPU, in one go: see ``driver`` and docs/gpu.md."""
