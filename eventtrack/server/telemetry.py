"""`GET /metrics` for Prometheus: what the server has counted, gathered when it is asked for.

The hot path counts in plain attributes (`eventtrack.counters`); the library is imported at the
first scrape.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from eventtrack import limits
from eventtrack.counters import SECONDS, Histogram
from eventtrack.projector.live import Live
from eventtrack.projector.projector import Projector
from eventtrack.server.dispatch import Handle
from eventtrack.server.webhooks.delivering import Deliveries

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

HELP: dict[str, str] = {
    "eventtrack_ingested_points_total": "Metric points stored",
    "eventtrack_events_total": "Events stored",
    "eventtrack_events_bytes_total": "Bytes of stored events, packed",
    "eventtrack_commits_total": "Commits to the log",
    "eventtrack_commit_seconds": "Time of a commit to the log, fsync included",
    "eventtrack_commit_appends": "Writes that shared a commit",
    "eventtrack_write_queue_appends": "Writes that wait for the next commit",
    "eventtrack_write_queue_bytes": "Bytes of writes that wait for the log",
    "eventtrack_write_queue_bytes_peak": "The most bytes that ever waited for the log",
    "eventtrack_write_queue_bytes_max": "Bytes that may wait before writes are refused with 429",
    "eventtrack_projection_lag_events": "Events that the views have not folded yet",
    "eventtrack_projection_batches_total": "Batches of events folded into the views",
    "eventtrack_projection_batch_seconds": "Time to fold a batch of events into the views",
    "eventtrack_projection_batch_events": "Events folded together",
    "eventtrack_projection_fault": "1 while the views cannot follow the log",
    "eventtrack_requests_total": "Requests answered, by route, method and status",
    "eventtrack_request_seconds": "Time to answer a request, by route",
    "eventtrack_refused_busy_total": "Requests refused with 429 because too much waited",
    "eventtrack_webhook_delivered_total": "Deliveries that webhooks have taken",
    "eventtrack_webhook_failed_total": "Tries of deliveries that failed",
    "eventtrack_webhook_given_up_total": "Deliveries that failed for too long and are given up",
    "eventtrack_webhook_waiting": "Deliveries that wait for their webhook",
    "eventtrack_info": "The server's version",
}
"""Every metric of ours and what it is; README has the same table."""


class LogCounters(Protocol):
    """What the log has counted."""

    events: int
    events_bytes: int
    points: int
    commit_seconds: Histogram
    commit_appends: Histogram

    @property
    def queue_depth(self) -> int:
        """Writes that wait for the next commit."""
        ...

    @property
    def queue_bytes(self) -> int:
        """Bytes that wait."""
        ...

    @property
    def queue_bytes_peak(self) -> int:
        """The most that ever waited."""
        ...


class Requests:
    """Requests answered so far; routes are patterns, so that there are never many."""

    def __init__(self) -> None:
        self.answered: dict[tuple[str, str, int], int] = {}
        self.seconds: dict[str, Histogram] = {}
        self.busy = 0

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Note an answer."""
        key = (route, method, status)
        self.answered[key] = self.answered.get(key, 0) + 1
        histogram = self.seconds.get(route)
        if histogram is None:
            histogram = self.seconds[route] = Histogram(SECONDS)
        histogram.observe(seconds)
        self.busy += status == 429


class Telemetry:
    """Gathers the counters of one server.

    log, live: None for a server that has views alone; version: of this release; deliveries: None
    where nothing is written.
    """

    def __init__(
        self,
        log: LogCounters | None,
        live: Live | None,
        version: str,
        deliveries: Deliveries | None = None,
    ) -> None:
        self._deliveries = deliveries
        self._version = version
        self._log = log
        self._live = live
        self.requests = Requests()
        self._registry: Any = None

    def handler(self) -> Handle:
        """GET /metrics."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

            body = generate_latest(self._make_registry())
            return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

        return handle

    def _make_registry(self) -> Any:
        if self._registry is None:
            from prometheus_client import CollectorRegistry, ProcessCollector

            self._registry = CollectorRegistry()
            self._registry.register(_collector(self.families))
            ProcessCollector(registry=self._registry)
        return self._registry

    def families(self) -> Iterator[Any]:
        """The metrics, as prometheus_client's families."""
        if self._log is not None and self._live is not None:
            yield from self._of_log(self._log, self._live.projector)
        if self._deliveries is not None:
            yield from _of_deliveries(self._deliveries)
        yield from self._of_requests()

    def _of_log(self, log: LogCounters, projector: Projector) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for name, count in (
            ("eventtrack_ingested_points", log.points),
            ("eventtrack_events", log.events),
            ("eventtrack_events_bytes", log.events_bytes),
            ("eventtrack_commits", log.commit_seconds.observed),
            ("eventtrack_projection_batches", projector.batch_seconds.observed),
            ("eventtrack_refused_busy", self.requests.busy),
        ):
            yield CounterMetricFamily(name, HELP[f"{name}_total"], value=count)
        for name, value in (
            ("eventtrack_write_queue_appends", log.queue_depth),
            ("eventtrack_write_queue_bytes", log.queue_bytes),
            ("eventtrack_write_queue_bytes_peak", log.queue_bytes_peak),
            ("eventtrack_write_queue_bytes_max", limits.BACKLOG_BYTES_MAX),
            ("eventtrack_projection_lag_events", projector.lag()),
            ("eventtrack_projection_fault", projector.fault is not None),
        ):
            yield GaugeMetricFamily(name, HELP[name], value=value)
        for name, histogram in (
            ("eventtrack_commit_seconds", log.commit_seconds),
            ("eventtrack_commit_appends", log.commit_appends),
            ("eventtrack_projection_batch_seconds", projector.batch_seconds),
            ("eventtrack_projection_batch_events", projector.batch_events),
        ):
            yield _family(name, (), [((), histogram)])

    def _of_requests(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        answered = CounterMetricFamily(
            "eventtrack_requests",
            HELP["eventtrack_requests_total"],
            labels=("route", "method", "status"),
        )
        for (route, method, status), count in self.requests.answered.items():
            answered.add_metric((route, method, str(status)), count)
        yield answered
        yield _family(
            "eventtrack_request_seconds",
            ("route",),
            [((route,), histogram) for route, histogram in self.requests.seconds.items()],
        )
        info = GaugeMetricFamily("eventtrack_info", HELP["eventtrack_info"], labels=("version",))
        info.add_metric((self._version,), 1)
        yield info


def _of_deliveries(deliveries: Deliveries) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    for name, count in (
        ("eventtrack_webhook_delivered", deliveries.delivered),
        ("eventtrack_webhook_failed", deliveries.failed),
        ("eventtrack_webhook_given_up", deliveries.given_up),
    ):
        yield CounterMetricFamily(name, HELP[f"{name}_total"], value=count)
    name = "eventtrack_webhook_waiting"
    yield GaugeMetricFamily(name, HELP[name], value=deliveries.waiting)


def _family(
    name: str, labels: tuple[str, ...], found: list[tuple[tuple[str, ...], Histogram]]
) -> Any:
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(name, HELP[name], labels=labels)
    for values, histogram in found:
        family.add_metric(values, histogram.buckets(), histogram.total)
    return family


def _collector(families: Callable[[], Iterator[Any]]) -> "Collector":
    from prometheus_client.registry import Collector

    class Families(Collector):
        """What prometheus_client asks at each scrape."""

        def collect(self) -> Iterator[Any]:
            """The families."""
            return families()

    return Families()
