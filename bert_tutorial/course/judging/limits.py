"""Stop an answer that does not come back, and tell a reader's Ctrl-C from an error.

Chapter: 0

In the main thread of Linux and macOS, of Jupyter and of Colab too, a timer's signal
raises TimeUp inside the answer, even while it sleeps. Elsewhere (Windows, another
thread) a second thread asks the interpreter to raise it at the next step of Python.
That thread is there in the main thread too, a second later: an answer may have taken
the signal for itself. Either raises again until the answer has ended, so that a broad
`except` does not keep it running. One call of C that never ends cannot be stopped by
either.

Where Python closes a generator or an object by itself, it cannot hand an exception on,
and prints it. A TimeUp that comes there is kept instead, with its place, and raised
when the work is over.
"""

import contextlib
import ctypes
import functools
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TypeVar

from bert_tutorial.course.judging.endings import nothing_ends

__all__ = ["OwnInterrupt", "TimeUp", "asked", "within"]

Result = TypeVar("Result")

BUSY = 3  # times the limit, for a machine that has other things to do
AGAIN = 0.1  # seconds until TimeUp is raised once more
LATER = 1.0  # seconds until the second way of interrupting takes over
ASKED = 2.0  # seconds for a result to say what it equals, or how it is written


class TimeUp(BaseException):
    """Raised inside an answer whose time is over; `except Exception` misses it."""


class OwnInterrupt(BaseException):
    """Stands for a KeyboardInterrupt that an answer raised itself."""


class _Guard:
    """What the two ways of interrupting share."""

    def __init__(self, seconds: float) -> None:
        self.is_running = False
        self.was_interrupted = False  # by the reader's Ctrl-C
        self.was_late = False
        self.unheard: TimeUp | None = None  # the first that could not be handed on
        self.seconds = seconds
        self.start = time.monotonic()
        self.worked = time.process_time()

    def is_over(self) -> bool:
        """Tell whether the time is over; a busy machine gets more of the wall's."""
        worked = time.process_time() - self.worked
        return worked >= self.seconds or (
            time.monotonic() - self.start >= BUSY * self.seconds
        )

    def hear(self, otherwise: Callable[[Any], Any], unraisable: Any) -> None:
        """Keep what Python cannot hand on, if it is the limit's own or a Ctrl-C."""
        kind, place = unraisable.exc_type, unraisable.exc_traceback
        if issubclass(kind, TimeUp):
            self.unheard = self.unheard or TimeUp().with_traceback(place)
        elif not (self.was_interrupted and issubclass(kind, KeyboardInterrupt)):
            otherwise(unraisable)


def within(seconds: float, work: Callable[[], Any]) -> Any:
    """Do some work and give its result, but not for longer than this.

    Args:
        seconds: of work, and three times as much of the clock on the wall (a sleep).
        work: called without arguments.

    Raises:
        TimeUp: if it took longer, also where the work swallowed the exception.
        KeyboardInterrupt: if the reader pressed Ctrl-C.
        OwnInterrupt: if the work raised a KeyboardInterrupt itself.
    """
    guard = _Guard(seconds)
    try:
        with _ctrl_c_noted(guard), _unheard_kept(guard), _timed(guard, seconds):
            result = _guarded(guard, work)
    except BaseException as error:
        if guard.was_interrupted:
            raise KeyboardInterrupt from None
        if guard.was_late and not isinstance(error, TimeUp):
            late = guard.unheard or TimeUp().with_traceback(error.__traceback__)
            raise late from None
        raise
    if guard.was_interrupted:
        raise KeyboardInterrupt
    if guard.was_late:
        raise guard.unheard or TimeUp
    return result


def asked(
    work: Callable[[], Result], otherwise: Callable[[BaseException], Result]
) -> Result:
    """Ask something of a result whose own code may raise anything, or not come back.

    Args:
        work: asks it.
        otherwise: gives the answer instead, from what was raised.

    Raises:
        KeyboardInterrupt: if the reader pressed Ctrl-C.
    """
    try:
        with nothing_ends():
            found: Result = within(ASKED, work)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return otherwise(error)
    return found


