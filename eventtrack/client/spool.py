"""The spool: an append-only file on the local disk that log calls write to and return.

A folder for each producing process:

  spool.json   who sends, and where to
  lock         held by the process that writes or sends
  N.seg        segments, named by the place of their first byte in the spool; memory-mapped
  acked        the place up to which the server has everything
  files/       copies of artifacts that wait to be uploaded

What a log call has written survives the death of the process (not of the machine: the pages are
the kernel's until it writes them).  Space is taken when a segment is made, so that a full disk is
noticed there, and not as a signal in the middle of a write.
"""

import contextlib
import fcntl
import mmap
import os
import struct
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from zlib import crc32

import msgspec

from eventtrack.client.records import HEADER

SEGMENT_BYTES = 4 << 20
FORMAT = 1

_ACKED = struct.Struct("<QQI")
_PAGE = 4096
_pack = HEADER.pack


class SpoolFull(Exception):
    """The backlog has reached its bound, or the disk is full; the message says which."""


class Identity(msgspec.Struct):
    """Who sends, where to, and which process started it."""

    producer: str
    tracking_uri: str
    process_id: int
    parent_id: int = 0
    format: int = FORMAT


class Segment:
    """One file of the spool, mapped.  start: the place of its first byte in the spool."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self.path = path
        self.start = start
        self.size = size
        with path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), size)

    @classmethod
    def create(cls, folder: Path, start: int, size: int) -> "Segment":
        """Make an empty one; SpoolFull when the disk has no room for it."""
        path = folder / f"{start:020d}.seg"
        try:
            with path.open("w+b") as file:
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            raise SpoolFull(f"no room for the spool in {folder}: {error}") from error
        return cls(path, start, size)

    def touch(self) -> None:
        """Have the kernel map every page now, so that a log call need not wait for it."""
        for place in range(0, self.size, _PAGE):
            self.map[place] = 0

    def close(self) -> None:
        """Let go of the memory; the file stays."""
        self.map.close()


class Spool:
    """The writing side; one for each process.

    bytes_max: the backlog that is kept at most; SpoolFull beyond it.
    """

    def __init__(
        self,
        folder: Path,
        tracking_uri: str,
        *,
        bytes_max: int = 1 << 30,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.folder = folder
        self.bytes_max = bytes_max
        self.producer = uuid.uuid4().hex
        self._segment_bytes = segment_bytes
        folder.mkdir(parents=True)
        (folder / "files").mkdir()
        self._lock_file = hold(folder)
        identity = Identity(self.producer, tracking_uri, os.getpid(), os.getppid())
        (folder / "spool.json").write_bytes(msgspec.json.encode(identity))
        self._lock = threading.Lock()
        self._standby: Segment | None = None
        self._open(Segment.create(folder, 0, segment_bytes))
        self.acked = 0

    def _open(self, segment: Segment) -> None:
        self.segment = segment
        self._map = segment.map
        self._at = 0
        self._size = segment.size

    @property
    def written(self) -> int:
        """The place after the last record."""
        return self.segment.start + self._at

    def append_row(self, body: bytes, segment: Segment | None) -> bool:
        """Append a row whose keys were written in this segment; False when it must be prepared.

        The hot path of the trainer: one lock, one checksum, one copy.
        """
        record = _pack(len(body), crc32(body)) + body
        with self._lock:
            at = self._at
            end = at + len(record)
            if end > self._size or segment is not self.segment:
                return False
            self._map[at:end] = record
            self._at = end
        return True

    def append(self, *bodies: bytes) -> Segment:
        """Append records side by side in one segment, and return it.  Raises SpoolFull."""
        record = b"".join([HEADER.pack(len(body), crc32(body)) + body for body in bodies])
        with self._lock:
            if self._at + len(record) > self._size:
                self._roll(len(record))
            at = self._at
            self._map[at : at + len(record)] = record
            self._at = at + len(record)
            return self.segment

    def _roll(self, room: int) -> None:
        """Go on in a new segment with at least so much room."""
        start = self.segment.start + self._at
        if start - self.acked > self.bytes_max:
            raise SpoolFull(
                f"{start - self.acked} bytes wait to be sent, and at most {self.bytes_max} are kept"
            )
        standby, self._standby = self._standby, None
        if standby is not None and room <= standby.size:
            # It was made before its place was known.
            path = self.folder / f"{start:020d}.seg"
            standby.path.rename(path)
            standby.path, standby.start = path, start
            self._open(standby)
        else:
            self._open(Segment.create(self.folder, start, max(self._segment_bytes, room)))

    def prepare(self) -> None:
        """Have a segment ready for the next roll; called in the background.

        On a full disk there is none, and the roll, which makes its own, meets the full disk.
        """
        if self._standby is not None or self._at <= self._size // 4:
            return
        path = self.folder / "standby"
        try:
            with path.open("w+b") as file:
                os.posix_fallocate(file.fileno(), 0, self._segment_bytes)
            standby = Segment(path, 0, self._segment_bytes)
        except OSError:
            path.unlink(missing_ok=True)
            return
        standby.touch()
        self._standby = standby

    def end_of(self, segment: Segment) -> int:
        """How far a segment of this spool is written, in bytes from its start."""
        with self._lock:
            return self._at if segment is self.segment else segment.size

    def forget(self) -> None:
        """In a forked child: leave the parent's spool alone, and do not hold its lock."""
        self._lock_file.close()

    def close(self, remove: bool) -> None:
        """Let go of the folder; remove: nothing is left to send."""
        self._map.close()
        if self._standby is not None:
            self._standby.close()
            self._standby.path.unlink(missing_ok=True)
        if remove:
            remove_folder(self.folder)
        self._lock_file.close()


