"""Forms of input: a file a form, which brings a table to groups."""
