"""Paths from the wire never leave the root, in whatever encoding they come (row A1)."""

import os
import urllib.parse

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventtrack.artifacts.errors import InvalidArtifactPath
from eventtrack.artifacts.paths import TEMPORARY_PREFIX, safe_path


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "a/../b",
        "a/..",
        "%2e%2e/x",
        "%252e%252e/x",
        "..%2fx",
        "a/%2e%2e%2fb",
        "..\\x",
        "/etc/passwd",
        "%2fetc/passwd",
        "C:/x",
        "c:\\x",
        "\\\\host\\share",
        "a#b",
        "a%23b",
        "file:///etc/passwd",
        "a\x00b",
        "a\nb",
        f"d/{TEMPORARY_PREFIX}x",
        "%" + "25" * 12 + "2e%" + "25" * 12 + "2e/x",
    ],
)
def test_what_could_leave_the_root_is_refused(path: str) -> None:
    with pytest.raises(InvalidArtifactPath):
        safe_path(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ""),
        ("a", "a"),
        ("a//b/", "a/b"),
        ("./a/./b", "a/b"),
        ("ein name/größe.txt", "ein name/größe.txt"),
        ("...", "..."),
        ("a..b", "a..b"),
        ("100%", "100%"),
        ("a+b", "a+b"),
        ("a%step%3%timestamp%1795", "a%step%3%timestamp%1795"),
    ],
)
def test_ordinary_paths_are_normalised(path: str, expected: str) -> None:
    assert safe_path(path) == expected


pieces = st.sampled_from(
    ["..", ".", "/", "\\", "%2e", "%2f", "%5c", "%25", "a", "b c", "\x00", "~"]
)


@given(st.lists(pieces, max_size=12).map("".join) | st.text(max_size=30), st.integers(0, 3))
@example("%2e%2e%2f", 1)
def test_no_path_that_is_accepted_resolves_outside(path: str, encodings: int) -> None:
    for _ in range(encodings):
        path = urllib.parse.quote(path)
    try:
        accepted = safe_path(path)
    except InvalidArtifactPath:
        return
    decoded = accepted
    for _ in range(12):
        for seen in (accepted, decoded):
            resolved = os.path.normpath(os.path.join("/root/store", seen))
            assert resolved == "/root/store" or resolved.startswith("/root/store/")
        decoded = urllib.parse.unquote(decoded)
