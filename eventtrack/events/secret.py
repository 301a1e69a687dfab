"""A value that the log holds and nothing else may show."""


class Secret:
    """Text that must not be seen: `repr` hides it, and only `events.encode` writes it.

    msgspec does not know this type, so whoever encodes an event for somebody to read, and does not
    hide its secrets, gets a TypeError and not a leak.  `events.fields_of` hides them.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text, for the one who needs it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(hidden)"
