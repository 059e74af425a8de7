"""The engine that judges: time limits, leaks, comparison, and what messages say.

The exercises here are made for one test each; those of the book are tested in
`test_exercises.py`.
"""

import _thread
import functools
import inspect
import json
import math
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter, OrderedDict

import numpy as np
import pytest
import torch
from IPython.core.autocall import ZMQExitAutocall
from torch import nn
from torch.nn import functional

from bert_tutorial.course import check as checks
from bert_tutorial.course.exercises import all_exercises, exercise_files
from bert_tutorial.course.judging import behaviour, limits, words
from bert_tutorial.course.judging.compare import assert_close, difference
from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property
from bert_tutorial.course.judging.limits import OwnInterrupt, TimeUp, within
from bert_tutorial.course.judging.owner import is_the_books
from bert_tutorial.course.judging.verdict import judge


def exercise(solution, *args, **more):
    """Make an exercise with one case for each tuple of arguments."""
    given = {
        "id": "made",
        "chapter": 0,
        "title": "Made for a test",
        "difficulty": 1,
        "minutes": 1,
        "stub": "",
        "solution": solution,
        "hints": ("", "", ""),
        "mutants": [],
        "cases": lambda seed, dtype: [Case(one, "this input") for one in args],
    }
    return Exercise(**given | more)


def double(x):
    return 2 * x


DOUBLE = exercise(double, (torch.tensor([1.0, 2.0]),))


@pytest.fixture(autouse=True)
def _ctrl_c_is_heard():
    # A process started in the background inherits that Ctrl-C is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def quick(monkeypatch):
    """Let the time be over soon."""
    monkeypatch.setattr(behaviour, "SECONDS", 0.3)


@pytest.fixture
def hide(tmp_path, monkeypatch):
    """Give the first exercise of the book, with its progress kept apart."""
    monkeypatch.setenv("BERT_TUTORIAL_PROGRESS", str(tmp_path / "progress.json"))
    return all_exercises()["hide"]


def stub(sentence, word):
    raise checks.NotAttempted


def wrong(sentence, word):
    return sentence


# The book's version never counts as the reader's.


@pytest.mark.parametrize("answer", [stub, wrong])
def test_a_second_run_of_the_check_certifies_nothing(hide, answer, capsys):
    name = checks.check("hide", answer)
    capsys.readouterr()
    again = checks.check("hide", name)
    said = capsys.readouterr().out
    assert "passed" not in said and "book's version" in said
    assert "Run the cell" in said, "it says what to do"
    assert again is hide.solution
    assert not checks.read_progress().get("hide", {}).get("passed")


def test_wrappers_and_copies_are_the_books(hide):
    book = hide.solution

    @functools.wraps(book)
    def wrapped(*args):
        return book(*args)

    copied = type(book)(book.__code__, book.__globals__)
    assert is_the_books(wrapped, book) and is_the_books(copied, book)
    assert is_the_books(functools.partial(book), book)
    assert is_the_books(lambda a, b: book(a, b), book)
    assert is_the_books(type("Mine", (nn.Linear,), {}), nn.Linear)
    assert not is_the_books(wrong, book)


def test_who_retypes_the_solution_passes(hide, capsys):
    names = {}
    source = checks.source_of(hide.solution)
    exec("import re\n" + source, names)
    assert checks.check("hide", names["hide"]) is names["hide"]
    assert capsys.readouterr().out == "hide: passed\n"
    kept = json.loads(checks.progress_file().read_text("utf-8"))
    assert kept["hide"] == {"tries": 1, "passed": True}


# An answer has a time limit.


def endless(x):
    while True:
        pass


def endless_torch(x):
    while True:
        x = torch.sin(x)


def tower(x, depth=60):
    return 0 if depth == 0 else tower(x, depth - 1) + tower(x, depth - 1)


def sleeper(x):
    time.sleep(1_000)