def _guarded(guard: _Guard, work: Callable[[], Any]) -> Any:
    """Do the work; while it runs, and only then, TimeUp may be raised."""
    guard.is_running = True
    try:
        return work()
    except KeyboardInterrupt as error:
        if guard.was_interrupted:
            raise
        raise OwnInterrupt(*error.args).with_traceback(error.__traceback__) from None
    finally:
        guard.is_running = False


@contextlib.contextmanager
def _ctrl_c_noted(guard: _Guard) -> Iterator[None]:
    """Note a real Ctrl-C and hand it on to whoever handled it before."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(
        before
    ):
        yield
        return
    handler: Callable[[int, FrameType | None], Any] = before

    def noted(number: int, frame: FrameType | None) -> None:
        guard.was_interrupted = True
        handler(number, frame)

    signal.signal(signal.SIGINT, noted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _unheard_kept(guard: _Guard) -> Iterator[None]:
    """Let the guard hear what Python cannot hand on, and would print."""
    before = sys.unraisablehook
    sys.unraisablehook = functools.partial(guard.hear, before)
    try:
        yield
    finally:
        sys.unraisablehook = before


def _timed(
    guard: _Guard, seconds: float
) -> contextlib.AbstractContextManager[None, bool | None]:
    """Choose the way of interrupting that works here."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and hasattr(signal, "setitimer"):
        return _timed_by_both(guard, seconds)
    return _timed_by_thread(guard, seconds)


@contextlib.contextmanager
def _timed_by_both(guard: _Guard, seconds: float) -> Iterator[None]:
    """Let a timer interrupt, and a thread where the answer has put the timer off."""
    with _timed_by_thread(guard, seconds, LATER), _timed_by_signal(guard, seconds):
        yield


@contextlib.contextmanager
def _timed_by_signal(guard: _Guard, seconds: float) -> Iterator[None]:
    """Let a timer interrupt; one that was set before goes on afterwards."""

    def late(number: int, frame: FrameType | None) -> None:
        # not in the two lines before and after the work, where nothing would catch it
        if frame is not None and frame.f_code in _OWN:
            return
        if guard.is_running and guard.is_over():
            guard.was_late = True
            raise TimeUp

    handler = signal.signal(signal.SIGALRM, late)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        now, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            rest = left if guard.was_late else left - (seconds - now)
            signal.setitimer(signal.ITIMER_REAL, max(rest, 0.001), interval)


@contextlib.contextmanager
def _timed_by_thread(
    guard: _Guard, seconds: float, later: float = 0.0
) -> Iterator[None]:
    """Let a second thread interrupt this one, so much later than it might."""
    mine = ctypes.c_ulong(threading.get_ident())
    ask = ctypes.pythonapi.PyThreadState_SetAsyncExc
    lock, is_over = threading.Lock(), threading.Event()
    was_asked = False

    def watch() -> None:
        nonlocal was_asked
        wait = seconds + later
        while not is_over.wait(wait):
            with lock:
                if guard.is_running and guard.is_over():
                    guard.was_late = was_asked = True
                    ask(mine, ctypes.py_object(TimeUp))
            wait = AGAIN

    def stop() -> None:
        guard.is_running = False
        is_over.set()
        with lock:
            if was_asked:  # for one that has not come yet
                _let_it_come(lambda: ask(mine, ctypes.py_object(TimeUp)))

    watcher = threading.Thread(target=watch, daemon=True, name="time limit")
    watcher.start()
    try:
        yield
    finally:
        try:
            stop()
        except TimeUp:  # it came between the end of the work and the lock
            stop()
        watcher.join()


def _let_it_come(ask: Callable[[], object]) -> None:
    """Ask this thread for TimeUp and catch it, in place of one that may be waiting.

    To take a request back (asking for NULL) is worse: Python 3.11 and 3.12 then look
    for one at every step, ever after, and find none. In 3.11 the next call that a
    debugger traces does not come back; in 3.12 calls take a third longer.
    """
    try:
        ask()
        for _ in range(1_000_000):  # it comes at the next step of Python
            pass
    except TimeUp:
        pass


_OWN = frozenset({_guarded.__code__, within.__code__, _Guard.hear.__code__})
