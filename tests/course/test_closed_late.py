"""What Python closes by itself, within the time limit of an exercise's answer.

An exception that comes there cannot be handed on: Python prints it, and goes on.
"""

import inspect
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from bert_tutorial.course.judging import behaviour
from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.limits import TimeUp, within
from bert_tutorial.course.judging.verdict import judge


def first_number(n):
    return 0


def first_of(answer):
    return next(iter(answer(3)))


FIRST = Exercise(
    id="made",
    chapter=0,
    title="Made for a test",
    difficulty=1,
    minutes=1,
    stub="",
    solution=first_number,
    hints=("", "", ""),
    mutants=[],
    cases=lambda seed, dtype: [Case((3,), "this input")],
)
FROM_GENERATOR = Exercise(
    id="made",
    chapter=0,
    title="Made for a test",
    difficulty=1,
    minutes=1,
    stub="",
    solution=range,
    hints=("", "", ""),
    mutants=[],
    judged_by="properties",
    properties=[Property("first", "It begins with 0.", lambda f: first_of(f) == 0)],
)


@pytest.fixture
def printed(monkeypatch):
    """Gather what Python would print as ignored."""
    found = []
    monkeypatch.setattr(sys, "unraisablehook", lambda one: found.append(one.exc_type))
    monkeypatch.setattr(behaviour, "SECONDS", 0.3)
    return found


def numbers_and_no_end(n):
    try:
        yield from range(n)
    finally:
        while True:
            pass


def numbers_and_a_sleep(n):
    try:
        yield from range(n)
    except GeneratorExit:
        time.sleep(1_000)


class NoEnd:
    def __del__(self):
        while True:
            pass


def leaves_a_loop(n):
    for number in numbers_and_no_end(n):
        return number


def leaves_a_sleep(n):
    return next(numbers_and_a_sleep(n))


def drops_an_object(n):
    NoEnd()
    return 0


def fails_afterwards(n):
    return leaves_a_loop(n).no_such_name


CLOSING = {
    leaves_a_loop: numbers_and_no_end,
    leaves_a_sleep: numbers_and_a_sleep,
    drops_an_object: NoEnd.__del__,
    fails_afterwards: numbers_and_no_end,
}


@pytest.mark.parametrize("answer", CLOSING, ids=lambda one: one.__name__)
def test_an_end_of_time_while_something_is_closed_is_told_and_not_printed(
    answer, printed
):
    hook = sys.unraisablehook
    verdict = judge(FIRST, answer)
    assert verdict.kind == "time" and printed == []
    number, text = re.search(r"at line (\d+): `(.*)`", verdict.seen).groups()
    lines, first = inspect.getsourcelines(CLOSING[answer])
    assert lines[int(number) - first].strip() == text
    assert sys.unraisablehook is hook


@pytest.mark.parametrize("answer", CLOSING, ids=lambda one: one.__name__)
def test_the_other_way_of_interrupting_prints_nothing_either(
    answer, printed, monkeypatch
):
    monkeypatch.delattr(signal, "setitimer", raising=False)  # as on Windows
    if answer is leaves_a_sleep:
        monkeypatch.setattr(time, "sleep", lambda _: [0 for _ in iter(int, 1)])
    with pytest.raises(TimeUp):
        within(0.2, lambda: answer(3))
    assert printed == []


def generator_that_never_closes(n):
    return numbers_and_no_end(n)


def two_of_them(n):
    found = [numbers_and_no_end(n), numbers_and_no_end(n)]
    for one in found:
        next(one)
    return found


CLOSED = """
import gc, sys
sys.path.insert(0, sys.argv[1])
import test_closed_late as made

made.behaviour.SECONDS = 0.3
print(made.judge(made.FROM_GENERATOR, made.generator_that_never_closes).kind)
print(made.judge(made.FIRST, made.two_of_them).kind)
gc.collect()
print(made.judge(made.FIRST, made.first_number).kind)
"""


def test_generators_of_an_answer_are_closed_within_its_time(tmp_path):
    """Closed by Python, they ran in the time of the next answer, or without an end."""
    folder = os.path.dirname(__file__)
    command = [sys.executable, "-c", CLOSED, folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["time", "time", "passed"] and done.stderr == ""


def numbers(n):
    yield from range(n)


def numbers_and_an_error(n):
    try:
        yield from range(n)
    finally:
        raise ValueError


def numbers_and_no_exit(n):
    try:
        yield from range(n)
    except GeneratorExit:
        yield n


@pytest.mark.parametrize("answer", [numbers, numbers_and_an_error, numbers_and_no_exit])
def test_what_a_generator_does_in_the_end_is_no_mistake_of_the_answer(answer, printed):
    assert judge(FROM_GENERATOR, answer).passed and TimeUp not in printed


class Fails:
    def __del__(self):
        raise ValueError


def test_other_errors_are_printed_as_ever(printed):
    def answer(n):
        Fails()
        return 0

    assert judge(FIRST, answer).passed
    assert printed and set(printed) == {ValueError}


def presses_ctrl_c(n):
    try:
        yield from range(n)
    finally:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)


@pytest.mark.skipif(sys.platform == "win32", reason="no kill with SIGINT")
def test_a_ctrl_c_while_something_is_closed_interrupts_and_is_not_printed(printed):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            within(20, lambda: next(presses_ctrl_c(3)))
    finally:
        signal.signal(signal.SIGINT, before)
    assert printed == []
