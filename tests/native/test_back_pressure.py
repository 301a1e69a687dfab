"""A server that cannot store as fast as it is written to says so: 429, with when to try again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from eventtrack import limits
from eventtrack.assembly import Lock, locked, open_server
from eventtrack.log import LogBusy
from eventtrack.log.sqlite import SqliteLog
from eventtrack.settings import Settings
from eventtrack.wire import ingest as wire

LOG_METRIC = "/api/2.0/mlflow/runs/log-metric"


async def serve(tmp_path: Path, ask: Callable[[ClientSession, str], Any]) -> None:
    settings = Settings(data=str(tmp_path))
    with locked(settings.log_path) as lock:
        await answered(settings, lock, ask)


async def answered(
    settings: Settings, lock: Lock, ask: Callable[[ClientSession, str], Any]
) -> None:
    async with open_server(settings, lock) as opened:
        runner = web.ServerRunner(opened.http)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            async with ClientSession() as session:
                await ask(session, f"http://127.0.0.1:{runner.addresses[0][1]}")
        finally:
            await runner.cleanup()


async def test_a_full_write_queue_refuses_every_way_of_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(session: ClientSession, url: str) -> None:
        start = {"type": "run", "run_id": "r", "experiment_id": "0"}
        answer = await session.post(url + wire.PATH, json={"entries": [start]})
        assert answer.status == 200
        point = {"run_id": "r", "key": "a", "value": 1.0, "timestamp": 1}
        assert (await session.post(url + LOG_METRIC, json=point)).status == 200

        def busy(*_: object, **__: object) -> None:
            raise LogBusy("64 bytes wait to be stored already")

        with monkeypatch.context() as patched:
            patched.setattr(SqliteLog, "_submit", busy)
            refused = await session.post(url + LOG_METRIC, json=point)
            body = await refused.json()
            assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
            assert body["error_code"] == "REQUEST_LIMIT_EXCEEDED"
            tags = {"type": "tags", "run_id": "r", "tags": {"a": "b"}}
            refused = await session.post(url + wire.PATH, json={"entries": [tags]})
            assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
            assert "wait to be stored" in (await refused.json())["message"]
        assert (await session.post(url + LOG_METRIC, json=point)).status == 200

    await serve(tmp_path, ask)


async def test_more_bodies_than_memory_should_hold_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ADMITTED_BYTES_MAX", 1000)

    async def ask(session: ClientSession, url: str) -> None:
        async def slow() -> Any:
            yield b'{"entries": ['
            # While this body is on its way there is no room for another.
            other = await session.post(url + wire.PATH, json={"producer": "x" * 990})
            assert (other.status, other.headers["Retry-After"]) == (429, "1")
            yield b"]}"

        json_type = {"Content-Type": "application/json", "Content-Length": "15"}
        first = await session.post(url + wire.PATH, data=slow(), headers=json_type)
        assert first.status == 200

    await serve(tmp_path, ask)