@pytest.mark.parametrize(
    "answer",
    [endless, endless_torch, tower, sleeper],
    ids=lambda one: one.__name__,
)
def test_what_does_not_come_back_is_stopped_and_located(answer, quick):
    verdict = judge(DOUBLE, answer)
    assert verdict.kind == "time"
    assert "did not come back within 0.3 s for this input" in verdict.seen
    number, text = re.search(r"at line (\d+): `(.*)`", verdict.seen).groups()
    lines, first = inspect.getsourcelines(answer)
    assert lines[int(number) - first].strip() == text
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def stubborn_for_a_while(x, state={"caught": 0}):  # noqa: B006
    while state["caught"] < 3:
        try:
            while True:
                pass
        except BaseException:
            state["caught"] += 1
    return 2 * x


def takes_the_timer(x):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    while True:
        pass


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="there is no such signal")
def test_an_answer_that_takes_the_timer_is_stopped_all_the_same(quick):
    before = signal.getsignal(signal.SIGALRM)
    assert judge(DOUBLE, takes_the_timer).kind == "time"
    assert signal.getsignal(signal.SIGALRM) == before


def test_a_broad_except_does_not_keep_it_running(quick):
    assert judge(DOUBLE, stubborn_for_a_while).kind == "time"


def test_properties_have_a_limit_too(quick):
    one = Property("twice", "It must be twice the number.", lambda f: f(1) == 2)
    made = exercise(
        double, judged_by="properties", cases=None, properties=[one], mutants=[]
    )
    assert judge(made, endless).kind == "time"


@pytest.mark.parametrize("answer", [endless, stubborn_for_a_while])
def test_another_thread_and_windows_have_the_limit_too(answer, monkeypatch):
    monkeypatch.delattr(signal, "setitimer", raising=False)  # as on Windows
    stubborn_for_a_while.__defaults__[0]["caught"] = 0
    with pytest.raises(TimeUp):
        within(0.2, lambda: answer(1.0))
    stubborn_for_a_while.__defaults__[0]["caught"] = 0
    seen = []

    def work():
        try:
            within(0.2, lambda: answer(1.0))
        except TimeUp:
            seen.append("late")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert seen == ["late"]
    assert within(5, lambda: 7) == 7


QUICK = """
import sys
from bert_tutorial.course.exercises import all_exercises, exercise_files
from bert_tutorial.course.judging.verdict import judge

before = set(sys.modules)
for name in sys.argv[1:]:
    exercise = all_exercises()[name]
    judge(exercise, exercise.solution)
print(sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def test_a_first_judgement_imports_nothing_large():
    """torch.testing.assert_close brought sympy and torch.distributed: 1.5 seconds."""
    chosen = ["attention", "attention-weights", "hide-tokens", "decoder-masks"]
    command = [sys.executable, "-c", QUICK, *chosen]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "sympy" not in done.stdout
    for file in exercise_files():
        assert "torch.testing" not in file.read_text(encoding="utf-8"), file.name


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.int64])
@pytest.mark.parametrize("change", [0, 5e-8, 2e-7, 5e-6, 2e-5, 1, math.nan, "shape"])
def test_closeness_is_that_of_torch(dtype, change):
    expected = torch.tensor([0.0, 1.0, 3.0]).to(dtype)
    if change == "shape":
        got = expected[:, None]
    else:
        got = (expected.double() + change).to(dtype)
    told = []
    for ask in (torch.testing.assert_close, assert_close):
        try:
            ask(got, expected)
            told.append("close")
        except AssertionError:
            told.append("not")
    assert told[0] == told[1]


AFTER_A_LIMIT = """
import signal, sys, time
from bert_tutorial.course.judging import limits

if "thread" in sys.argv:
    del signal.setitimer
def work():
    while "late" in sys.argv:
        time.sleep(0.3)  # the request waits meanwhile
try:
    limits.within(0.2, work)
except limits.TimeUp:
    print("late")
