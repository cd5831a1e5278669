"""Hierarchical normal-normal models: sampled, solved exactly, and the one graded by the other."""

from partial_pooling.errors import InputError
from partial_pooling.fits import load_fit

__all__ = ["InputError", "load_fit"]
