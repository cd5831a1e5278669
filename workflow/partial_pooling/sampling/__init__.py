"""Samplers, and their draws on disk."""
