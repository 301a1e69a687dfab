"""What a search can refuse; each message names what is wrong, where, and what is allowed."""


class InvalidFilter(Exception):
    """The filter, an order or the page token cannot be used."""


class InvalidOrder(InvalidFilter):
    """An order_by item cannot be used."""


class InvalidPageToken(InvalidFilter):
    """The page token was not given by this search."""