sys.settrace(lambda *_: None)
(lambda: 0)()
sys.settrace(None)
print("traced")
"""


@pytest.mark.parametrize("options", [[], ["late"], ["thread"], ["thread", "late"]])
def test_a_limit_leaves_nothing_behind_in_the_interpreter(options):
    """A request that was taken back made each later step of Python 3.11 look for it.

    Whoever traces there (a debugger, coverage) never came past the first call.
    """
    command = [sys.executable, "-c", AFTER_A_LIMIT, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    lines = ["late", "traced"] if "late" in options else ["traced"]
    assert done.stdout.splitlines() == lines, done.stderr


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_a_timer_that_was_set_before_goes_on():
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        signal.setitimer(signal.ITIMER_REAL, 50)
        assert within(5, lambda: 7) == 7
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 30 < left <= 50
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)


def press_and_swallow():
    try:
        press_ctrl_c()
    except BaseException:
        return 7


@pytest.mark.skipif(sys.platform == "win32", reason="no kill with SIGINT")
@pytest.mark.parametrize("work", [press_ctrl_c, press_and_swallow])
def test_the_readers_ctrl_c_interrupts(work):
    with pytest.raises(KeyboardInterrupt):
        within(20, work)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_keyboard_interrupt_of_the_answer_is_an_error_of_the_answer():
    def raises():
        raise KeyboardInterrupt

    with pytest.raises(OwnInterrupt):
        within(5, raises)


# Whatever comes, there is a message and no traceback of the engine.


class OddError(BaseException):
    def __str__(self):
        raise RuntimeError


class Unequal:
    def __eq__(self, other):
        raise RuntimeError

    def __repr__(self):
        raise RuntimeError


def raising(error):
    def answer(x):
        raise error

    return answer


def deep(x):
    return deep(x)


def itself(x):
    found = []
    found.append(found)
    return found


ODD = {
    "exit": (lambda x: sys.exit(3), "SystemExit: 3, at line"),
    "interrupt": (raising(KeyboardInterrupt()), "KeyboardInterrupt, at line"),
    "base": (raising(OddError()), "OddError, at line"),
    "generator exit": (raising(GeneratorExit()), "GeneratorExit"),
    "deep": (deep, "RecursionError"),
    "sparse": (lambda x: (2 * x).to_sparse(), "sparse_coo"),
    "meta": (lambda x: (2 * x).to("meta"), "holds no numbers"),
    "none": (lambda x: None, "the result is None, not a tensor"),
    "unequal": (lambda x: Unequal(), "of type Unequal, not a tensor"),
    "itself": (itself, "RecursionError"),
    "too many": (lambda x, y: x, "argument"),
    "generator": (lambda x: (one for one in x), "of type generator"),
    "coroutine-like": (lambda x: double, "not a tensor"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_answers_get_a_message(name):
    answer, said = ODD[name]
    verdict = judge(DOUBLE, answer)
    assert not verdict.passed and said in verdict.seen, verdict
    assert checks.message(DOUBLE, verdict).count("Traceback") == 0


@pytest.mark.parametrize("answer", [3, None, "double", torch.ones(2)])
def test_what_is_no_function_gets_a_message(answer):
    verdict = judge(DOUBLE, answer)
    assert verdict.kind == "type" and "not a function" in verdict.seen


def test_swapped_arguments_get_a_message():
    def take(words, number):
        return words[:number]

    made = exercise(take, (["a", "b"], 1))
    verdict = judge(made, lambda number, words: words[:number])
    assert verdict.kind == "crashed" and "for this input" in verdict.seen


class OddText(str):
    """A text that is no text when it is compared or written."""

    __hash__ = str.__hash__

    def __new__(cls, text, odd):
        made = super().__new__(cls, text)
        made.odd = odd
        return made

    def __eq__(self, other):
        self.odd()

    def __repr__(self):
        self.odd()


def for_ever():
    while True:
        pass


@pytest.mark.parametrize("odd", [sys.exit, for_ever], ids=lambda one: one.__name__)
def test_a_result_that_leaves_or_hangs_when_asked_gets_a_message(odd, monkeypatch):
    monkeypatch.setattr(limits, "ASKED", 0.2)
    louder = exercise(str.upper, ("a",))
    verdict = judge(louder, lambda text: OddText(text.upper(), odd))
    assert not verdict.passed
    assert "Traceback" not in checks.message(louder, verdict)


# Nothing leaks out, and a change is told.


def no_gradients(x):
    torch.set_grad_enabled(False)
    return 2 * x


def other_dtype(x):
    torch.set_default_dtype(torch.float64)
    return 2 * x


def other_softmax(x):
    functional.softmax = lambda *_: 0
    return 2 * x


def other_matmul(x):
    torch.Tensor.matmul = lambda *_: 0
    return 2 * x


def other_output(x):
    sys.stdout = sys.stderr = None
    return 2 * x


def other_folder(x):
    os.chdir(os.sep)
    return 2 * x


def other_environment(x):
    os.environ["BERT_TUTORIAL_LEFT_BEHIND"] = "1"
    return 2 * x


def other_threads(x):
    torch.set_num_threads(torch.get_num_threads() + 1)
    return 2 * x


CHANGES = {
    other_output: "sys.stdout",
    other_folder: "os.chdir",
    other_environment: "os.environ",
    other_threads: "torch.set_num_threads",
    no_gradients: "set_grad_enabled",
    other_dtype: "set_default_dtype",
    other_softmax: "torch.nn.functional.softmax",
    other_matmul: "torch.Tensor.matmul",
}


@pytest.mark.parametrize("answer", CHANGES, ids=lambda one: one.__name__)
def test_a_change_of_the_process_is_told_and_undone(answer):
    softmax, matmul = functional.softmax, torch.Tensor.matmul

    def around():
        return sys.stdout, sys.stderr, os.getcwd(), torch.get_num_threads()

    before = around()
    verdict = judge(DOUBLE, answer)
    assert around() == before and "BERT_TUTORIAL_LEFT_BEHIND" not in os.environ
    assert verdict.kind == "state" and CHANGES[answer] in verdict.seen
    assert torch.is_grad_enabled() and torch.get_default_dtype() == torch.float32
    assert functional.softmax is softmax and torch.Tensor.matmul is matmul


def seeds_everything(x):
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    warnings.filterwarnings("error")
    return 2 * x


def test_generators_and_warnings_do_not_leak():
    filters = list(warnings.filters)
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    assert judge(DOUBLE, seeds_everything).passed
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1][1]).all()
    assert random.getstate() == states[2]
    assert warnings.filters == filters


def test_nothing_leaks_in():
    def drawn(x):
        return x + torch.rand(2) + np.random.rand() + random.random()

    made = exercise(drawn, (torch.ones(2),))
    torch.manual_seed(5), np.random.seed(5), random.seed(5)
    assert judge(made, lambda x: drawn(x)).passed


def draw(number, generator):
    return torch.rand(number, generator=generator).tolist()


def right_length(answer):
    return len(answer(3, torch.Generator().manual_seed(2))) == 3


def test_a_global_generator_is_told_where_one_is_given():
    holds = Property("length", "Three numbers.", right_length)
    made = exercise(draw, judged_by="properties", cases=None, properties=[holds])
    assert judge(made, draw).passed
    for word, answer in {
        "torch": lambda number, generator: torch.rand(number).tolist(),
        "NumPy": lambda number, generator: np.random.rand(number).tolist(),
        "Python": lambda number, generator: [random.random() for _ in range(number)],
    }.items():
        verdict = judge(made, answer)
        assert verdict.kind == "state" and f"generator of {word}" in verdict.seen


# Comparison.


def test_what_is_right_in_another_type():
    for got, expected in [
        (2, 2.0),
        (np.float32(2), 2.0),
        (np.int64(2), 2),
        (np.bool_(True), True),
        ((1, 2), [1, 2]),
        (((1, 2),), [(1, 2)]),
        (OrderedDict(b=1, a=2), {"a": 2, "b": 1}),
        (Counter("aab"), {"b": 1, "a": 2}),
        (frozenset({1}), {1}),
        (nn.Parameter(torch.ones(2)), torch.ones(2)),
        (1.000_009, 1.0),
        (math.nan, math.nan),
    ]:
        assert difference(got, expected) is None, (got, expected)


def test_what_is_not_right():
    for got, expected in [
        (2.0, 2),
        (True, 1),
        (1, True),
        ([(1, 2)], ((1, 2),)),
        ([[1, 2]], [(1, 2)]),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 1}),
        (1.000_02, 1.0),
        (2e-7, 1e-7),
        (math.nan, 1.0),
        ("ab", ["a", "b"]),
        (torch.ones(2), torch.ones(2, 1)),
        (torch.ones(2).double(), torch.ones(2)),
        (torch.ones(2, dtype=torch.float64) * 1.000_02, torch.ones(2).double()),
    ]:
        assert difference(got, expected) is not None, (got, expected)


def test_the_order_of_keys_counts_only_where_it_is_asked_for():
    def ordered(words):
        return {word: 1 for word in words}

    def turned(words):
        return {word: 1 for word in reversed(words)}

    assert judge(exercise(ordered, (["a", "b"],)), turned).passed
    verdict = judge(exercise(ordered, (["a", "b"],), is_ordered=True), turned)
    assert verdict.kind == "shape" and "another order" in verdict.seen


def test_several_results_may_come_as_a_list():
    def pair(x) -> tuple[int, int]:
        return x, x

    def any_number(x) -> tuple[int, ...]:
        return x, x

    assert judge(exercise(pair, (1,)), lambda x: [x, x]).passed
    assert not judge(exercise(any_number, (1,)), lambda x: [x, x]).passed


def test_a_case_has_its_own_tolerance():
    def cases(seed, dtype):
        return [Case((1.0,), tolerance=0.1), Case((2.0,))]

    def wide(x):
        return 2.1 if x == 1 else 2 * x

    def wide_everywhere(x):
        return 2.1 * x

    assert judge(exercise(double, cases=cases), wide).passed
    assert not judge(exercise(double, cases=cases), wide_everywhere).passed


class FineError(ValueError):
    pass


def refuse(x):
    raise ValueError("refused")


def test_an_error_may_be_a_subclass_and_not_a_base():
    made = exercise(refuse, (1,))
    assert judge(made, raising(ValueError("in other words"))).passed
    assert judge(made, raising(FineError())).passed
    for error in (Exception("e"), BaseException("e"), TypeError("e")):
        verdict = judge(made, raising(error))
        assert verdict.kind == "crashed" and "a ValueError was expected" in verdict.seen
    verdict = judge(made, lambda x: x)
    assert verdict.kind == "value" and "no error" in verdict.seen


# In place, and a second call.


def doubles_in_place(x):
    return x.mul_(2)


def empties(words):
    return [words.pop(0) for _ in range(len(words))]


@pytest.mark.parametrize("by_properties", [False, True])
def test_a_change_in_place_is_told(by_properties):
    one = Property("all", "All of them.", lambda f: f(["a", "b"]) == ["a", "b"])
    if by_properties:
        made = exercise(list, judged_by="properties", cases=None, properties=[one])
    else:
        made = exercise(list, (["a", "b"],))
    verdict = judge(made, empties)
    assert verdict.kind == "input" and "argument 1" in verdict.seen
    assert judge(DOUBLE, doubles_in_place).kind == "input"


def keeps(words, seen=[]):  # noqa: B006
    seen += words
    return list(seen)


@pytest.mark.parametrize("by_properties", [False, True])
def test_a_second_call_with_the_same_input_is_tried(by_properties):
    keeps.__defaults__[0].clear()
    one = Property("a", "It begins with a.", lambda f: f(["a", "b"])[0] == "a")
    if by_properties:
        made = exercise(list, judged_by="properties", cases=None, properties=[one])
    else:
        first = [Case((["a", "b"],))]
        made = exercise(list, cases=lambda seed, dtype: first if seed == 0 else [])
    verdict = judge(made, keeps)
    assert verdict.kind == "second call" and "second time" in verdict.seen


# What would end Python, or start a second one.

ENDINGS = {
    "os._exit": lambda: os._exit(0),
    "os.abort": lambda: os.abort(),
    "os.kill": lambda: os.kill(os.getpid(), 9),
    "os.killpg": lambda: os.killpg(os.getpgrp(), 9),
    "os.execv": lambda: os.execl(sys.executable, sys.executable, "-c", ""),
    "os.fork": lambda: os.fork(),
    "signal.raise_signal": lambda: signal.raise_signal(9),
    "signal.pthread_kill": lambda: signal.pthread_kill(threading.get_ident(), 9),
    "_thread.interrupt_main": lambda: _thread.interrupt_main(),
    "multiprocessing.start": lambda: multiprocessing.Process(target=print).start(),
    "exit()": lambda: ZMQExitAutocall()(),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_what_would_end_python_raises_in_an_answer(name):
    def answer(x):
        return ENDINGS[name]()

    before = os._exit, os.fork, signal.raise_signal, ZMQExitAutocall.__call__
    verdict = judge(DOUBLE, answer)
    assert verdict.kind == "crashed"
    assert re.search(rf"{re.escape(name)} would (end|start a second) ", verdict.seen)
    after = os._exit, os.fork, signal.raise_signal, ZMQExitAutocall.__call__
    assert after == before, "the functions are there again"


def test_an_answers_own_name_for_it_and_a_result_that_ends_python():
    names = {"_exit": os._exit}
    exec("def answer(x):\n    _exit(0)", names)
    assert "os._exit would end Python" in judge(DOUBLE, names["answer"]).seen
    exec("class Answer:\n    def __init__(self, x):\n        _exit(0)", names)
    assert "os._exit would end Python" in judge(DOUBLE, names["Answer"]).seen
    assert names["_exit"] is os._exit

    class Leaves:
        def __repr__(self):
            os._exit(0)

    assert judge(DOUBLE, lambda x: Leaves()).kind == "type"


# What a message says.


def test_an_error_that_is_asked_for_may_say_anything():
    def positive(x):
        if x < 0:
            raise ValueError("x must not be below 0")
        return 2 * x

    def tripled(x):
        if x < 0:
            raise ValueError("no")
        return 3 * x

    mutant = Mutant("three", "2 * x => 3 * x", "You took it three times, not twice.")
    made = exercise(positive, (1,), (-1,), mutants=[mutant])
    assert judge(made, tripled).hint == mutant.hint


def test_a_cause_is_named_only_where_it_did_the_same():
    mutant = Mutant("three", lambda x: 3 * x, "You took it three times, not twice.")
    made = exercise(double, (torch.tensor([1.0, 2.0]),), mutants=[mutant])
    assert judge(made, lambda x: x + x + x).hint == mutant.hint
    near = judge(made, lambda x: 3.001 * x)
    assert near.hint == "" and near.mutant is None


def test_what_raised_is_not_said_to_lack_a_property():
    tells = Property("tells", "Nobody is told.", lambda f: f(2) == 4)
    mutant = Mutant("none", lambda x: 0, "Nobody is told: nothing comes back.")
    made = exercise(
        double, judged_by="properties", cases=None, properties=[tells], mutants=[mutant]
    )
    verdict = judge(made, lambda x: 1 / 0)
    assert verdict.kind == "crashed" and "ZeroDivisionError" in verdict.seen
    assert "Nobody is told" not in checks.message(made, verdict)
    assert judge(made, lambda x: 0).hint == mutant.hint


def test_a_property_that_cannot_be_tested_says_what_came_back():
    tells = Property("sum", "The sum must be one.", lambda f: f(2).sum() == 1)
    made = exercise(
        lambda x: torch.tensor([1.0]),
        judged_by="properties",
        cases=None,
        properties=[tells],
    )
    verdict = judge(made, lambda x: [1.0, 0.0])
    assert "cannot be tested on what came back" in verdict.seen
    assert "must be one" not in verdict.seen


RUN = """
def run(answer, case):
    return {"result": [math.log10(answer(*case.args))], "extra": 1}
