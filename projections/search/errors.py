"""What a search refuses; the message is meant for the user who wrote the request."""


class InvalidFilter(Exception):
    """The filter cannot be understood; the message names the place, the text and what is allowed.

    Base of all refusals of a search, so that a caller needs to know only this one.  at: the place
    as a number, characters from the start of the text, where it is known.
    """

    at: int | None = None


class InvalidOrder(InvalidFilter):
    """An entry of `order_by` cannot be understood or may not be ordered by."""


class InvalidPageToken(InvalidFilter):
    """The page token was not given out by this server for this search."""


def misplaced(position: int, why: str) -> InvalidFilter:
    """A refusal that names its place; position: of the character, the first being 1."""
    error = InvalidFilter(f"position {position}: {why}")
    error.at = position - 1
    return error
