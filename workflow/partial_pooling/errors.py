"""The one kind of error that a user is meant to read."""


class InputError(ValueError):
    """Something that the user gave cannot be used.

    The message is one line: where it is (file, row, column or key), what was found,
    and what is allowed. Only the edge of the program turns it into an exit code.
    """
