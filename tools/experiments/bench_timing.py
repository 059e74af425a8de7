"""Time works in turn, and read a process's memory."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

PRODUCTS = 20  # a round, to be longer than a moment


def seconds(work: Callable[[], object], threads: int = 1) -> float:
    """Time one call: CPU seconds for one thread, seconds by the clock for more."""
    clock = time.process_time if threads == 1 else time.perf_counter
    start = clock()
    work()
    return clock() - start


def alternate(
    works: dict[str, Callable[[], object]], rounds: int, threads: int = 1
) -> dict[str, float]:
    """Time all in turn, round by round, after one that does not count."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            spent = seconds(work, threads)
            if number:
                times[name].append(spent)
    return {name: statistics.median(spent) for name, spent in times.items()}


def product_speed() -> Callable[[], object]:
    """Give the work of some products of 1024 x 1024 matrices: 2 * 1024^3 each."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    return lambda: [a @ b for _ in range(PRODUCTS)]


def resident(key: str) -> int:
    """Read VmRSS or VmHWM (its peak) in bytes; 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(x.split()[1]) * 1024 for x in lines if x.startswith(key)), 0)
