"""A run as the trainer sees it: every call writes to the spool and returns.

After the start nothing here raises into the training code, unless `strict` is asked for: what is
wrong with a value is reported once through the logger `eventtrack`, and the rest is logged.
"""

import logging
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Any

from eventtrack.client import process, records
from eventtrack.client.options import Options
from eventtrack.client.records import ROW, Keys
from eventtrack.client.spool import Segment, SpoolFull
from eventtrack.client.uploads import spool_file, spool_folder, spool_made
from eventtrack.columns import pack_float, pack_int, pack_ints
from eventtrack.wire import ingest as wire

if TYPE_CHECKING:
    from types import TracebackType

logger = logging.getLogger("eventtrack")

_Known = tuple[Callable[..., bytes], int, Segment | None]
"""How a row of these keys is packed, its number, and the segment that explains the number."""

REPORTS_MAX = 50
"""Different warnings of a run; a message may hold a value, and so be another one at every step."""

_KEY_CHARS_MAX = 250
_BAD_KEY_CHARS = re.compile(r"[^/\w.\- :]")
_I64 = range(-(2**63), 2**63)


class Run:
    """A run that is being logged.  Make one with `eventtrack.init` or `eventtrack.start_run`.

    Safe to use from several threads, and in a forked child, which then writes a spool of its own.
    """

    def __init__(
        self,
        options: Options,
        run_id: str,
        *,
        rank: int = wire.NO_RANK,
        leads: bool = True,
    ) -> None:
        self.run_id = run_id
        self.rank = rank
        self.options = options
        self.status = "RUNNING"
        self.step = 0
        self.leads = leads
        self._known: dict[tuple[str, ...], _Known] = {}
        self._layouts: dict[tuple[str, ...], _Known] = {}
        self._outlet = process.outlet(options) if options.mode != "disabled" else None
        self._reported: set[str] = set()
        self._stop: list[Callable[[], None]] = []
        self._closing = threading.Lock()
        self._append_row: Callable[[bytes, Segment | None], bool] = _never
        if self._outlet is not None:
            self._append_row = self._outlet.spool.append_row
            self._outlet.running.add(self)
        _runs.add(self)

    @property
    def id(self) -> str:
        """The run's id."""
        return self.run_id

    # Metrics: the hot path

    def log(self, data: Mapping[str, Any], step: int | None = None) -> None:
        """Log values at a step; without one, at the step after the last.

        Values are anything `float()` takes: numbers, and scalars of numpy, torch or jax.  Mappings
        inside become keys joined by `/`.
        """
        if step is None:
            step = self.step
        try:
            pack, number, segment = self._known[tuple(data)]
            if self._append_row(
                pack(ROW, number, time_ns() // 1_000_000, step, *data.values()), segment
            ):
                self.step = int(step) + 1
                return
        except Exception:  # whatever it is, the careful way finds and reports it
            pass
        self._carefully(self._log, data, step, None)

    def log_metric(
        self,
        key: str,
        value: Any,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,
        **labels: Any,
    ) -> None:
        """Log one value, at step 0 when none is given, as MLflow does; timestamp in ms.

        labels: model_id, and dataset (an object with `name` and `digest`) or dataset_name and
        dataset_digest.
        """
        if not labels:
            try:
                pack, number, segment = self._known[(key,)]
                if self._append_row(
                    pack(ROW, number, timestamp or time_ns() // 1_000_000, step or 0, value),
                    segment,
                ):
                    return
            except Exception:  # as in `log`
                pass
        self._carefully(self._log_labelled, {key: value}, step or 0, timestamp, labels)

    def log_metrics(
        self,
        metrics: Mapping[str, Any],
        step: int | None = None,
        synchronous: bool | None = None,
        timestamp: int | None = None,
        **labels: Any,
    ) -> None:
        """Log several values at one step, at step 0 when none is given, as MLflow does."""
        self._carefully(self._log_labelled, metrics, step or 0, timestamp, labels)

    def _log(
        self, data: Mapping[str, Any], step: int, timestamp: int | None, counts: bool = True
    ) -> None:
        """The careful way: names made fit, values made numbers, the layout written before the row.

        counts: `log` without a step goes on after this one.

        A layout that needs no care is remembered, and its next row goes the short way.
        """
        if self.options.mode == "disabled":
            return
        outlet = self._open()
        if isinstance(step, bool) or int(step) != step or int(step) not in _I64:
            raise ValueError(f"step must be a whole number in 64 bits, not {step!r}")
        numbers = dict(self._numbers(data))
        if not numbers:
            return
        keys = tuple(numbers)
        known = self._layouts.get(keys)
        if known is None:
            number = outlet.number()
            known = (records.row_packer(len(keys)).pack, number, None)
        pack, number, segment = known
        row = pack(ROW, number, timestamp or time_ns() // 1_000_000, int(step), *numbers.values())
        if not self._append_row(row, segment):
            # Every segment explains its own rows, so that it can be read without the ones before.
            layout = Keys(number, self.run_id, self.rank, list(keys))
            written = self._append(records.keys_body(layout), row)
            self._layouts[keys] = known = (pack, number, written)
        if tuple(data) == keys:
            self._known[keys] = known
        if counts:
            self.step = int(step) + 1

    def _log_labelled(
        self,
        data: Mapping[str, Any],
        step: int,
        timestamp: int | None,
        labels: Mapping[str, Any],
    ) -> None:
        dataset = labels.get("dataset")
        model_id = labels.get("model_id") or ""
        name = str(labels.get("dataset_name") or getattr(dataset, "name", ""))
        digest = str(labels.get("dataset_digest") or getattr(dataset, "digest", ""))
        if not model_id and not name:
            self._log(data, step, timestamp, counts=False)
            return
        when = timestamp or time_ns() // 1_000_000
        self._write(
            wire.Metrics(
                run_id=self.run_id,
                steps=pack_int(int(step)),
                timestamps=pack_int(int(when)),
                values={key: pack_float(value) for key, value in self._numbers(data)},
                rank=self.rank,
                model_id=model_id,
                dataset_name=name,
                dataset_digest=digest,
            )
        )

    def _numbers(self, data: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, float]]:
        for key, value in data.items():
            name = self._key(f"{prefix}{key}")
            if isinstance(value, Mapping):
                yield from self._numbers(value, f"{name}/")
            elif value is not None:
                try:
                    yield name, float(value)
                except (TypeError, ValueError, OverflowError, RuntimeError) as error:
                    self._report(
                        f"{name!r} is no number ({type(value).__name__}: {error}) and is left out: "
                        "log texts with log_params or set_tags, objects as artifacts"
                    )

    def _key(self, key: str) -> str:
        fit = _BAD_KEY_CHARS.sub("_", key).strip("/") or "_"
        fit = "/".join(part for part in fit.split("/") if part not in ("", ".", ".."))
        fit = (fit or "_")[:_KEY_CHARS_MAX]
        if fit != key:
            self._report(
                f"the name {key!r} is logged as {fit!r}: names hold letters, digits, spaces and "
                f"_-.:/ , at most {_KEY_CHARS_MAX} characters"
            )
        return fit

    # Params, tags, inputs

    def log_param(self, key: str, value: Any, synchronous: bool | None = None) -> Any:
        """Log a param, once; returns the value."""
        self._carefully(self._log_params, {key: value})
        return value

    def log_params(
        self, params: Mapping[str, Any], synchronous: bool | None = None, run_id: str | None = None
    ) -> None:
        """Log params, each once; mappings inside become keys joined by `/`."""
        self._carefully(self._log_params, params)

    def _log_params(self, params: Mapping[str, Any]) -> None:
        found = dict(self._texts(params))
        for some in _portions(found, 100):
            self._write(wire.Params(run_id=self.run_id, params=some))

    def set_tag(self, key: str, value: Any, synchronous: bool | None = None) -> None:
        """Set a tag."""
        self._carefully(self._set_tags, {key: value})

    def set_tags(self, tags: Mapping[str, Any], synchronous: bool | None = None) -> None:
        """Set tags; the last value counts."""
        self._carefully(self._set_tags, tags)

    def _set_tags(self, tags: Mapping[str, Any]) -> None:
        self._write(
            wire.Tags(
                run_id=self.run_id,
                tags={self._key(str(key)): str(value) for key, value in tags.items()},
            )
        )

    def _texts(self, params: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
        for key, value in params.items():
            name = self._key(f"{prefix}{key}")
            if isinstance(value, Mapping) and value:
                yield from self._texts(value, f"{name}/")
            else:
                yield name, str(value)

    def log_inputs(self, datasets: list[wire.Dataset]) -> None:
        """Note datasets that the run reads."""
        self._carefully(self._write, wire.Inputs(run_id=self.run_id, datasets=datasets))

    def log_lines(self, source: str, timestamp: int, line: str) -> None:
        """Note a line that the process printed; timestamp in ms; source: stdout or stderr."""
        entry = wire.Console(
            run_id=self.run_id,
            source=source,
            timestamps=pack_ints([timestamp]),
            lines=[line],
            rank=self.rank,
        )
        self._carefully(self._write, entry)

    # Artifacts

    def log_artifact(self, local_path: str | Path, artifact_path: str | None = None) -> None:
        """Log a file, or a folder with all in it: copied now, uploaded in the background."""
        self._carefully(self._log_artifact, Path(local_path), artifact_path or "", False)

    def log_artifacts(self, local_dir: str | Path, artifact_path: str | None = None) -> None:
        """Log what is in a folder."""
        self._carefully(self._log_artifact, Path(local_dir), artifact_path or "", True)

    def _log_artifact(self, path: Path, folder: str, contents: bool) -> None:
        if self.options.mode == "disabled":
            return
        if contents or path.is_dir():
            base = folder if contents else f"{folder}/{path.name}".strip("/")
            spool_folder(self._open(), path, base, run_id=self.run_id)
        else:
            spool_file(self._open(), path, folder, run_id=self.run_id)

    def log_file(self, artifact_file: str, write: Callable[[Path], object]) -> None:
        """Log a file that does not exist yet: `write` is called with the path to write it to.

        artifact_file: its path inside the run's artifacts.
        """
        folder, _, name = artifact_file.strip("/").rpartition("/")
        self._carefully(self._log_file, name, folder, write)

    def _log_file(self, name: str, folder: str, write: Callable[[Path], object]) -> None:
        if self.options.mode != "disabled":
            spool_made(self._open(), name, folder, write, run_id=self.run_id, root="")

    # The end

    def finish(self, status: str = "FINISHED") -> None:
        """End the run, and wait a bounded time until the server has it all."""
        self.end(status)
        if self._outlet is not None and self._outlet.shipper is not None:
            self._outlet.flush(self.options.exit_timeout_seconds)

    def end(self, status: str = "FINISHED", end_time: int | None = None) -> None:
        """End the run without waiting for the server; done twice it is done once.

        end_time: milliseconds since 1970, now when left out.
        """
        with self._closing:
            if self.status != "RUNNING":
                return
            self.status = status
        stop, self._stop = self._stop, []
        for each in stop:
            self._carefully(each)
        if self.leads:
            ended = wire.RunEnd(run_id=self.run_id, status=status, end_time=end_time or _now_ms())
            self._carefully(self._write, ended)
        self.leave()

    def leave(self) -> None:
        """Go without ending the run: this process no longer tells that it lives."""
        if self._outlet is not None:
            self._outlet.running.discard(self)

    def at_end(self, stop: Callable[[], None]) -> None:
        """Call this when the run ends."""
        self._stop.append(stop)

    def flush(self, timeout_seconds: float = 60.0) -> bool:
        """Wait until the server has everything that was logged; False if it has not by then."""
        return self._outlet is None or self._outlet.flush(timeout_seconds)

    def __enter__(self) -> "Run":
        """The run itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        """End the run: FAILED when the block raised."""
        self.finish("FINISHED" if kind is None else "FAILED")

    # How records reach the spool

    def start(self, entry: wire.RunStart) -> None:
        """Write the run's beginning.  Raises what is wrong with it."""
        self._write(entry)

    def _write(self, entry: wire.Entry) -> None:
        self._append(records.entry_body(entry))

    def _append(self, *bodies: bytes) -> Segment | None:
        if self.options.mode == "disabled":
            return None
        return self._open().spool.append(*bodies)

    def _open(self) -> process.Outlet:
        outlet = self._outlet
        if outlet is None:
            # A forked child: it writes a spool of its own from now on.
            outlet = self._outlet = process.outlet(self.options)
            outlet.running.add(self)
            self._append_row = outlet.spool.append_row
        return outlet

    def _carefully(self, call: Callable[..., object], *arguments: object) -> None:
        """Nothing that goes wrong in logging may end the training."""
        try:
            call(*arguments)
        except SpoolFull as error:
            if self.options.strict:
                raise
            self._report(f"{error}; what is logged now is LOST until there is room again")
        except Exception as error:
            if self.options.strict:
                raise
            self._report(f"could not be logged: {type(error).__name__}: {error}")

    def _report(self, message: str) -> None:
        """Warn once for each thing that is wrong, and not for ever."""
        if self.options.strict:
            raise ValueError(message)
        if message not in self._reported and len(self._reported) < REPORTS_MAX:
            self._reported.add(message)
            logger.warning("run %s: %s", self.run_id, message)
            if len(self._reported) == REPORTS_MAX:
                logger.warning("run %s: what else is wrong is not reported", self.run_id)

    def forget_parent(self) -> None:
        """In a forked child: the parent's spool and thread are not ours."""
        self._known = {}
        self._layouts = {}
        self._outlet = None
        self._append_row = _never
        self._closing = threading.Lock()
        self.leads = False
        self._stop = []


def _never(*_: object) -> Any:
    """Stands for a spool while there is none: the careful way finds one."""
    return False


def _portions(texts: dict[str, str], size: int) -> Iterable[dict[str, str]]:
    items = list(texts.items())
    for start in range(0, len(items), size):
        yield dict(items[start : start + size])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


_runs: "weakref.WeakSet[Run]" = weakref.WeakSet()


def _in_child() -> None:
    for run in list(_runs):
        run.forget_parent()


process.after_fork(_in_child)
