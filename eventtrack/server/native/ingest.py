"""`POST /api/eventtrack/1/ingest`: bytes -> entries -> commands -> answer (`eventtrack.wire`)."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from eventtrack import limits
from eventtrack.commands import ingest as commands
from eventtrack.commands import metrics, runs
from eventtrack.commands.datasets import LogInputs
from eventtrack.commands.receiver import REFUSALS, Refused, Request
from eventtrack.commands.validation import check_run_id
from eventtrack.errors import InvalidParameter, TooBusy
from eventtrack.events.console import ConsoleLogged
from eventtrack.events.datasets import DatasetInput
from eventtrack.server.calls import actor_of
from eventtrack.server.door import Door
from eventtrack.wire import ingest as wire

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_DECODERS: dict[str, tuple[Callable[[bytes], wire.Request], Callable[[bytes], Any]]] = {
    wire.MSGPACK_TYPE: (
        msgspec.msgpack.Decoder(wire.Request).decode,
        msgspec.msgpack.Decoder(wire.LooseRequest).decode,
    ),
    wire.JSON_TYPE: (
        msgspec.json.Decoder(wire.Request).decode,
        msgspec.json.Decoder(wire.LooseRequest).decode,
    ),
}
_TYPES = {**dict.fromkeys(("application/x-msgpack", "application/vnd.msgpack"), wire.MSGPACK_TYPE)}


def ingest(door: Door) -> Handle:
    """Make the endpoint."""
    return _Ingest(door).handle


class _Ingest:
    """One for the server: it counts the bytes of the requests it has let in."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._admitted_bytes = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        # A body without a length is taken for one that fills a fair share.
        size = request.content_length or limits.ADMITTED_BYTES_MAX // 16
        if self._admitted_bytes and self._admitted_bytes + size > limits.ADMITTED_BYTES_MAX:
            raise TooBusy(
                f"{self._admitted_bytes} bytes of requests are being taken in, and at most "
                f"{limits.ADMITTED_BYTES_MAX} may be; nothing was stored: try again in a moment"
            )
        self._admitted_bytes += size
        try:
            return await self._take_in(request)
        finally:
            self._admitted_bytes -= size

    async def _take_in(self, request: web.BaseRequest) -> web.StreamResponse:
        self._door.check_writable()
        decoded, refused = _decode(await request.read(), request.content_type)
        actor = actor_of(request)
        converted = []
        for index, entry in enumerate(decoded.entries):
            if entry is None:
                continue
            try:
                converted.append((index, await self._command(entry, actor)))
            except REFUSALS as error:
                refused.append(Refused(index, error))
        following = decoded.following
        received = await self._door.receiver.receive(
            Request(
                commands=converted,
                refused=refused,
                producer=decoded.producer,
                sequence=decoded.sequence,
                following=decoded.sequence + 1 if following is None else following,
            ),
            actor,
        )
        self._door.liveness.heard({command.run_id for _, command in converted})
        self._door.liveness.heard(decoded.alive)
        answer = wire.Answer(
            position=str(self._door.head()),
            following=received.following,
            stored=received.stored,
            refused=[
                wire.RefusedEntry(each.entry, each.error.error_code, each.error.message)
                for each in sorted(received.refused, key=lambda each: each.entry)
            ],
            repeated=received.repeated,
        )
        return web.Response(body=msgspec.json.encode(answer), content_type=wire.JSON_TYPE)

    async def _command(self, entry: wire.Entry, actor: str) -> commands.Command:
        """An entry of the wire as a command; raises one of REFUSALS."""
        check_run_id(entry.run_id)
        match entry:
            case wire.Metrics():
                return _table(entry)
            case wire.Console():
                return _console(entry)
            case wire.Params(run_id=run_id, params=params):
                return runs.LogParams(run_id=run_id, params=list(params.items()), batch=True)
            case wire.Tags(run_id=run_id, tags=tags):
                return runs.SetRunTags(run_id=run_id, tags=list(tags.items()), batch=True)
            case wire.Inputs(run_id=run_id, datasets=datasets):
                found = [DatasetInput(**msgspec.structs.asdict(each)) for each in datasets]
                return LogInputs(run_id=run_id, datasets=found)
            case wire.RunEnd(run_id=run_id, status=status, end_time=end_time):
                commands.check_status(status)
                end_time_ms = end_time or self._door.handler.now_ms()
                return commands.EndRun(run_id=run_id, status=status, end_time_ms=end_time_ms)
            case wire.RunStart():
                return await self._start(entry, actor)

    async def _start(self, entry: wire.RunStart, actor: str) -> commands.StartRun:
        experiment_id = entry.experiment_id
        if entry.experiment:
            experiment_id = await self._door.receiver.experiment_id(entry.experiment, actor)
        if not experiment_id:
            raise InvalidParameter(
                "Missing value for required parameter 'experiment': name the experiment that the "
                "run belongs to, or give its 'experiment_id'."
            )
        return commands.StartRun(
            run_id=entry.run_id,
            experiment_id=experiment_id,
            name=entry.name,
            user_id=entry.user,
            start_time_ms=entry.start_time or self._door.handler.now_ms(),
            tags=entry.tags,
            lease_seconds=entry.lease_seconds,
            join=entry.join,
        )


