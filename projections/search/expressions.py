"""Our own filter language: whatever MLflow's takes, and OR, NOT, parentheses, ranges, free text.

    filter     = either [ AND ]
    either     = both { OR both }
    both       = each { AND each }
    each       = NOT each | "(" either ")" | comparison | text
    comparison = identifier operator value | identifier IS [NOT] NULL
               | identifier [NOT] IN "(" value { "," value } [ "," ] ")"
               | identifier [NOT] BETWEEN value AND value
    identifier = [ prefix "." ] key [ ":" number of a metric ]
    value      = text | number | TRUE | FALSE

A text alone means that the run's name holds it.  An operator needs a value on both sides: a run
that lacks the key matches neither `=` nor `!=` nor `NOT IN`; NOT before a comparison turns it round
for every run.  A param is compared as a number with a number, and as a text with a text.
"""

from projections.search.dialects import NATIVE_RUNS, Field
from projections.search.errors import InvalidFilter, misplaced
from projections.search.grammar import (
    COMPARISONS_MAX,
    DIGITS_MAX,
    INT64,
    PATTERN_BYTES_MAX,
    And,
    Comparison,
    Expression,
    Not,
    Or,
    Parser,
    Value,
    placed,
    require_unicode,
)
from projections.search.lexer import Token, shortened, tokenize

NESTING_MAX = 50
LIST_MAX = 1000
"""Values in the list of an IN."""

CONTAINS = "CONTAINS"
"""The operator of a text that stands alone."""

_OPERATOR_WORDS = ("IS", "IN", "NOT", "LIKE", "ILIKE", "BETWEEN")


def parse_expression(text: str) -> Expression:
    """The syntax tree of a filter; "" holds for every run.  Raises InvalidFilter with its place."""
    require_unicode(text)
    tokens = tokenize(text, NATIVE_RUNS.scanner)
    if not tokens:
        return And(())
    try:
        return _ExpressionParser(tokens, NATIVE_RUNS).filter()
    except InvalidFilter as error:
        if error.at is None:
            error.at = len(text)
        raise


