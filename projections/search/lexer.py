"""Text -> tokens of the filter and order language.

Strings have no escapes: a doubled quote and a backslash before a quote stay as they are written and
do not end the string, so a value that holds one kind of quote is written in the other kind.
"""

import re
from typing import Literal

import msgspec

from projections.search.errors import InvalidFilter, misplaced

Kind = Literal[
    "qualified", "word", "backquoted", "double", "single", "number", "operator", "punctuation"
]


class Token(msgspec.Struct, frozen=True):
    """A piece of the text.

    value: without its quotes; of a qualified name, the key; prefix: its part before the first dot;
    of: what follows it after a colon, where the scanner knows such things.
    position: characters from the start of the text, the first being 1.
    """

    kind: Kind
    text: str
    position: int
    value: str
    prefix: str = ""
    of: str = ""


_QUOTED: tuple[Kind, ...] = ("backquoted", "double", "single")
_SIMPLE: tuple[Kind, ...] = ("word", *_QUOTED, "number", "operator", "punctuation")

_SINGLE = r"'(?:''|\\'|[^'])*'"
_DOUBLE = r'"(?:""|\\"|[^"])*"'
_BACK = r"`(?:``|[^`])*`"


def _scanner(bare_key: str, suffix: str = "") -> re.Pattern[str]:
    return re.compile(
        rf"""
        (?P<qualified>(?P<prefix>[^\W\d]\w*|{_BACK})\.(?P<key>{_BACK}|{_DOUBLE}|{_SINGLE}
                                                         |{bare_key}){suffix})
        |(?P<word>[^\W\d]\w*)
        |(?P<backquoted>{_BACK})
        |(?P<double>{_DOUBLE})
        |(?P<single>{_SINGLE})
        |(?P<number>-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))
        |(?P<operator>[<>=!~]+)
        |(?P<punctuation>[(),])
        """,
        re.VERBOSE,
    )


PLAIN = _scanner(r"[\w.]*")
"""Keys with other characters than letters, digits, underscores and dots must be quoted."""

WITH_DASHES = _scanner(r"[\w./\-]*")
"""Logged models: dashes and slashes may stand in a key without quotes."""

NATIVE = _scanner(r"[\w./\-]*", r"(?::(?P<of>last|min|max|first|count)\b)?")
"""Our own language: as WITH_DASHES, and which number of a metric is meant."""

_BLANK = re.compile(r"\s*")
_JUNK = re.compile(r"[^\s(),<>=!~]+")
_QUOTES = "'\"`"


def tokenize(text: str, scanner: re.Pattern[str] = PLAIN) -> list[Token]:
    """Split the text; InvalidFilter where it holds something that is no token."""
    tokens = []
    at = _skip_blank(text, 0)
    while at < len(text):
        match = scanner.match(text, at)
        if match is None:
            raise _no_token(text, at)
        tokens.append(_token(match))
        at = _skip_blank(text, match.end())
    return tokens


def _skip_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _token(match: re.Match[str]) -> Token:
    text, position = match.group(), match.start() + 1
    if match["qualified"] is not None:
        of = match.groupdict().get("of") or ""
        return Token("qualified", text, position, _bare(match["key"]), _bare(match["prefix"]), of)
    kind = next(each for each in _SIMPLE if match[each] is not None)
    return Token(kind, text, position, text[1:-1] if kind in _QUOTED else text)


def _bare(name: str) -> str:
    return name[1:-1] if name[:1] in _QUOTES and name else name


def _no_token(text: str, at: int) -> InvalidFilter:
    found = text[at]
    if found in _QUOTES:
        return misplaced(at + 1, f"the quote {found} that opens here is not closed")
    if found == ";":
        return misplaced(at + 1, "';' is not allowed; a filter is one list of comparisons")
    junk = _JUNK.match(text, at)
    shown = junk.group() if junk else found
    return misplaced(
        at + 1,
        f"{shortened(shown)!r} is neither a name, a number nor a quoted string; "
        "quote keys that hold blanks, dashes or slashes with backquotes, and strings with ' or \"",
    )


def shortened(text: str, width: int = 60) -> str:
    """The text, cut for use in a message."""
    return text if len(text) <= width else text[: width - 3] + "..."
