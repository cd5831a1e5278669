"""The model in PyMC, one parametrization a function."""
