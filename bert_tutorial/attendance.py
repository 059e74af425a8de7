"""Who of a run is alive, and who has arrived.

While one process prepares or writes, the others wait, perhaps for an hour: a limit on
the wait would end healthy runs, and none at all would let a frozen process hold the
others for ever. So each process says every second that it lives, from a thread of its
own, and those who wait give up only on one that has fallen silent.

Chapter: 12
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from torch.distributed.distributed_c10d import Store

__all__ = ["Attendance"]


class Attendance:
    """Signs of life in the store that the launcher keeps.

    Args:
        store: shared by all processes.
        rank: of this process.
        size: the number of processes.
        silence_seconds: after how long without a sign a process counts as lost.
    """

    def __init__(
        self, store: Store, rank: int, size: int, silence_seconds: float
    ) -> None:
        """Remember who is who; `signing` begins to give signs."""
        self.store = store
        self.rank, self.size = rank, size
        self.silence_seconds = silence_seconds
        self._meetings = 0

    @contextmanager
    def signing(self) -> Iterator[None]:
        """Give a sign of life every second, or more often if patience is short."""
        is_over = threading.Event()
        pause = min(1.0, self.silence_seconds / 4)

        def sign() -> None:
            while not is_over.is_set():
                try:
                    self.store.add(f"alive/{self.rank}", 1)
                except RuntimeError:  # the launcher is gone: whoever waits will see
                    return
                is_over.wait(pause)

        thread = threading.Thread(target=sign, name="signs of life", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join(self.silence_seconds)

    def wait(self) -> None:
        """Wait until all processes have come here, as long as all of them live.

        Raises:
            RuntimeError: if one is silent, or the store is gone.
        """
        self._meetings += 1
        meeting = f"arrived/{self._meetings}"
        self.store.add(meeting, 1)
        now = time.monotonic()
        seen = {
            rank: (-1, now) for rank in range(self.size) if rank != self.rank
        }  # rank -> signs counted, and when there was last a new one
        while self.store.add(meeting, 0) < self.size:
            now = time.monotonic()
            for rank, (count, when) in seen.items():
                signs = self.store.add(f"alive/{rank}", 0)
                if signs != count:
                    seen[rank] = (signs, now)
                elif now - when > self.silence_seconds:
                    raise RuntimeError(
                        f"process {rank} gave no sign of life for {now - when:.0f} s"
                    )
            time.sleep(0.02)
