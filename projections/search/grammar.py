"""Tokens -> syntax tree, for filters and for entries of `order_by`.

    filter     = comparison { AND comparison } [ AND ]
    comparison = identifier operator value | identifier IS [NOT] NULL
    identifier = [ prefix "." ] key               key: bare, `...`, "..." or '...' (after a prefix)
    value      = 'text' | "text" | number | "(" text { "," text } [ "," ] ")"
    order      = identifier [ ASC | DESC ]

Words of the language may be written in any case; prefixes and keys may not.  What the identifiers
are and which operators they take is the dialect's business.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from projections.search.dialects import Dialect, Field
from projections.search.errors import InvalidFilter, InvalidOrder, misplaced
from projections.search.lexer import Kind, Token, shortened, tokenize

Value = str | int | float | tuple[str | int | float, ...] | None
"""None for IS NULL and IS NOT NULL."""


class Comparison(msgspec.Struct, frozen=True):
    """A field compared with a value; `op` is one of the dialect's, in capitals.

    of: which number of a metric; MLflow's dialects know the last one alone.
    """

    entity: str
    key: str
    op: str
    value: Value
    of: str = "last"


class And(msgspec.Struct, frozen=True):
    """All parts hold; an empty one always does."""

    parts: tuple["Expression", ...]


class Or(msgspec.Struct, frozen=True):
    """One part holds at least."""

    parts: tuple["Expression", ...]


class Not(msgspec.Struct, frozen=True):
    """The part does not hold."""

    part: "Expression"


Expression = Comparison | And | Or | Not
"""MLflow's filters are an And of comparisons; the native language has all of them."""


class Order(msgspec.Struct, frozen=True):
    """One entry of `order_by`."""

    entity: str
    key: str
    descending: bool


COMPARISONS_MAX = 256
"""SQLite takes expressions 1000 levels deep, and a list of ANDs is as deep as it is long."""

PATTERN_BYTES_MAX = 16_000
"""SQLite takes patterns of 50000 bytes, and the translation for LIKE triples some characters."""

INT64 = 2**63

DIGITS_MAX = 100
"""Python refuses to read whole numbers of thousands of digits; a float says as much."""

_SHOWN_CHARS = 200


def parse_filter(text: str, dialect: Dialect) -> And:
    """The syntax tree of a filter; "" is the filter that holds for everything."""
    if not text:
        return And(())
    try:
        return _FilterParser(_tokens(text, dialect), dialect).filter()
    except InvalidFilter as error:
        raise InvalidFilter(f"Invalid filter {shortened(text, _SHOWN_CHARS)!r}: {error}") from None


def parse_order(text: str, dialect: Dialect) -> Order:
    """The syntax tree of one entry of `order_by`."""
    try:
        return _OrderParser(_tokens(text, dialect), dialect).order()
    except InvalidFilter as error:
        raise InvalidOrder(f"Invalid order_by {shortened(text, _SHOWN_CHARS)!r}: {error}") from None


