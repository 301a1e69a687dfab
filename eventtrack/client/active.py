"""A run with what users of MLflow read off it, `info` and `data`, and files made on the spot."""

import json
import time
from pathlib import Path
from typing import Any

from eventtrack.client.entities import RunData, RunInfo
from eventtrack.client.options import Options
from eventtrack.client.queries import Queries
from eventtrack.client.run import Run
from eventtrack.wire.ingest import NO_RANK


class ActiveRun(Run):
    """A run being logged; `info` and `data` are what the server has of it."""

    def __init__(
        self, options: Options, run_id: str, *, rank: int = NO_RANK, leads: bool = True
    ) -> None:
        super().__init__(options, run_id, rank=rank, leads=leads)
        self.run_name = ""
        self.start_time = time.time_ns() // 1_000_000

    @property
    def info(self) -> "LiveInfo":
        """The run's id, name, experiment, status; what the server chose is asked for when read."""
        return LiveInfo(self)

    @property
    def data(self) -> RunData:
        """Params, tags and last metrics, as the server has them after a flush."""
        return Queries(self.options.tracking_uri).run(self.run_id).data

    def log_text(self, text: str, artifact_file: str) -> None:
        """Log a text as a file."""
        self.log_file(artifact_file, lambda path: path.write_text(text, encoding="utf-8"))

    def log_dict(self, dictionary: Any, artifact_file: str) -> None:
        """Log a dictionary or list as JSON, or as YAML when the file's name says so."""

        def write(path: Path) -> None:
            if path.suffix in (".yml", ".yaml"):
                import yaml

                text = yaml.safe_dump(dictionary, default_flow_style=False, allow_unicode=True)
            else:
                text = json.dumps(dictionary, indent=2, default=str)
            path.write_text(text, encoding="utf-8")

        self.log_file(artifact_file, write)

    def log_figure(self, figure: Any, artifact_file: str, **save_options: Any) -> None:
        """Log a figure of matplotlib, or of plotly (as .html or an image)."""

        def write(path: Path) -> None:
            if hasattr(figure, "savefig"):
                figure.savefig(path, **save_options)
            elif path.suffix == ".html":
                figure.write_html(path, **save_options)
            else:
                figure.write_image(path, **save_options)

        self.log_file(artifact_file, write)

    def log_image(
        self,
        image: Any,
        artifact_file: str | None = None,
        key: str | None = None,
        step: int = 0,
        timestamp: int | None = None,
    ) -> None:
        """Log an image: of PIL, or a numpy array of shape (height, width[, channels]).

        Under a file's name, or under a key and a step, where MLflow's own UI looks for it.
        """
        if (artifact_file is None) == (key is None):
            raise ValueError("log_image needs either artifact_file or key")
        if artifact_file is None:
            assert key is not None
            when = timestamp or time.time_ns() // 1_000_000
            name = key.replace("/", "~")
            artifact_file = f"images/{name}%step%{step}%timestamp%{when}.png"
        self.log_file(artifact_file, lambda path: _picture(image).save(path))

    def log_table(self, data: Any, artifact_file: str) -> None:
        """Log a table as JSON: a mapping of columns, or a pandas DataFrame."""

        def write(path: Path) -> None:
            if hasattr(data, "to_dict"):
                found = data.to_dict(orient="split")
                table = {"columns": list(found["columns"]), "data": found["data"]}
            else:
                columns = {name: _listed(values) for name, values in data.items()}
                rows = [list(row) for row in zip(*columns.values(), strict=True)]
                table = {"columns": list(columns), "data": rows}
            path.write_text(json.dumps(table, default=str), encoding="utf-8")

        self.log_file(artifact_file, write)


def _listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


def _picture(image: Any) -> Any:
    if hasattr(image, "save"):
        return image
    import numpy as np
    from PIL import Image

    pixels = np.asarray(image)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype.kind == "f":
        pixels = (np.clip(pixels, 0.0, 1.0) * 255).astype(np.uint8)
    elif pixels.dtype.kind in "iu":
        pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels)


class LiveInfo:
    """A run's `info`: what this process knows at once, the rest from the server."""

    def __init__(self, run: ActiveRun) -> None:
        self._run = run

    def _asked(self) -> RunInfo:
        return Queries(self._run.options.tracking_uri).run(self._run.run_id).info

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self._run.run_id

    run_uuid = run_id

    @property
    def run_name(self) -> str:
        """The run's name; the server chose it when none was given."""
        return self._run.run_name or self._asked().run_name

    @property
    def status(self) -> str:
        """RUNNING until it ends."""
        return self._run.status

    @property
    def start_time(self) -> int:
        """Milliseconds since 1970."""
        return self._run.start_time

    @property
    def experiment_id(self) -> str:
        """The id of its experiment."""
        return self._asked().experiment_id

    @property
    def artifact_uri(self) -> str:
        """Where its artifacts go."""
        return self._asked().artifact_uri

    @property
    def end_time(self) -> int | None:
        """Milliseconds since 1970; None while it runs."""
        return self._asked().end_time

    @property
    def lifecycle_stage(self) -> str:
        """`active` or `deleted`."""
        return self._asked().lifecycle_stage
