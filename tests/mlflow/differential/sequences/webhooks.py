"""Webhooks: made, read, listed, changed, deleted.

Addresses are written as numbers, because no name can be looked up where these tests run; nothing is
ever sent to them.
"""

from __future__ import annotations

from tests.mlflow.differential.steps import (
    BAD_REQUEST,
    INVALID,
    MISSING,
    Step,
    delete,
    get,
    patch,
    post,
)

Error = str | int | None

_URL = "https://8.8.8.8/hooks/1?token=x"


def _event(entity: object = "REGISTERED_MODEL", action: object = "CREATED") -> dict[str, object]:
    return {"entity": entity, "action": action}


def _make(
    promise: str, error: Error = None, bind: str = "", exact: bool = False, **body: object
) -> Step:
    full: dict[str, object] = {"name": "hook", "url": _URL, "events": [_event()], **body}
    sent = {key: value for key, value in full.items() if value is not None}
    bound = {bind: "webhook.webhook_id"} if bind else {}
    return post(promise, "webhooks", sent, error=error, bind=bound, exact_message=exact)


def _read(name: str, webhook: str, error: Error = None, exact: bool = False) -> Step:
    return get(name, f"webhooks/{webhook}", error=error, exact_message=exact)


def _change(promise: str, error: Error = None, **body: object) -> Step:
    return patch(promise, "webhooks/<hook>", body, error=error)


def _list(name: str, error: Error = None, **query: object) -> Step:
    return get(name, "webhooks", query, error=error)


_PAIRS = [
    ("MODEL_VERSION", "CREATED"),
    ("MODEL_VERSION_TAG", "SET"),
    ("MODEL_VERSION_TAG", "DELETED"),
    ("MODEL_VERSION_ALIAS", "CREATED"),
    ("MODEL_VERSION_ALIAS", "DELETED"),
    ("PROMPT", "CREATED"),
    ("PROMPT_VERSION", "CREATED"),
    ("PROMPT_TAG", "SET"),
    ("PROMPT_TAG", "DELETED"),
    ("PROMPT_VERSION_TAG", "SET"),
    ("PROMPT_VERSION_TAG", "DELETED"),
    ("PROMPT_ALIAS", "CREATED"),
    ("PROMPT_ALIAS", "DELETED"),
    ("BUDGET_POLICY", "EXCEEDED"),
]

_MAKING = [
    _list("there are none"),
    _make("a webhook is made", bind="hook"),
    _read("it is read back", "<hook>"),
    _make(
        "a webhook has everything",
        bind="full",
        name="A.b_c-9",
        description="what it is for",
        secret="never shown",
        status="DISABLED",
        events=[_event(*pair) for pair in _PAIRS],
    ),
    _read("everything but the secret is read back", "<full>"),
    _make("two webhooks may have one name", bind="twin"),
    _make("an event may be told by number", bind="numbered", events=[_event(2, 1)]),
    _read("and has a name then", "<numbered>"),
    _make("a name is required", INVALID, name=None),
    _make("a URL is required", INVALID, url=None),
    _make("events are required", INVALID, events=None),
    _make("events are not empty", INVALID, events=[]),
    _make("events are a list", INVALID, events="REGISTERED_MODEL"),
    _make("a name is not empty", INVALID, name=""),
    _make("a name has no blanks", INVALID, name="a b"),
    _make("a name begins with a letter or digit", INVALID, name="-a"),
    _make("a name ends with a letter or digit", INVALID, name="a-"),
    _make("a name may have 63 characters", name="n" * 63, bind="long"),
    _make("a name has at most 63 characters", INVALID, name="n" * 64),
    _make("a name is text", INVALID, name=5),
    _make("a URL is https", INVALID, url="http://8.8.8.8/"),
    _make("a URL is no file", INVALID, url="file:///etc/passwd"),
    _make("a URL has a scheme", INVALID, url="8.8.8.8"),
    _make("a URL has a host", INVALID, url="https://"),
    _make("a URL is no port of this machine", INVALID, url="https://127.0.0.1:9/"),
    _make("a URL is not this machine by name", INVALID, url="https://localhost/"),
    _make("a URL is not private", INVALID, url="https://10.1.2.3/"),
    _make("a URL is not link-local", INVALID, url="https://169.254.169.254/latest"),
    _make("a URL is not this machine in IPv6", INVALID, url="https://[::1]/"),
    _make("a URL is not private in IPv6", INVALID, url="https://[::ffff:10.0.0.1]/"),
    _make("a URL's host is known", INVALID, url="https://no-such-host.invalid/"),
    _make("a model is not set", INVALID, events=[_event("REGISTERED_MODEL", "SET")], exact=True),
    _make("a version is not deleted", INVALID, events=[_event("MODEL_VERSION", "DELETED")]),
    _make("an event has an entity", 500, events=[{"action": "CREATED"}]),
    _make("an event has an action", 500, events=[{"entity": "PROMPT"}]),
    _make("an event is an object", 500, events=["PROMPT"]),
    _make("an unknown entity is none", 500, events=[_event("KETTLE")]),
    _make("a URL has no odd address", INVALID, url="https://127.1/"),
    _make("a status may be unknown", status="SLEEPING", bind="sleeping"),
]

