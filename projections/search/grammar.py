"""Reads MLflow's filter language (rows F and G of the semantics reference).

    filter     = comparison { AND comparison } [ AND ]
    comparison = identifier op value | identifier IS [NOT] NULL | identifier [NOT] IN ( strings )
    identifier = [entity "."] key          split at the first dot; a key may be quoted
    value      = 'string' | "string" | number

There are no escapes: a quote ends the string, so a string with one kind of quote in it is written
with the other.  Words are not case-sensitive, entities and keys are.
"""

import re
from collections.abc import Sequence

import msgspec

from projections.search.errors import InvalidFilter, InvalidOrder

Value = str | int | float | tuple[str | int | float, ...] | None

SYMBOLS = ("=", "!=", ">", ">=", "<", "<=")
WORDS = ("LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL")


class Comparison(msgspec.Struct, frozen=True):
    """`entity.key op value`; `quoted` and `number` of the value are told by its Python type."""

    entity: str
    key: str
    op: str
    value: Value
    position: int


class Order(msgspec.Struct, frozen=True):
    """An item of order_by."""

    entity: str
    key: str
    ascending: bool
    key_quoted: bool = False


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    position: int


_TOKENS = re.compile(
    r"""(?P<space>\s+)
      | (?P<string>'[^']*'|"[^"]*")
      | (?P<quoted>`[^`]*`)
      | (?P<op>!=|>=|<=|=|>|<)
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<word>\w[\w.]*)
      | (?P<punctuation>[(),.])""",
    re.VERBOSE,
)


def parse_filter(text: str) -> list[Comparison]:
    """The comparisons of a filter, all of which must hold; none for the empty text."""
    if text == "":
        return []
    tokens = _tokens(text)
    if not tokens:
        raise InvalidFilter("Invalid filter: it is blank; leave it out to have no filter.")
    return _Parser(text, tokens).filter()


def parse_orders(items: Sequence[str]) -> list[Order]:
    """The items of order_by, each `identifier [ASC|DESC]`."""
    return [_parse_order(item) for item in items]


def _parse_order(item: str) -> Order:
    try:
        parser = _Parser(item, _tokens(item))
        entity, key, quoted = parser.identifier()
        ascending = True
        word = parser.peek()
        if word is not None and word.kind == "word" and word.text.upper() in ("ASC", "DESC"):
            ascending = word.text.upper() == "ASC"
            parser.take()
        parser.end()
    except InvalidFilter as error:
        raise InvalidOrder(
            f"Invalid order_by clause {item!r}: {error} Expected `identifier [ASC|DESC]`, for "
            'example "metrics.loss ASC".'
        ) from error
    return Order(entity, key, ascending, quoted)


def _tokens(text: str) -> list[_Token]:
    tokens = []
    position = 0
    while position < len(text):
        found = _TOKENS.match(text, position)
        if found is None:
            raise InvalidFilter(
                f"Invalid filter: unexpected {text[position]!r} at character {position + 1} of "
                f"{_shown(text)}."
            )
        if found.lastgroup != "space":
            tokens.append(_Token(str(found.lastgroup), found[0], position))
        position = found.end()
    return tokens


def _shown(text: str) -> str:
    return repr(text if len(text) <= 200 else text[:200] + "...")


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._next = 0

    def peek(self, ahead: int = 0) -> _Token | None:
        index = self._next + ahead
        return self._tokens[index] if index < len(self._tokens) else None

    def take(self) -> _Token | None:
        token = self.peek()
        self._next += 1
        return token

    def _fail(self, token: _Token | None, expected: str) -> InvalidFilter:
        if token is None:
            return InvalidFilter(
                f"Invalid filter {_shown(self._text)}: it ends where {expected} is expected."
            )
        return InvalidFilter(
            f"Invalid filter {_shown(self._text)}: {token.text!r} at character "
            f"{token.position + 1} is not {expected}."
        )

    def end(self) -> None:
        token = self.peek()
        if token is not None:
            raise self._fail(token, "the end")

    def _word(self, *words: str) -> bool:
        token = self.peek()
        if token is not None and token.kind == "word" and token.text.upper() in words:
            self._next += 1
            return True
        return False

    def filter(self) -> list[Comparison]:
        comparisons = [self.comparison()]
        while self.peek() is not None:
            if not self._word("AND"):
                raise self._fail(
                    self.peek(), "AND (OR, NOT and parentheses are not part of the language)"
                )
            if self.peek() is None:
                break
            comparisons.append(self.comparison())
        return comparisons

    def comparison(self) -> Comparison:
        start = self.peek()
        position = start.position if start is not None else len(self._text)
        entity, key, _ = self.identifier()
        op = self._operator()
        value: Value
        if op in ("IS NULL", "IS NOT NULL"):
            value = None
        elif op in ("IN", "NOT IN"):
            value = self._list()
        else:
            value = self._value()
        return Comparison(entity, key, op, value, position)

    def identifier(self) -> tuple[str, str, bool]:
        """(entity, key, whether the key was quoted); no entity is an attribute."""
        token = self.take()
        if token is None or token.kind not in ("word", "quoted", "string"):
            raise self._fail(token, "an identifier such as metrics.loss or params.`batch size`")
        if token.kind != "word":
            return "attribute", token.text[1:-1], True
        entity, dot, key = token.text.partition(".")
        if not dot:
            return "attribute", token.text, False
        following = self.peek()
        adjacent = following is not None and following.position == token.position + len(token.text)
        if not key and adjacent and following is not None and following.kind != "word":
            if following.kind not in ("quoted", "string"):
                raise self._fail(following, "a key")
            self._next += 1
            return entity, following.text[1:-1], True
        if not key:
            raise self._fail(following, "a key after the dot")
        return entity, key, False

    def _operator(self) -> str:
        token = self.peek()
        if token is not None and token.kind == "op":
            self._next += 1
            return token.text
        if self._word("LIKE"):
            return "LIKE"
        if self._word("ILIKE"):
            return "ILIKE"
        if self._word("IN"):
            return "IN"
        if self._word("NOT"):
            if self._word("IN"):
                return "NOT IN"
            raise self._fail(self.peek(), "IN after NOT")
        if self._word("IS"):
            negated = self._word("NOT")
            if self._word("NULL"):
                return "IS NOT NULL" if negated else "IS NULL"
            raise self._fail(self.peek(), "NULL or NOT NULL after IS")
        raise self._fail(token, f"an operator ({', '.join((*SYMBOLS, *WORDS))})")

    def _value(self) -> str | int | float:
        token = self.take()
        if token is not None and token.kind == "string":
            return token.text[1:-1]
        if token is not None and token.kind == "number":
            return _number(token.text)
        raise self._fail(token, "a number or a string in single or double quotes")

    def _list(self) -> tuple[str | int | float, ...]:
        token = self.take()
        if token is None or token.text != "(":
            raise self._fail(token, "a list such as ('a', 'b')")
        values = [self._value()]
        while True:
            token = self.take()
            if token is not None and token.text == ",":
                values.append(self._value())
            elif token is not None and token.text == ")":
                return tuple(values)
            else:
                raise self._fail(token, "',' or ')'")


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
