"""The one kind of error that a user is meant to read."""


class InputError(ValueError):
    """Something that the user gave cannot be used.

    The message is one line: where it is (file, row, column or key), what was found,
    and what is allowed. Only the edge of the program turns it into an exit code.

    Parameters
    ----------
    message
        The line. What it quotes from a file may hold line breaks or terminal codes: these are
        written as escapes.
    """

    def __init__(self, message: str) -> None:
        super().__init__(
            "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)
        )
