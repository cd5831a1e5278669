"""Partial pooling."""
