"""One table of the server's options: click, the environment, the README and its test read it.

Names, meanings and MLFLOW_* variables follow `mlflow server` where it has the option.
"""

import os
from pathlib import Path

import msgspec


class Setting(msgspec.Struct, frozen=True):
    """An option: its flag's words, the environment variables that set it, its default, its help.

    The first variable that is set wins; a flag on the command line wins over all.
    """

    name: str
    variables: tuple[str, ...]
    default: str | int | bool
    help: str
    short: str | None = None
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """The flag on the command line."""
        return "--" + self.name.replace("_", "-")


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "data",
        ("EVENTTRACK_DATA",),
        "./eventtrack-data",
        "Folder with the event log, the views and the artifacts; made when absent.",
    ),
    Setting(
        "host",
        ("EVENTTRACK_HOST", "MLFLOW_HOST"),
        "127.0.0.1",
        "Address to listen on; 0.0.0.0 for all.",
        short="-h",
    ),
    Setting(
        "port",
        ("EVENTTRACK_PORT", "MLFLOW_PORT"),
        5000,
        "Port to listen on; 0 picks a free one.",
        short="-p",
    ),
    Setting(
        "backend_store_uri",
        ("EVENTTRACK_BACKEND_STORE_URI", "MLFLOW_BACKEND_STORE_URI"),
        "",
        "Where the event log is, as a path or sqlite:///path.  Default: log.db in the data folder.",
    ),
    Setting(
        "default_artifact_root",
        ("EVENTTRACK_DEFAULT_ARTIFACT_ROOT", "MLFLOW_DEFAULT_ARTIFACT_ROOT"),
        "",
        "Root for the artifacts of new experiments.  Default: mlflow-artifacts:/ (through this "
        "server), or the artifacts destination under --no-serve-artifacts.",
    ),
    Setting(
        "artifacts_destination",
        ("EVENTTRACK_ARTIFACTS_DESTINATION", "MLFLOW_ARTIFACTS_DESTINATION"),
        "",
        "Where the server keeps artifact bytes: a folder, s3://, gs:// or az://.  Default: "
        "artifacts in the data folder.",
    ),
    Setting(
        "serve_artifacts",
        ("EVENTTRACK_SERVE_ARTIFACTS", "MLFLOW_SERVE_ARTIFACTS"),
        True,
        "Let clients store and fetch artifacts through this server.",
    ),
    Setting(
        "allowed_hosts",
        ("EVENTTRACK_ALLOWED_HOSTS", "MLFLOW_SERVER_ALLOWED_HOSTS"),
        "",
        "Host names, comma-separated, under which clients may reach this server besides localhost "
        "and private addresses, for example mlflow:5000 or *.example.com; * allows any.",
    ),
    Setting(
        "cors_allowed_origins",
        ("EVENTTRACK_CORS_ALLOWED_ORIGINS", "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"),
        "",
        "Web origins, comma-separated, whose pages may write to this server besides localhost and "
        "the server's own; * allows any, without credentials.",
    ),
    Setting(
        "ui",
        ("EVENTTRACK_UI",),
        "eventtrack",
        "Web pages at /: eventtrack's own, or mlflow for those of the installed mlflow package.",
        choices=("eventtrack", "mlflow"),
    ),
    Setting(
        "webhook_hosts",
        ("EVENTTRACK_WEBHOOK_HOSTS",),
        "",
        "Hosts, comma-separated, that webhooks may reach though they are private: a name such as "
        "ci.example.com or *.internal, an address, a network such as 10.0.0.0/8; http:// before "
        "one allows it without encryption.",
    ),
    Setting(
        "request_mebibytes_max",
        ("EVENTTRACK_REQUEST_MEBIBYTES_MAX",),
        64,
        "Largest JSON body of a request, in MiB; artifacts are streamed and have no limit.",
    ),
    Setting(
        "access_log",
        ("EVENTTRACK_ACCESS_LOG",),
        False,
        "Log every request, not only failed and slow ones.",
    ),
    Setting(
        "read_only",
        ("EVENTTRACK_READ_ONLY",),
        False,
        "Refuse every write; also serves a folder that eventtrack replay has made.",
    ),
)
"""Every option of `eventtrack server`, in the order of its help."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one server, as given; see SETTINGS."""

    data: str = "./eventtrack-data"
    host: str = "127.0.0.1"
    port: int = 5000
    backend_store_uri: str = ""
    default_artifact_root: str = ""
    artifacts_destination: str = ""
    serve_artifacts: bool = True
    allowed_hosts: str = ""
    cors_allowed_origins: str = ""
    ui: str = "eventtrack"
    webhook_hosts: str = ""
    request_mebibytes_max: int = 64
    access_log: bool = False
    read_only: bool = False

    @property
    def data_path(self) -> Path:
        """The data folder, absolute."""
        return Path(self.data).expanduser().absolute()

    @property
    def log_path(self) -> Path:
        """The event log's file; ValueError, with what to do, when the URI cannot be one."""
        uri = self.backend_store_uri
        if not uri:
            return self.data_path / "log.db"
        if uri.startswith("sqlite:///"):
            return Path(uri.removeprefix("sqlite:///")).expanduser().absolute()
        scheme, colon, _ = uri.partition("://")
        if colon and scheme != "file":
            raise ValueError(
                f"--backend-store-uri {scheme}://... is not supported: eventtrack keeps its own "
                "event log in one SQLite file; give sqlite:///path/to/log.db, or leave it out"
            )
        path = Path(uri.removeprefix("file://")).expanduser().absolute()
        return path / "log.db" if path.is_dir() or not path.suffix else path

    @property
    def views_folder(self) -> Path:
        """The folder of the views, beside the log they are folded from."""
        return self.log_path.with_name(self.log_path.stem + "-views")

    @property
    def artifacts_path(self) -> str:
        """Where artifact bytes are kept: a path or a URL."""
        return self.artifacts_destination or str(self.data_path / "artifacts")

    @property
    def artifact_root(self) -> str:
        """The root of new experiments' artifact locations."""
        if self.default_artifact_root:
            return self.default_artifact_root
        return "mlflow-artifacts:/" if self.serve_artifacts else self.artifacts_path


def from_environment(setting: Setting) -> str | None:
    """The value that the environment gives an option, or None."""
    for variable in setting.variables:
        value = os.environ.get(variable)
        if value:
            return value
    return None


assert tuple(setting.name for setting in SETTINGS) == Settings.__struct_fields__
