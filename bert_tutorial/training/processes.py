"""Several processes train one model: each takes a share of every batch.

All processes draw the same batches and take every n-th row of each; the gradients are
added up, so that the update is the one that a single process would make. Means are
rescaled by the counts of the whole batch: a mean of the processes' means would give
positions in sparsely masked shares more weight. So any number of processes gives the
same losses, and a run can go on with another number.

Started by `torchrun --nproc-per-node=2 -m bert_tutorial pretrain ...`, which tells
each process its number in the environment.

Chapter: 12
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from bert_tutorial.files.errors import UserError

__all__ = ["Attendance", "GroupError", "ProcessGroup", "join_group"]


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


ANSWER_SECONDS = 15.0


class GroupError(ConnectionError):
    """Another process of the run ended, or does not answer."""


class ProcessGroup:
    """The processes of a run; by default one alone, which talks to nobody.

    `is_stopping` is true at the same step in all processes, once one of them was
    asked to stop: see `stopped_by_signals`.
    """

    def __init__(
        self, rank: int = 0, size: int = 1, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        """Remember who is who; `join_group` also opens the connections."""
        self.rank, self.size = rank, size
        self.answer_seconds = answer_seconds
        self.is_stopping = False
        self._asked = False
        self._parent = os.getppid()
        self._attendance: Attendance | None = None
        self._cpu: Any = None  # a second group, for tensors that are not on the GPU

    def shard(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
        """Take this process's rows of a batch; None if there are too few for it.

        Args:
            batch: tensors of B rows by name, `input_ids` among them.
        """
        if self.size == 1:
            return dict(batch)
        if len(batch["input_ids"]) <= self.rank:
            return None
        return {key: value[self.rank :: self.size] for key, value in batch.items()}

    def all_reduce(self, parameters: Sequence[nn.Parameter], totals: Tensor) -> None:
        """Add the gradients and the totals of all processes, in place.

        One message holds everything. A parameter without a gradient anywhere, such as
        a head that no row needed, stays without one.

        Args:
            parameters: the same in all processes.
            totals: (n,) numbers to be added, too.

        Raises:
            GroupError: if another process is gone or silent.
        """
        asked = self._asked or self._is_orphan()
        if self.size == 1:
            self.is_stopping = asked
            return
        has = torch.tensor([p.grad is not None for p in parameters] + [asked])
        parts = [totals, has.to(totals)]
        for p in parameters:
            given = torch.zeros_like(p) if p.grad is None else p.grad
            parts.append(given.reshape(-1).float())
        flat = torch.cat(parts)
        with self._named_failures():
            distributed.all_reduce(flat)
        sizes = [part.numel() for part in parts]
        totals_sum, flags, *sums = flat.split(sizes)
        totals.copy_(totals_sum)
        *present, stop = (flags > 0).tolist()
        self.is_stopping = stop
        for p, is_there, values in zip(parameters, present, sums, strict=True):
            p.grad = values.view_as(p).to(p.dtype) if is_there else None

    def broadcast(self, model: nn.Module) -> None:
        """Give all processes the weights of the first.

        Raises:
            GroupError: if another process is gone or silent.
        """
        if self.size > 1:
            with self._named_failures():
                for parameter in model.parameters():
                    distributed.broadcast(parameter.data, 0)

    def gather(self, tensor: Tensor) -> list[Tensor]:
        """Collect one tensor of each process, of equal shapes, on the CPU.

        Raises:
            GroupError: if another process is gone or silent.
        """
        if self.size == 1:
            return [tensor]
        found = [torch.zeros_like(tensor) for _ in range(self.size)]
        self.wait()
        with self._named_failures():
            distributed.all_gather(found, tensor, group=self._cpu)
        return found

    def wait(self) -> None:
        """Wait until all processes are here, as long as it takes while they live.

        Raises:
            GroupError: if one of them is gone or frozen.
        """
        if self._attendance is not None:
            with self._named_failures():
                self._attendance.wait()

    def agree(self, digest: str, name: str) -> None:
        """Refuse to go on if the processes differ in something.

        Args:
            digest: at least 15 hexadecimal digits of what must be equal.
            name: what it is.

        Raises:
            ValueError: in all processes, if not all gave the same.
        """
        numbers = self.gather(torch.tensor([int(digest[:15], 16)]))
        if len({int(number) for number in numbers}) > 1:
            raise UserError(
                f"{name} must be the same in all {self.size} processes, but differs; "
                "give each machine the same files and the same command"
            )

    @contextmanager
    def stopped_by_signals(self) -> Iterator[None]:
        """Let Ctrl-C, SIGTERM and a closed terminal set `is_stopping` after a step.

        A second Ctrl-C stops a process that is alone at once. Outside the main
        thread, where Python hears no signals, nothing changes.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {kind: signal.signal(kind, self._ask) for kind in stop_signals()}
        try:
            yield
        finally:
            for kind, handler in before.items():
                # None: it was not set from Python, which cannot set it again
                signal.signal(kind, signal.SIG_DFL if handler is None else handler)

    def _ask(self, number: int, frame: object) -> None:
        """Remember a signal, and say what it will do."""
        if self._asked and self.size == 1 and number == signal.SIGINT:
            raise KeyboardInterrupt
        if not self._asked and self.rank == 0:
            again = "; Ctrl-C again stops at once, unsaved" if self.size == 1 else ""
            _say(f"stopping after this step, to save a training state{again}")
        self._asked = True

    def _is_orphan(self) -> bool:
        """Tell whether the launcher is gone, and nobody would end this process."""
        return self.size > 1 and os.getppid() != self._parent

    @contextmanager
    def _named_failures(self) -> Iterator[None]:
        """Say in one line what a broken connection means."""
        try:
            yield
        except RuntimeError as error:
            raise GroupError(
                f"process {self.rank} of {self.size} stops: another one ended, or did "
                f"not answer within {self.answer_seconds:g} seconds; no state was "
                "written since the last one named in the folder; resume from there"
            ) from error


