"""The base of every event: a fact in the past tense, named on disk by a literal tag."""

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event"):
    """Something that happened.  A subclass's tag is its stored name and version, `RunCreated/1`.

    Without a new version one may only add a field with a default: older readers ignore it and newer
    readers fill it in.  Anything else is a new version (see `history.py`).
    """
