"""What the user's mistakes are called, so that nothing takes ours for them.

Readers and checks of options raise `UserError`. The command line turns it, and no
other `ValueError`, into one line; what is not the user's fault keeps its traceback.

Chapter: 9
Used from: 1
"""

__all__ = ["MissingFileError", "Notice", "UnwritableError", "UserError", "how_many"]


def how_many(number: float, one: str, many: str = "") -> str:
    """Say how many, in a message: 1 row, 2 rows, 1,200 rows.

    Args:
        number: how many; a fraction is rounded to one.
        one: the word for one.
        many: the word for several, if it is not `one` with an s.

    Example:
        >>> how_many(1, "row"), how_many(1200, "row"), how_many(2, "query", "queries")
        ('1 row', '1,200 rows', '2 queries')
    """
    told = f"{number:,.0f}"
    return f"{told} {one if told == '1' else many or one + 's'}"


class Notice(UserWarning):
    """What a reader should know though nothing stops; the command line prints it."""


class UserError(ValueError):
    """A file, a folder or an option that cannot be used; the text says which and why.

    It is a `ValueError`, so code that catches those goes on as before.
    """


class MissingFileError(UserError, FileNotFoundError):
    """A file or folder that was named and is not there."""


class UnwritableError(UserError, OSError):
    """A folder into which something could not be written, as on a full disk."""
