"""What every column of every table of results means: docs/columns.md comes from here."""