"""


def test_the_tests_own_numbers_do_not_show():
    names = {"math": math}
    exec(compile(RUN, f"{words.FOREIGN[0]}/made.py", "exec"), names)
    made = exercise(double, (50,), run=names["run"])
    verdict = judge(made, lambda x: 20 * x)
    assert verdict.kind == "value"
    assert "[" not in verdict.seen and "3.0" not in verdict.seen
    unusable = judge(made, lambda x: None)
    assert "what came back could not be used" in unusable.seen
    assert "line" not in unusable.seen


def test_the_number_asked_for_does_not_show():
    def number():
        return 4711.0

    verdict = judge(exercise(number, ()), lambda: 3.0)
    assert verdict.kind == "value" and "4711" not in verdict.seen
    assert "4711" not in checks.message(DOUBLE, verdict)


def test_a_crash_names_the_readers_line():
    def bad(x):
        y = x + 1
        return y.no_such_name

    verdict = judge(DOUBLE, bad)
    assert "`return y.no_such_name`" in verdict.seen


def test_the_time_limit_is_long_enough_for_a_slow_machine():
    assert behaviour.SECONDS >= 5 and limits.BUSY >= 2


def pair_of_modes(answer, case):
    return [answer(*case.args), "a mode"]


def test_what_an_answer_gave_back_shows_where_the_test_makes_more_of_it():
    made = exercise(double, (50,), run=pair_of_modes)
    verdict = judge(made, lambda x: 3 * x)
    assert verdict.seen == "the result is 150, not 100 for this input"
    verdict = judge(made, lambda x: [2 * x])
    assert verdict.seen.startswith("the result is a list, not a whole number")

    def twice(answer, case):
        return [answer(*case.args) + answer(*case.args), "a mode"]

    drawn = exercise(double, (50,), run=twice)
    verdict = judge(drawn, lambda x: 3 * x)
    assert verdict.seen == "what came of it is not right for this input"
    assert verdict.kind == "value"


def test_a_known_mistake_is_known_by_other_types_that_are_as_good():
    def half(x):
        return [x / 2, 0.0]

    mutant = Mutant("third", lambda x: [x / 3, 1.0], "You divided by three, not by 2.")
    made = exercise(half, (3.0,), mutants=[mutant])
    assert judge(made, lambda x: [1, 1]).hint == mutant.hint
    assert judge(made, lambda x: (1.0, 1)).hint == mutant.hint
    assert judge(made, lambda x: ["1.0", 1]).hint == ""
    assert judge(made, lambda x: [x / 2, 0]).passed


def test_a_message_names_a_value_as_one_says_it():
    class Own(float):
        pass

    assert words.kind_of(Own(1.0)) == "a number with a fraction"
    assert words.kind_of(Counter) == "the class Counter"
    assert difference([1], [1, 2]).text == "the result has 1 entry, not 2"
    one, other = torch.tensor(0.5), torch.tensor(1 / 3)
    assert difference(one, other).text == "the result is 0.5, not 0.333333"
    assert difference(0.5 + 1e-7, 0.5, 0.0).text == "the result is 0.5000001, not 0.5"


class Shifted(nn.Module):
    def forward(self, x):
        return x + 1


def test_a_class_that_raises_inside_a_property_is_shown_its_line():
    class Bad(nn.Module):
        def forward(self, x):
            return x.no_such_name

    moves = Property("moves", "It must move.", lambda kind: bool(kind()(torch.ones(1))))
    made = exercise(Shifted, judged_by="properties", cases=None, properties=[moves])
    verdict = judge(made, Bad)
    assert verdict.kind == "crashed" and "`return x.no_such_name`" in verdict.seen
