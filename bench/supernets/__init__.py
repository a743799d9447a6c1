"""Supernets on disk: trained by the loop of runs, kept by what they were made of, scored.

``training``  trains one supernet by the recipe of a preset
``many``      trains supernets of several seeds, each once
``store``     finds a supernet by its recipe, or has it trained
``file``      writes a trained supernet as one file with its provenance
``exposure``  how often each operation and each path was trained
``scores``    scores random architectures, and tells their spread from noise
"""
