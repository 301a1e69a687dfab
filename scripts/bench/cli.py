"""The command line of the benchmark."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import click
import msgspec
import psutil

from scripts.bench import report
from scripts.bench.ceiling import ceiling
from scripts.bench.clients import Clients
from scripts.bench.runner import CaseResult, Runner
from scripts.bench.servers import ServerSpec
from scripts.bench.workloads import WORKLOADS
from scripts.bench.workloads.base import Options

_CEILING_CONNECTIONS = 64


def parse_specs(
    context: click.Context, option: click.Parameter, texts: tuple[str, ...]
) -> list[ServerSpec]:
    """Each `name=command` as a ServerSpec."""
    try:
        return [ServerSpec.parse(text) for text in texts]
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from error


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--server",
    "servers",
    callback=parse_specs,
    multiple=True,
    metavar="NAME=COMMAND",
    help="The server that all others are compared with; default: the eventtrack beside this "
    "Python.  {port} and {dir} are filled in.",
)
@click.option(
    "--peer",
    "peers",
    callback=parse_specs,
    multiple=True,
    metavar="NAME=COMMAND",
    help="A server to compare with; repeatable.",
)
@click.option(
    "--workloads",
    default=",".join(WORKLOADS),
    show_default=True,
    help="Which workloads, separated by commas.",
)
@click.option("--seconds", type=float, help="Length of a timed load.  [default: 5; quick: 2]")
@click.option(
    "--rounds", type=click.IntRange(1), help="Rounds of each case.  [default: 3; quick: 1]"
)
@click.option(
    "--clients",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Client processes that share the connections of a load.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write everything measured to this file, every round included.",
)
@click.option("--quick", is_flag=True, help="Small sizes: minutes, for a first look.")
@click.option("--history-points", type=click.IntRange(1), help="[default: 1000000; quick: 100000]")
@click.option("--artifact-mib", type=click.IntRange(1), help="[default: 1024; quick: 128]")
@click.option(
    "--search-sizes", help="Runs to search over, separated by commas.  [default: 1000,10000]"
)
@click.option("--trainers", type=click.IntRange(1), default=64, show_default=True)
@click.option(
    "--trainer-rate",
    type=float,
    default=10.0,
    show_default=True,
    help="Batches of 50 metrics a second from each trainer.",
)
def main(
    servers: list[ServerSpec],
    peers: list[ServerSpec],
    workloads: str,
    rounds: int | None,
    clients: int,
    json_file: Path | None,
    quick: bool,
    seconds: float | None,
    history_points: int | None,
    artifact_mib: int | None,
    search_sizes: str | None,
    trainers: int,
    trainer_rate: float,
) -> None:
    """Run the same workloads against eventtrack and its peers, side by side."""
    specs = [*(servers or [ServerSpec.eventtrack()]), *peers]
    if len({spec.name for spec in specs}) < len(specs):
        raise click.BadParameter("two servers have the same name")
    sizes = search_sizes or ("1000" if quick else "1000,10000")
    options = Options(
        seconds=seconds or (2.0 if quick else 5.0),
        trainers=trainers,
        trainer_rate=trainer_rate,
        search_sizes=sorted(int(size) for size in sizes.split(",")),
        history_points=history_points or (100_000 if quick else 1_000_000),
        artifact_mib=artifact_mib or (128 if quick else 1024),
    )
    rounds = rounds or (1 if quick else 3)
    names = workloads.split(",")
    for name in names:
        if name not in WORKLOADS:
            raise click.BadParameter(f"no workload {name!r}; there are {', '.join(WORKLOADS)}")
    settings = {**asdict(options), "rounds": rounds, "clients": clients, "quick": quick}
    _measure(specs, names, options, settings, json_file)


def _measure(
    specs: list[ServerSpec],
    names: list[str],
    options: Options,
    settings: dict[str, object],
    json_file: Path | None,
) -> None:
    begun = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"[{time.monotonic() - begun:6.1f} s] {text}", err=True)

    rounds, clients = settings["rounds"], settings["clients"]
    assert isinstance(rounds, int)
    assert isinstance(clients, int)
    results: list[CaseResult] = []
    settings["busy_before"] = psutil.cpu_percent(interval=1.0)
    with Clients(clients) as pool:
        best = ceiling(pool, _CEILING_CONNECTIONS, 1.0)
        settings["generator_ceiling"] = round(best.ok / best.seconds)
        say(f"generator alone: {best.ok / best.seconds:,.0f} requests/s, {clients} client(s)")
        runner = Runner(specs, pool, rounds, say)
        for name in names:
            results += runner.run(WORKLOADS[name](options))
            if json_file is not None:
                # After every workload: an interrupted run keeps what it has.
                document = report.document(results, specs, settings)
                json_file.write_bytes(msgspec.json.format(msgspec.json.encode(document)))
    click.echo(_heading(settings))
    click.echo(report.table(results, [spec.name for spec in specs]))


def _heading(settings: dict[str, object]) -> str:
    found = report.machine()
    return (
        f"{found['cores']} cores of {found['processor']}, Python {found['python']}; "
        f"{settings['rounds']} round(s) of {settings['seconds']:g} s; "
        f"the generator alone reaches {settings['generator_ceiling']:,} requests/s.\n"
        f"Before the start, other processes used {settings['busy_before']:.0f} % of the machine.\n"
        "+ more is better, - less is better; latencies are of answered requests.\n"
    )
