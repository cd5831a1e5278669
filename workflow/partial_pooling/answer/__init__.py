"""The exact answer of one table at once, in a terminal and in Python, without a study."""
