"""The real client makes, reads, tests, changes and deletes webhooks, and is told of its models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities.webhook import WebhookEvent, WebhookStatus
from mlflow.exceptions import MlflowException

from tests.servers import eventtrack_server
from tests.webhooks.hooks import ALLOWED, SECRET
from tests.webhooks.receiver import Receiver


@pytest.fixture(scope="module", params=["http", "eventtrack"])
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MlflowClient]:
    """Over HTTP, and through the plug-in."""
    folder: Path = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as environment, eventtrack_server(folder, *ALLOWED) as server:
        environment.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        environment.setenv("EVENTTRACK_SPOOL_DIR", str(folder / "spool"))
        url = server.url.replace("http", request.param, 1)
        yield MlflowClient(tracking_uri=url, registry_uri=url)


def test_the_life_of_a_webhook(client: MlflowClient) -> None:
    with Receiver() as receiver:
        made = client.create_webhook(
            name="deploy",
            url=receiver.url,
            events=["model_version_alias.created", WebhookEvent("registered_model", "created")],
            description="starts the deployment",
            secret=SECRET,
        )
        assert made.secret is None
        assert made.status == WebhookStatus.ACTIVE
        assert len(made.webhook_id) == 36
        assert client.get_webhook(made.webhook_id).url == receiver.url
        assert [each.webhook_id for each in client.list_webhooks()] == [made.webhook_id]
        tested = client.test_webhook(made.webhook_id, "model_version_alias.created")
        assert (tested.success, tested.response_status) == (True, 200)
        assert tested.error_message is None

        client.create_registered_model("net", tags={"team": "red"}, description="best")
        client.create_model_version("net", "s3://bucket/model")
        client.set_registered_model_alias("net", "champion", "1")
        received = receiver.wait_for(3)[1:]
        assert [each.event for each in received] == [
            "registered_model.created",
            "model_version_alias.created",
        ]
        assert received[1].data == {"name": "net", "alias": "champion", "version": "1"}

        changed = client.update_webhook(made.webhook_id, status="DISABLED", name="deploy.2")
        assert (changed.name, changed.status) == ("deploy.2", WebhookStatus.DISABLED)
        client.delete_webhook(made.webhook_id)
        assert list(client.list_webhooks()) == []
        with pytest.raises(MlflowException, match=f"{made.webhook_id} not found"):
            client.get_webhook(made.webhook_id)


def test_a_prompt_tells_of_itself(client: MlflowClient) -> None:
    with Receiver() as receiver:
        made = client.create_webhook(
            "prompts", receiver.url, ["prompt.created", "prompt_version.created"]
        )
        client.register_prompt("greeting", "Hello {{name}}!", tags={"team": "red"})
        received = receiver.wait_for(2)
        assert [each.event for each in received] == ["prompt.created", "prompt_version.created"]
        assert received[1].data["template"] == "Hello {{name}}!"
        client.delete_webhook(made.webhook_id)


def test_pages_of_webhooks(client: MlflowClient) -> None:
    made = [
        client.create_webhook(f"w{number}", "https://8.8.8.8/", ["prompt.created"]).webhook_id
        for number in range(5)
    ]
    first = client.list_webhooks(max_results=3)
    second = client.list_webhooks(max_results=3, page_token=first.token)
    assert [each.webhook_id for each in [*first, *second]] == made[::-1]
    assert not second.token
    for webhook_id in made:
        client.delete_webhook(webhook_id)


def test_a_private_address_is_refused(client: MlflowClient) -> None:
    with pytest.raises(MlflowException, match=r"non-public IP address.*--webhook-hosts"):
        client.create_webhook("w", "https://169.254.169.254/latest", ["prompt.created"])
