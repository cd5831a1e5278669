"""The posterior of any family, by nested quadrature."""