_CHANGING = [
    _change("a name is changed", name="renamed"),
    _change("a description is given", description="first"),
    _change("an empty description clears it", description=""),
    _change("a URL is changed", url="https://1.1.1.1/"),
    _change("events are replaced", events=[_event("PROMPT", "CREATED")]),
    _change("empty events change nothing", events=[]),
    _change("a webhook is disabled", status="DISABLED"),
    _change("a webhook is active again", status="ACTIVE"),
    _change("a secret is given", secret="never shown either"),
    _change("a secret is taken away", secret=""),
    _change("nothing is changed"),
    _read("the changes are read back", "<hook>"),
    _change("a changed name is checked", INVALID, name="-"),
    _change("a changed URL is checked", INVALID, url="http://8.8.8.8/"),
    _change("a changed URL is public", INVALID, url="https://192.168.0.1/"),
    _change("changed events are checked", INVALID, events=[_event("PROMPT", "SET")]),
    _read("nothing of the refused is there", "<hook>"),
    patch("an unknown webhook is not changed", "webhooks/unknown", {"name": "x"}, error=MISSING),
]

_LISTING = [
    _list("all are listed, the newest first"),
    get(
        "a page has so many",
        "webhooks",
        {"max_results": 2},
        bind={"next": "next_page_token"},
    ),
    _list("the next page follows", max_results=2, page_token="<next>"),
    _list("a page of 0 is the usual one", max_results=0),
    _list("a page has at least one", INVALID, max_results=-1),
    _list("a page has at most 1000", INVALID, max_results=1001),
    _list("a page's size is a number", INVALID, max_results="many"),
]

_DELETING = [
    delete("a webhook is deleted", "webhooks/<twin>"),
    _read("it is not found", "<twin>", MISSING, exact=True),
    delete("it is deleted once", "webhooks/<twin>", error=MISSING),
    patch("it is not changed", "webhooks/<twin>", {"name": "x"}, error=MISSING),
    _list("it is not listed"),
    post(
        "a test is of an event that there is",
        "webhooks/<hook>/test",
        {"event": _event("PROMPT", "SET")},
        error=INVALID,
    ),
    post(
        "a test's event has an action",
        "webhooks/<hook>/test",
        {"event": {"entity": "PROMPT"}},
        error=500,
    ),
    post("it is not tested", "webhooks/<twin>/test", {}, error=MISSING),
    _read("an unknown webhook is not found", "unknown", MISSING, exact=True),
]

# After all that is listed, because one of the servers makes them and the other does not.
_DIFFERING = [
    _make("an event may be asked for twice", BAD_REQUEST, events=[_event(), _event()]),
    _make("a URL holds no password", url="https://user:password@8.8.8.8/"),
    _make("a URL has a limit", url="https://8.8.8.8/" + "x" * 2048),
    _make("a description has a limit", description="x" * 5001),
    _make("a secret has a limit", secret="x" * 1001),
]

STEPS = [*_MAKING, *_CHANGING, *_LISTING, *_DELETING, *_DIFFERING]