def require_unicode(text: str) -> None:
    """Refuse halves of surrogate pairs, which JSON can carry and SQLite cannot."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise misplaced(error.start + 1, "half of a surrogate pair is no character") from None


def _tokens(text: str, dialect: Dialect) -> list[Token]:
    require_unicode(text)
    return tokenize(text, dialect.scanner)


class Parser:
    """Takes tokens one by one, and says what was expected where another stands."""

    def __init__(self, tokens: list[Token], dialect: Dialect) -> None:
        self._tokens = tokens
        self._at = 0
        self._dialect = dialect

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, kinds: tuple[Kind, ...], expected: str) -> Token:
        token = self._peek()
        if token is None or token.kind not in kinds:
            raise self._unexpected(expected)
        self._at += 1
        return token

    def _take_word(self, *words: str) -> str | None:
        token = self._peek()
        if token is None or token.kind != "word" or token.text.upper() not in words:
            return None
        self._at += 1
        return token.text.upper()

    def _take_mark(self, mark: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "punctuation" or token.text != mark:
            return False
        self._at += 1
        return True

    def _unexpected(self, expected: str) -> InvalidFilter:
        token = self._peek()
        if token is None:
            return InvalidFilter(f"expected {expected}, found the end")
        return misplaced(token.position, f"expected {expected}, found {shortened(token.text)}")

    def _identifier(self) -> tuple[Token, str, str]:
        """The next token, which must name a field, with its prefix ("" for none) and its key."""
        expected = f"the name of a field, such as {self._dialect.examples}"
        token = self._take(("qualified", "word", "backquoted", "double"), expected)
        if token.kind == "word" and token.text.upper() in ("AND", "OR", "NOT"):
            self._at -= 1
            raise self._unexpected(expected)
        if token.kind == "qualified" and not token.value:
            raise misplaced(token.position, f"a key must follow {token.text} without a blank")
        return token, token.prefix, token.value


class _OrderParser(Parser):
    def order(self) -> Order:
        token, prefix, key = self._identifier()
        with placed(token):
            entity, key = self._dialect.order_field(prefix, key)
        direction = self._take_word("ASC", "DESC")
        if self._peek() is not None:
            raise self._unexpected("ASC, DESC or the end: each entry names one field")
        return Order(entity, key, descending=direction == "DESC")


class _FilterParser(Parser):
    def filter(self) -> And:
        parts = [self._comparison()]
        while self._peek() is not None:
            if self._take_word("AND") is None:
                raise self._unexpected("AND (OR, NOT and parentheses are not supported)")
            if self._peek() is not None:
                parts.append(self._comparison())
            if len(parts) > COMPARISONS_MAX:
                raise InvalidFilter(f"it has more than {COMPARISONS_MAX} comparisons")
        return And(tuple(parts))

    def _comparison(self) -> Comparison:
        token, prefix, key = self._identifier()
        with placed(token):
            field = self._dialect.filter_field(prefix, key)
        op = self._operator(token, field)
        value: Value = None
        if op in ("IN", "NOT IN"):
            value = self._list(token, field)
        elif op not in ("IS NULL", "IS NOT NULL"):
            value = self._text(token, field, op) if field.kind == "text" else self._number(field)
        return Comparison(field.entity, field.key, op, value)

    def _operator(self, identifier: Token, field: Field) -> str:
        allowed = f"{shortened(identifier.text)} takes {', '.join(field.ops)}"
        token = self._take(("operator", "word"), f"an operator ({allowed})")
        op = token.text.upper()
        if op == "IS":
            op = "IS NOT NULL" if self._take_word("NOT") else "IS NULL"
            if self._take_word("NULL") is None:
                raise self._unexpected("NULL or NOT NULL after IS")
        elif op == "NOT":
            op = f"NOT {self._take_word('IN', 'LIKE', 'ILIKE') or ''}".rstrip()
        if op not in field.ops:
            shown = op if token.kind == "word" else token.text
            raise misplaced(token.position, f"{shortened(shown)} does not work here, {allowed}")
        return op

    def _number(self, field: Field) -> int | float:
        if field.kind == "integer or quoted":
            return self._whole()
        what = "a whole number" if field.kind == "integer" else "a number"
        token = self._take(("number",), f"{what} without quotes")
        number = float(token.text)
        if not token.text.lstrip("-").isdigit():
            if field.kind == "integer":
                raise misplaced(token.position, f"expected {what}, found {shortened(token.text)}")
            return number
        if field.kind == "real" or abs(number) >= INT64 or len(token.text) > DIGITS_MAX:
            return number
        return int(token.text)

    def _whole(self) -> int:
        what = "a whole number"
        token = self._take(("number", "single", "double"), what)
        text = token.value if token.kind != "number" else token.text
        if not text.lstrip("-").isdecimal() or len(text) > DIGITS_MAX:
            raise InvalidFilter(
                f"position {token.position}: expected {what}, found {shortened(token.text)}"
            )
        return max(-INT64, min(int(text), INT64 - 1))

    def _text(self, identifier: Token, field: Field, op: str) -> str:
        kinds: tuple[Kind, ...] = ("single", "double")
        if self._dialect.unquoted_values:
            kinds = (*kinds, "number", "word")
        token = self._take(
            kinds, f"a string in quotes ({shortened(identifier.text)} {op} 'a string')"
        )
        if op in ("LIKE", "ILIKE"):
            if len(token.value.encode()) > PATTERN_BYTES_MAX:
                raise misplaced(token.position, f"a pattern of more than {PATTERN_BYTES_MAX} bytes")
            return token.value
        with placed(token):
            return field.normal(token.value)

    def _list(self, identifier: Token, field: Field) -> tuple[str, ...]:
        example = f"({shortened(identifier.text)} IN ('a', 'b'))"
        if not self._take_mark("("):
            raise self._unexpected(f"a list of strings in parentheses {example}")
        items: list[str] = []
        while not (items and self._take_mark(")")):
            token = self._take(("single", "double"), f"a string in quotes {example}")
            with placed(token):
                items.append(field.normal(token.value))
            if self._take_mark(")"):
                break
            if not self._take_mark(","):
                raise self._unexpected(f"a comma or the end of the list {example}")
        return tuple(items)


@contextmanager
def placed(token: Token) -> Iterator[None]:
    """Add the token's place to a refusal that does not know it."""
    try:
        yield
    except InvalidFilter as error:
        raise misplaced(token.position, str(error)) from None
