"""A study as a whole: configuration, provenance, certificate, what it will take."""
