"""What the operator names as the source -> the reader for it."""

import urllib.parse
from pathlib import Path

import msgspec

from eventtrack.migration import Source, SourceError

MLFLOW, TENSORBOARD = "mlflow", "tensorboard"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a source is.

    place: a folder, a file, or a URL; kind: MLFLOW or TENSORBOARD; experiment: the name under which
    a TensorBoard log folder comes in; user, password, token: for a server that asks for them.
    """

    place: str
    kind: str = MLFLOW
    experiment: str = ""
    user: str = ""
    password: str = ""
    token: str = ""


def open_source(address: Address) -> Source:
    """Open the source.  Raises SourceError."""
    place = address.place
    scheme = urllib.parse.urlsplit(place).scheme.lower() if "://" in place else ""
    if scheme == "sqlite":
        return _open_sqlite(Path(place.partition(":///")[2]))
    if scheme in ("http", "https"):
        return _open_server(address)
    if scheme.partition("+")[0] in ("postgresql", "postgres"):
        return _open_postgresql(place)
    if scheme not in ("", "file"):
        raise SourceError(
            f"{scheme}:// is not a source that can be imported: give a folder (mlruns), "
            "sqlite:///path, postgresql://host/database or http://host:port"
        )
    path = Path(urllib.parse.unquote(urllib.parse.urlsplit(place).path) if scheme else place)
    path = path.expanduser().absolute()
    if address.kind == TENSORBOARD:
        return _open_tensorboard(path, address.experiment)
    if path.is_file():
        return _open_sqlite(path)
    if path.is_dir():
        from eventtrack.migration.filestore import FileStore

        return FileStore(path)
    raise SourceError(f"there is nothing at {path}")


def _open_tensorboard(folder: Path, experiment: str) -> Source:
    from eventtrack.migration.tensorboard import TensorBoard

    if not folder.is_dir():
        raise SourceError(f"there is no folder at {folder}")
    return TensorBoard(folder, experiment)


def _open_server(address: Address) -> Source:
    from eventtrack.migration.http_api import Api
    from eventtrack.migration.server import Server

    return Server(Api(address.place, address.user, address.password, address.token))


def _open_postgresql(uri: str) -> Source:
    from eventtrack.migration.database import DatabaseSource
    from eventtrack.migration.postgresql import PostgreSql

    return DatabaseSource(PostgreSql(uri))


def _open_sqlite(path: Path) -> Source:
    from eventtrack.migration.database import DatabaseSource
    from eventtrack.migration.sqlite import Sqlite

    return DatabaseSource(Sqlite(path.expanduser().absolute()))
