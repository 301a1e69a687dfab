"""A history of many points comes whole, streamed or by pages, and the same either way."""

from pathlib import Path

from tests.rest import Rest
from tests.servers import eventtrack_server

BATCHES = 130


def test_a_long_history_streamed_equals_its_pages(tmp_path: Path) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        rest = Rest(server.port)
        run_id = rest.create_run()
        for batch in range(BATCHES):
            steps = range(batch * 1000, batch * 1000 + 1000)
            metrics = [
                {"key": "loss", "value": step / 7, "timestamp": 10**12 + step, "step": step}
                for step in steps
            ]
            rest.post("runs/log-batch", run_id=run_id, metrics=metrics)
        asked = {"run_id": run_id, "metric_key": "loss"}
        whole = rest.get("metrics/get-history", **asked)["metrics"]
        assert [point["step"] for point in whole] == list(range(BATCHES * 1000))
        paged, token = [], None
        while True:
            more: dict[str, str] = {"page_token": token} if token else {}
            page = rest.get("metrics/get-history", **asked, max_results=25_000, **more)
            paged += page["metrics"]
            token = page.get("next_page_token")
            if token is None:
                break
        assert paged == whole
        rest.close()
