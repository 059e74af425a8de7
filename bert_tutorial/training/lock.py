"""One run a folder: a lock that dies with its process.

The operating system holds the lock, not the file: a file that a killed process left
behind locks nobody out.

Chapter: 12
"""

import json
import os
import platform
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.texts import replace_text

__all__ = ["RunLock"]

NAME = "run.lock"
OWNER = "run.owner"  # a file of its own: filelock may empty the one that it locks


class RunLock:
    """Keep a folder to this process: `with RunLock(folder): ...`.

    The folder is made if it is not there, and removed again if nothing was put into
    it, so that a run refused later leaves no trace.

    Raises:
        ValueError: on entering, if another process that is alive has the folder.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._lock = FileLock(self.folder / NAME)
        self._made: list[Path] = []

    def __enter__(self) -> "RunLock":
        """Take the lock."""
        self._made = [p for p in (self.folder, *self.folder.parents) if not p.exists()]
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(
                f"{self.folder} is in use by another run ({self._owner()}); "
                "wait for it, stop it, or give another folder"
            ) from None
        owner = {"pid": os.getpid(), "host": platform.node()}
        replace_text(self.folder / OWNER, json.dumps(owner))
        return self

    def _owner(self) -> str:
        """Read who has the folder."""
        try:
            return (self.folder / OWNER).read_text(encoding="utf-8").strip()
        except OSError:  # it has just come, or has just gone
            return "unknown"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back."""
        if not self._lock.is_locked:
            return
        (self.folder / OWNER).unlink(missing_ok=True)
        if os.name == "posix":
            # Before it is free: filelock refuses a lock on a file without a name, so
            # that two runs never hold two files of one name.
            (self.folder / NAME).unlink(missing_ok=True)
        self._lock.release()
        if os.name != "posix":
            with suppress(OSError):  # the next run may have it already
                (self.folder / NAME).unlink(missing_ok=True)
        for folder in self._made:
            if any(folder.iterdir()):
                break
            folder.rmdir()