def stop_signals() -> list[signal.Signals]:
    """List the signals that ask a run to stop, of those that this system has.

    SIGHUP is a closed terminal, SIGBREAK is Ctrl-Break on Windows. A run started with
    `nohup` ignores SIGHUP, and goes on doing so.
    """
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    found = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return [
        kind
        for kind in found
        if kind.name != "SIGHUP" or signal.getsignal(kind) is not signal.SIG_IGN
    ]


def _say(line: str) -> None:
    """Print a line to stderr from within a signal's handler."""
    start = "\n" if sys.stderr is not None and sys.stderr.isatty() else ""  # the bar's
    # It may come while a line is being printed, or the terminal may be gone.
    with suppress(RuntimeError, OSError):
        print(f"{start}{line}", file=sys.stderr, flush=True)


@contextmanager
def join_group(
    device: torch.device, answer_seconds: float = ANSWER_SECONDS
) -> Iterator[ProcessGroup]:
    """Open the connections to the other processes that torchrun started, if any.

    Args:
        device: where the gradients are: gloo connects CPUs, nccl CUDA devices.
        answer_seconds: how long a process may keep the others waiting in a step.

    Yields:
        The group of this process, of size 1 without torchrun.

    Raises:
        ValueError: if the device has no way to talk to others.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ProcessGroup()
        return
    if device.type not in ("cpu", "cuda"):
        raise UserError(
            f"several processes need the device cpu or cuda, got {device.type}"
        )
    group = ProcessGroup(int(os.environ["RANK"]), size, answer_seconds)
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    timeout = timedelta(seconds=answer_seconds)
    with group._named_failures():
        store, _, _ = next(rendezvous("env://"))
        distributed.init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            timeout=timeout,
            store=PrefixStore("groups", store),
            rank=group.rank,
            world_size=size,
        )
        group._cpu = distributed.new_group(backend="gloo", timeout=timeout)
    own = PrefixStore("attendance", store)
    group._attendance = Attendance(own, group.rank, size, answer_seconds)
    with group._attendance.signing():
        yield group
    distributed.destroy_process_group()  # after a failure the process just ends
