"""What the tests of webhooks say to a server."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.rest import Rest

SECRET = "a key to sign with"

ALLOWED = ("--webhook-hosts", "http://127.0.0.1")
"""Options of a server whose webhooks may reach the receiver of a test."""

EVERYTHING = (
    "registered_model.created",
    "model_version.created",
    "model_version_tag.set",
    "model_version_tag.deleted",
    "model_version_alias.created",
    "model_version_alias.deleted",
    "prompt.created",
    "prompt_version.created",
    "prompt_tag.set",
    "prompt_tag.deleted",
    "prompt_version_tag.set",
    "prompt_version_tag.deleted",
    "prompt_alias.created",
    "prompt_alias.deleted",
)


def event(name: str) -> dict[str, str]:
    entity, _, action = name.upper().partition(".")
    return {"entity": entity, "action": action}


def make_webhook(rest: Rest, url: str, *events: str, name: str = "hook", **fields: Any) -> str:
    """Make a webhook, of everything when no event is named; returns its id."""
    made = rest.post(
        "webhooks",
        name=name,
        url=url,
        events=[event(each) for each in events or EVERYTHING],
        **fields,
    )
    webhook_id: str = made["webhook"]["webhook_id"]
    return webhook_id


def make_version(rest: Rest, name: str, source: str = "s3://bucket/model") -> None:
    rest.post("model-versions/create", name=name, source=source)


def waiting(rest: Rest) -> int:
    """Deliveries that are not made, as the server counts them."""
    return int(metrics(rest)["eventtrack_webhook_waiting"])


def metrics(rest: Rest) -> dict[str, float]:
    status, _, answer = rest.ask("GET", "/metrics")
    assert status == 200
    lines = [line.split() for line in answer.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line[:2] for line in lines) if "{" not in name}


def wait_until_told(rest: Rest, seconds: float = 60.0) -> None:
    """Until nothing waits."""
    deadline = time.monotonic() + seconds
    while waiting(rest):
        assert time.monotonic() < deadline, metrics(rest)
        time.sleep(0.05)


def answer_of(rest: Rest, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Status and JSON of an MLflow endpoint."""
    status, _, answer = rest.ask(method, f"/api/2.0/mlflow/{path}", body)
    return status, json.loads(answer)