class Cursor:
    """How far a spool is sent: `acked` bytes are done with, the server expects `following`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "acked"
        self.acked = 0
        self.following = 0
        with contextlib.suppress(OSError, struct.error):
            content = self._path.read_bytes()
            acked, following, checksum = _ACKED.unpack(content)
            if crc32(content[:16]) == checksum:
                self.acked, self.following = acked, following

    def advance(self, acked: int) -> None:
        """The server has everything up to here: write it, and then say so to who waits for it.

        What is lost of it, on a full disk too, is sent again: the server knows it.
        """
        body = struct.pack("<QQ", acked, self.following)
        with contextlib.suppress(OSError):
            # In one write over the old one: a file emptied first is what a kill could leave.
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                os.pwrite(file, body + struct.pack("<I", crc32(body)), 0)
            finally:
                os.close(file)
        self.acked = acked


def hold(folder: Path) -> IO[bytes]:
    """Take the folder's lock, which the kernel frees when the process ends.

    Raises BlockingIOError when another process holds it.
    """
    file = (folder / "lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    os.set_inheritable(file.fileno(), False)
    return file


def identity_of(folder: Path) -> Identity | None:
    """Who left this spool; None when the folder is none, or was never finished."""
    try:
        return msgspec.json.decode((folder / "spool.json").read_bytes(), type=Identity)
    except (OSError, msgspec.MsgspecError):
        return None


def segments_of(folder: Path) -> list[tuple[int, Path]]:
    """The segments in a folder, in order, each with the place of its first byte."""
    return sorted((int(path.stem), path) for path in folder.glob("*.seg"))


def spools_in(root: Path) -> Iterator[Path]:
    """The folders of producers below a root; a producer's own folder counts as its root."""
    if (root / "spool.json").exists():
        yield root
    elif root.is_dir():
        for folder in sorted(root.iterdir()):
            if (folder / "spool.json").exists():
                yield folder


def remove_folder(folder: Path) -> None:
    """Remove a spool that has nothing left to send, its lock file last."""
    for path in [*folder.glob("files/*"), *folder.glob("*.seg"), folder / "acked"]:
        path.unlink(missing_ok=True)
    for name in ("standby", "spool.json", "lock"):
        (folder / name).unlink(missing_ok=True)
    for each in (folder / "files", folder):
        with contextlib.suppress(OSError):
            each.rmdir()
