"""Sends what a spool holds to the server, in order, once; in the background or to the end."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from eventtrack.client.batches import Batch, Reader, drop_segments
from eventtrack.client.records import File
from eventtrack.client.spool import Cursor, Spool
from eventtrack.client.transport import (
    Backoff,
    Connection,
    Refusal,
    Unreachable,
    artifact_path,
)
from eventtrack.wire import ingest as wire

logger = logging.getLogger("eventtrack")

REFUSED_FILE = "refused.jsonl"
"""Entries that the server refused, kept beside the spools so that nothing is lost unseen."""

FLUSH_RETRY_SECONDS = 0.25
"""Pause between attempts while somebody waits for everything to be sent."""

REFUSED_FOLDER = "refused-files"

ATTEMPTS_MAX = 4
"""Failures in a row after which a dead process's spool is left for later."""

_HEADERS = {"Content-Type": wire.MSGPACK_TYPE}
_encoder = msgspec.msgpack.Encoder()


class Sender:
    """Sends one spool.  One thread at a time.

    producer: its name for the server; spool: the process's own, or None for what another one left.
    """

    def __init__(
        self, folder: Path, producer: str, connection: Connection, spool: Spool | None = None
    ) -> None:
        self.folder = folder
        self._producer = producer
        self._connection = connection
        self._spool = spool
        self._reader = Reader(folder, spool)
        self.cursor = Cursor(folder)
        self._roots: dict[str, str] = {}
        self.refused = 0
        self.fault = ""

    def step(self) -> bool:
        """Send the next batch; False when nothing waits.

        Raises Unreachable, or a Refusal that passes: the same batch is sent again by the next call.
        """
        batch = self._reader.batch(self.cursor.acked)
        if batch is None:
            return False
        if batch.entries and self.cursor.following < batch.end:
            # Else they were sent before a file of the batch could not be.
            self._send(batch)
        for file in batch.files:
            self._upload(file)
        self.cursor.advance(batch.end)
        if self._spool is not None:
            self._spool.acked = batch.end
        drop_segments(self.folder, batch.end)
        return True

    def alive(self, run_ids: list[str]) -> None:
        """Tell the server that these runs live though they have nothing to say."""
        request = wire.Request(alive=run_ids)
        self._connection.request("POST", wire.PATH, _encoder.encode(request), _HEADERS)

    def _send(self, batch: Batch) -> None:
        sequence = max(self.cursor.following, 0)
        while True:
            request = wire.Request(
                producer=self._producer,
                sequence=sequence,
                following=batch.end,
                entries=batch.entries,
            )
            try:
                body = self._connection.request(
                    "POST", wire.PATH, _encoder.encode(request), _HEADERS
                )
            except Refusal as refusal:
                if refusal.expected is None:
                    if refusal.passing:
                        raise
                    self._set_aside(batch.entries, refusal.message)
                    return
                if batch.start < refusal.expected < batch.end:
                    # The server has a part of it, sent before this process knew how far it was.
                    self.cursor.acked = self.cursor.following = refusal.expected
                    again = self._reader.batch(refusal.expected)
                    if again is None:
                        return
                    batch.entries, batch.files, batch.end = again.entries, again.files, again.end
                elif refusal.expected < batch.start:
                    logger.warning(
                        "the server has less of what was logged than it acknowledged (it was set "
                        "back to an earlier state?); sending goes on from here"
                    )
                sequence = refusal.expected
                continue
            answer = msgspec.json.decode(body, type=wire.Answer)
            self.cursor.following = answer.following
            for refused in answer.refused:
                self._set_aside([batch.entries[refused.entry]], refused.message)
            return

    def _set_aside(self, entries: list[wire.Entry], message: str) -> None:
        """Keep entries that the server will never take, and say so."""
        self.refused += len(entries)
        path = self.folder.parent / REFUSED_FILE
        with path.open("ab") as file:
            for entry in entries:
                kept = {"message": message, "entry": entry}
                file.write(msgspec.json.encode(kept) + b"\n")
        logger.warning("the server refused an entry (kept in %s): %s", path, message)

    def _upload(self, file: File) -> None:
        """Upload a file; one that cannot be, is reported and left where it is."""
        source = Path(file.path)
        try:
            root = file.root or self._root_of(file.run_id)
            # A copy of ours carries its name behind a number.
            name = source.name.partition("-")[2]
            path = f"{file.folder}/{name}" if file.folder else name
            target = artifact_path(root, path)
            if target is None:
                _copy_locally(source, root, path)
            else:
                self._connection.upload(target, source)
        except Refusal as refusal:
            if refusal.passing and refusal.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            self._set_file_aside(source, refusal.message)
            return
        except OSError as error:
            self._set_file_aside(source, str(error))
            return
        with contextlib.suppress(OSError):
            source.unlink()

    def _set_file_aside(self, source: Path, message: str) -> None:
        """Keep a file that the server will never take, and say so."""
        self.refused += 1
        kept = self.folder.parent / REFUSED_FOLDER
        try:
            kept.mkdir(exist_ok=True)
            source.replace(kept / source.name)
        except OSError as error:
            logger.warning("artifact %s is gone: %s", source, error)
        logger.warning("artifact %s was not stored (kept in %s): %s", source.name, kept, message)

    def _root_of(self, run_id: str) -> str:
        root = self._roots.get(run_id)
        if root is None:
            body = self._connection.request("GET", f"/api/eventtrack/1/runs/{run_id}")
            root = self._roots[run_id] = msgspec.json.decode(body, type=_Run).artifact_uri
        return root

    def drain(self, until: float | None, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Send until nothing waits: True; False when it was given up before.

        until: a moment of time.monotonic; None goes on as long as the server answers.
        """
        backoff = Backoff()
        failures = 0
        while not stopped() and (until is None or time.monotonic() < until):
            try:
                if not self.step():
                    return True
                backoff.succeeded()
                failures = 0
            except (Unreachable, Refusal) as error:
                failures += 1
                if until is None and failures == ATTEMPTS_MAX:
                    self.fault = str(error)
                    return False
                time.sleep(backoff.failed())
        return False

    def close(self) -> None:
        """Let go of the memory and the connection."""
        self._reader.close()
        self._connection.close()


class _Run(msgspec.Struct):
    artifact_uri: str


def _copy_locally(source: Path, root: str, path: str) -> None:
    """Store an artifact of a server that leaves artifacts to its clients, in a folder both see."""
    import shutil

    scheme, colon, rest = root.partition("://")
    if colon and scheme != "file":
        raise OSError(
            f"artifacts of this experiment go to {root}; eventtrack's client stores them through "
            "the server or in a folder: use the mlflow plug-in for other places"
        )
    target = Path(rest if colon else root) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


class Shipper:
    """The background thread of a process: sends its spool as it grows, and tells that runs live.

    flush_seconds: how long records may gather; alive_seconds: pause between signs of life.
    """

    def __init__(
        self,
        spool: Spool,
        sender: Sender,
        *,
        flush_seconds: float,
        alive_seconds: float,
        running: Callable[[], list[str]],
        leftovers: Callable[[Callable[[], bool]], None],
    ) -> None:
        self._spool = spool
        self._sender = sender
        self._flush_seconds = flush_seconds
        self._alive_seconds = alive_seconds
        self._running = running
        self._leftovers = leftovers
        self._wake = threading.Event()
        self._stop = False
        self._sent = threading.Condition()
        self._failing = False
        self._thread = threading.Thread(target=self._work, name="eventtrack shipper", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        backoff = Backoff()
        looked_for_leftovers = False
        heard = time.monotonic()
        while not self._stop:
            pause = self._flush_seconds
            try:
                self._spool.prepare()
                while self._sender.step():
                    heard = time.monotonic()
                    self._note(failing=False)
                    self._spool.prepare()
                if time.monotonic() - heard > self._alive_seconds and (running := self._running()):
                    self._sender.alive(running)
                    heard = time.monotonic()
                backoff.succeeded()
                self._note(failing=False)
                if not looked_for_leftovers:
                    looked_for_leftovers = True
                    self._leftovers(lambda: self._stop)
            except (Unreachable, Refusal) as error:
                pause = max(backoff.failed(), getattr(error, "retry_after_seconds", None) or 0)
                if not self._failing:
                    logger.warning(
                        "%s; what is logged is kept in %s and sent later", error, self._spool.folder
                    )
                self._note(failing=True)
            except Exception:
                logger.exception("sending failed; what is logged is kept in %s", self._spool.folder)
                pause = backoff.failed()
                self._note(failing=True)
            self._wake.wait(pause)
            self._wake.clear()

    def _note(self, *, failing: bool) -> None:
        with self._sent:
            if self._failing and not failing:
                logger.warning("the server answers again; what was kept is being sent")
            self._failing = failing
            self._sent.notify_all()

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until everything written before this call is with the server; False if it is not."""
        place = self._spool.written
        until = time.monotonic() + timeout_seconds
        again = 0.0
        with self._sent:
            while self._sender.cursor.acked < place:
                now = time.monotonic()
                if now >= until or not self._thread.is_alive():
                    return False
                if now >= again:
                    # A server that comes back should not wait for the end of a long pause.
                    self._wake.set()
                    again = now + FLUSH_RETRY_SECONDS
                self._sent.wait(min(until, again) - now)
        return True

    def close(self) -> None:
        """Stop the thread; what was not sent stays in the spool."""
        self._stop = True
        self._wake.set()
        self._thread.join(timeout=5)