class _Decoded(msgspec.Struct):
    """A request whose malformed entries are None."""

    entries: list[wire.Entry | None]
    producer: str
    sequence: int
    following: int | None
    alive: list[str]


def _decode(body: bytes, content_type: str) -> tuple[_Decoded | wire.Request, list[Refused]]:
    """The request, and the entries that cannot be read."""
    decoders = _DECODERS.get(_TYPES.get(content_type, content_type))
    if decoders is None:
        raise InvalidParameter(
            f"Content-Type must be {wire.MSGPACK_TYPE} or {wire.JSON_TYPE}, not {content_type!r}."
        )
    strict, loose = decoders
    try:
        return strict(body), []
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Read again, entry by entry, so that the good ones are stored and the bad ones named.
        try:
            request: wire.LooseRequest = loose(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidParameter(f"The request cannot be read: {error}.") from error
    entries: list[wire.Entry | None] = []
    refused = []
    for index, raw in enumerate(request.entries):
        try:
            # Text that holds numbers is no column; bytes in JSON would be base64.
            entries.append(msgspec.convert(raw, wire.Entry))
        except msgspec.ValidationError as error:
            entries.append(None)
            refused.append(Refused(index, InvalidParameter(f"entries[{index}]: {error}")))
    return (
        _Decoded(entries, request.producer, request.sequence, request.following, request.alive),
        refused,
    )


def _table(entry: wire.Metrics) -> commands.LogTable:
    return commands.LogTable(
        run_id=entry.run_id,
        table=metrics.table(
            steps=metrics.int_column(entry.steps, "steps"),
            timestamps=metrics.int_column(entry.timestamps, "timestamps"),
            values={
                key: metrics.float_column(column, f"values[{key!r}]")
                for key, column in entry.values.items()
            },
            rank=entry.rank,
            model_id=entry.model_id,
            dataset_name=entry.dataset_name,
            dataset_digest=entry.dataset_digest,
        ),
    )


def _console(entry: wire.Console) -> commands.LogConsole:
    timestamps = metrics.int_column(entry.timestamps, "timestamps")
    metrics.check_rank(entry.rank)
    metrics.check_times(timestamps, "timestamps")
    if entry.source not in ("stdout", "stderr"):
        raise InvalidParameter(
            f"Invalid value {entry.source!r} for parameter 'source' supplied: use stdout or stderr."
        )
    if len(timestamps) != 8 * len(entry.lines):
        raise InvalidParameter(
            f"'timestamps' has {len(timestamps) // 8} entries and 'lines' {len(entry.lines)}; each "
            "line needs its own."
        )
    return commands.LogConsole(
        run_id=entry.run_id,
        console=ConsoleLogged(
            run_id=entry.run_id,
            source=entry.source,
            timestamps=timestamps,
            lines=commands.cut_lines(entry.lines),
            rank=entry.rank,
        ),
    )