class _ExpressionParser(Parser):
    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]  # as the parser takes them
        self._comparisons = 0
        self._nesting = 0

    def filter(self) -> Expression:
        found = self._either()
        if self._peek() is not None:
            raise self._unexpected("AND, OR or the end")
        return found

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._take_word("OR"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self) -> Expression:
        parts = [self._each()]
        # MLflow's filters may end in AND.
        while self._take_word("AND") and self._peek() is not None:
            parts.append(self._each())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _each(self) -> Expression:
        start = self._peek()
        negated = self._take_word("NOT") is not None
        grouped = not negated and self._take_mark("(")
        if not (negated or grouped):
            return self._leaf()
        self._nesting += 1
        if self._nesting > NESTING_MAX:
            assert start is not None
            raise misplaced(start.position, f"more than {NESTING_MAX} levels of NOT and brackets")
        found: Expression
        if negated:
            found = Not(self._each())
        else:
            found = self._either()
            if not self._take_mark(")"):
                raise self._unexpected("AND, OR or )")
        self._nesting -= 1
        return found

    def _leaf(self) -> Comparison:
        self._comparisons += 1
        token = self._peek()
        if token is not None and self._comparisons > COMPARISONS_MAX:
            raise misplaced(token.position, f"more than {COMPARISONS_MAX} comparisons")
        if token is not None and token.kind in ("single", "double") and not self._operator_ahead():
            self._at += 1
            return Comparison("attribute", "name", CONTAINS, _pattern(token))
        return self._comparison()

    def _unknown_text(self, key: str) -> bool:
        """Is the word just taken neither a field nor before an operator?"""
        return key not in self._dialect.closed["attribute"] and not self._operator_ahead(0)

    def _operator_ahead(self, skipped: int = 1) -> bool:
        """Does an operator follow the next token, so that it is the name of a field?"""
        place = self._at + skipped
        token = self._tokens[place] if place < len(self._tokens) else None
        return token is not None and (
            token.kind == "operator"
            or (token.kind == "word" and token.text.upper() in _OPERATOR_WORDS)
        )

    def _comparison(self) -> Comparison:
        token, prefix, key = self._identifier()
        if token.kind == "word" and self._unknown_text(key):
            raise misplaced(
                token.position, f"{shortened(key)} is no field; put a text to look for in quotes"
            )
        with placed(token):
            field = self._dialect.filter_field(prefix, key)
        if token.of and field.entity != "metric":
            raise misplaced(
                token.position, f"only metrics have several numbers, {field.entity}s one value"
            )
        op = self._operator(token, field)
        value: Value = None
        if op in ("IN", "NOT IN"):
            value = self._list(field)
        elif op in ("BETWEEN", "NOT BETWEEN"):
            value = self._range(field)
        elif op not in ("IS NULL", "IS NOT NULL"):
            value = self._value(field, op)
        return Comparison(field.entity, field.key, op, value, token.of or "last")

    def _operator(self, identifier: Token, field: Field) -> str:
        allowed = f"{shortened(identifier.text)} takes {', '.join(field.ops)}"
        token = self._peek()
        if token is None or token.kind not in ("operator", "word"):
            raise self._unexpected(f"an operator ({allowed})")
        self._at += 1
        op = token.text.upper()
        if op == "IS":
            op = "IS NOT NULL" if self._take_word("NOT") else "IS NULL"
            if self._take_word("NULL") is None:
                raise self._unexpected("NULL or NOT NULL after IS")
        elif op == "NOT":
            op = f"NOT {self._take_word('IN', 'LIKE', 'ILIKE', 'BETWEEN') or ''}".rstrip()
        if op not in field.ops:
            raise misplaced(token.position, f"{shortened(op)} does not work here, {allowed}")
        return op

    def _range(self, field: Field) -> Value:
        items: list[str | int | float] = []
        self._add(items, field, "BETWEEN")
        if self._take_word("AND") is None:
            raise self._unexpected("AND and the end of the range")
        self._add(items, field, "BETWEEN")
        return tuple(items)

    def _list(self, field: Field) -> Value:
        if not self._take_mark("("):
            raise self._unexpected("a list of values in parentheses")
        items: list[str | int | float] = []
        while not (items and self._take_mark(")")):
            self._add(items, field, "IN")
            if self._take_mark(")"):
                break
            if not self._take_mark(","):
                raise self._unexpected("a comma or the end of the list")
        return tuple(items)

    def _add(self, items: list[str | int | float], field: Field, op: str) -> None:
        token = self._peek()
        items.append(self._value(field, op))
        assert token is not None, "else there is no value"
        if isinstance(items[0], str) != isinstance(items[-1], str):
            raise misplaced(token.position, "numbers and texts do not go together")
        if len(items) > LIST_MAX:
            raise misplaced(token.position, f"a list of more than {LIST_MAX} values")

    def _value(self, field: Field, op: str) -> str | int | float:
        if field.kind == "flag":
            word = self._take_word("TRUE", "FALSE")
            if word is None:
                raise self._unexpected("true or false")
            return int(word == "TRUE")
        token = self._peek()
        is_pattern = op.removeprefix("NOT ") in ("LIKE", "ILIKE")
        if field.kind in ("text", "text or real") and (
            is_pattern or field.kind == "text" or token is None or token.kind != "number"
        ):
            expected = "a text in quotes" if is_pattern or field.kind == "text" else _EITHER
            token = self._take(("single", "double"), expected)
            return _pattern(token) if is_pattern else field.normal(token.value)
        token = self._take(("number",), "a number without quotes")
        number = float(token.text)
        digits = token.text.lstrip("-")
        if field.kind != "integer or real" or not digits.isdigit() or len(digits) > DIGITS_MAX:
            return number
        return int(token.text) if abs(number) < INT64 else number


_EITHER = "a number, or a text in quotes"


def _pattern(token: Token) -> str:
    if len(token.value.encode()) > PATTERN_BYTES_MAX:
        raise misplaced(token.position, f"a pattern of more than {PATTERN_BYTES_MAX} bytes")
    return token.value
