"""One run a folder: a lock that dies with its process.

The operating system holds the lock, not the file: a file that a killed process left
behind locks nobody out.

Chapter: 12
"""

import json
import os
import platform
from pathlib import Path
from types import TracebackType
from typing import IO

__all__ = ["RunLock"]

NAME = "run.lock"


def _try_lock(file: IO[str]) -> bool:
    """Lock an open file for this process, or say that another one has it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            file.seek(1_000)  # beyond the text, which others may want to read
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_named(file: IO[str], path: Path) -> bool:
    """Tell whether an open file still has its name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


class RunLock:
    """Keep a folder to this process: `with RunLock(folder): ...`.

    The folder is made if it is not there, and removed again if nothing was put into
    it, so that a run refused later leaves no trace.

    Raises:
        ValueError: on entering, if another process that is alive has the folder.
    """

    def __init__(self, folder: str | Path) -> None:
        """Remember the folder."""
        self.folder = Path(folder)
        self._file: IO[str] | None = None
        self._made: list[Path] = []

    def __enter__(self) -> "RunLock":
        """Take the lock."""
        path = self.folder / NAME
        self._made = [p for p in (self.folder, *self.folder.parents) if not p.exists()]
        self.folder.mkdir(parents=True, exist_ok=True)
        while True:
            file = open(path, "a+", encoding="utf-8")
            if not _try_lock(file):
                file.seek(0)
                owner = file.read().strip()
                file.close()
                raise ValueError(
                    f"{self.folder} is in use by another run ({owner or 'unknown'}); "
                    "wait for it, stop it, or give another folder"
                )
            if _is_named(file, path):
                break
            file.close()  # its owner removed it meanwhile: try again
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "host": platform.node()}))
        file.flush()
        self._file = file
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back."""
        if self._file is None:
            return
        path = self.folder / NAME
        if os.name == "posix":
            path.unlink(missing_ok=True)  # before it is free: then nobody has it open
        self._file.close()
        if os.name != "posix":
            path.unlink(missing_ok=True)
        self._file = None
        for folder in self._made:
            if any(folder.iterdir()):
                break
            folder.rmdir()
