"""Those who wait give up on a silent process, and never on a slow one."""

import threading
import time

import pytest
from torch.distributed import HashStore

from bert_tutorial.training.processes import Attendance, GroupError, ProcessGroup

SILENCE = 0.4


def test_a_slow_process_is_waited_for():
    store = HashStore()
    first, second = (Attendance(store, rank, 2, SILENCE) for rank in range(2))
    arrived = []

    def slow() -> None:
        with second.signing():
            time.sleep(3 * SILENCE)
            arrived.append("second")
            second.wait()

    thread = threading.Thread(target=slow)
    thread.start()
    first.wait()
    assert arrived == ["second"]
    thread.join(5)
    assert not thread.is_alive()


def test_a_silent_process_is_given_up():
    store = HashStore()
    first, second = (Attendance(store, rank, 2, SILENCE) for rank in range(2))
    with second.signing():
        time.sleep(0.2)
    group = ProcessGroup(0, 2, SILENCE)
    group._attendance = first
    started = time.monotonic()
    with pytest.raises(GroupError, match="another one ended, or did not answer"):
        group.wait()
    assert SILENCE <= time.monotonic() - started < 10 * SILENCE


def test_one_that_never_came_is_given_up_too():
    with pytest.raises(RuntimeError, match="process 2 gave no sign of life"):
        alone = Attendance(HashStore(), 0, 3, SILENCE)
        alone.store.add("alive/1", 1)
        other = Attendance(alone.store, 1, 3, SILENCE)
        with other.signing():
            alone.wait()


def test_meetings_do_not_mix():
    store = HashStore()
    first, second = (Attendance(store, rank, 2, SILENCE) for rank in range(2))
    order = []

    def other() -> None:
        with second.signing():
            for number in range(3):
                second.wait()
                order.append(number)
                time.sleep(0.1)

    thread = threading.Thread(target=other)
    thread.start()
    with first.signing():
        for number in range(3):
            first.wait()
            assert len(order) in (number, number + 1)
    thread.join(5)
    assert order == [0, 1, 2]
