"""The workloads, in the order in which they run."""

from scripts.bench.workloads.artifacts import Artifacts
from scripts.bench.workloads.base import Workload
from scripts.bench.workloads.history import History
from scripts.bench.workloads.ingest import LogBatch, LogMetric, NativeIngest
from scripts.bench.workloads.mixed import ReadsWhileWriting
from scripts.bench.workloads.search import Search
from scripts.bench.workloads.startup import Startup
from scripts.bench.workloads.trainers import Trainers

WORKLOADS: dict[str, type[Workload]] = {
    workload.name: workload
    for workload in (
        Startup,
        LogMetric,
        LogBatch,
        NativeIngest,
        ReadsWhileWriting,
        Trainers,
        Search,
        History,
        Artifacts,
    )
}
