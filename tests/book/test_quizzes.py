"""The right option of a quiz cannot be told by its length or its letter.

`DONE` grows: a chapter is added when its questions were rewritten. For each chapter,
and for all of them together, the rules "take the longest", "take the shortest" and
"take always the same letter" must not find the right option more often than chance
would with a probability of at least 5 %, question by question.
"""

import json
import string
from math import prod

import pytest
from sync import quiz_path

DONE = tuple(range(2, 25))
LIMIT = 0.05


def questions(chapter):
    return json.loads(quiz_path(chapter).read_text(encoding="utf-8"))["questions"]


def chances_to_find(question, rule):
    """The probability that a rule finds the right option, and that a guess does."""
    sizes = [len(option["text"]) for option in question["options"]]
    if rule in ("longest", "shortest"):
        wanted = max(sizes) if rule == "longest" else min(sizes)
        chosen = [i for i, size in enumerate(sizes) if size == wanted]
    else:
        letter = string.ascii_uppercase.index(rule)
        chosen = [letter] if letter < len(sizes) else []
    found = (question["answer"] in chosen) / max(1, len(chosen))
    return found, 1 / len(sizes)


def tail(chances, count):
    """The probability that at least `count` of independent events happen."""
    spread = [1.0]
    for p in chances:
        missed, hit = [v * (1 - p) for v in spread], [v * p for v in spread]
        spread = [a + b for a, b in zip([*missed, 0.0], [0.0, *hit], strict=True)]
    return sum(value for i, value in enumerate(spread) if i >= count)


def p_value(several, rule):
    pairs = [chances_to_find(one, rule) for one in several]
    return tail([chance for _, chance in pairs], sum(found for found, _ in pairs))


RULES = ("longest", "shortest", *"ABCD")
each_rule = pytest.mark.parametrize("rule", RULES)


@each_rule
@pytest.mark.parametrize("chapter", DONE)
def test_a_rule_finds_no_more_than_chance_in_a_chapter(chapter, rule):
    assert p_value(questions(chapter), rule) > LIMIT


@each_rule
def test_a_rule_finds_no_more_than_chance_in_all_of_them(rule):
    assert p_value([one for n in DONE for one in questions(n)], rule) > LIMIT


@pytest.mark.parametrize("chapter", DONE)
def test_an_option_and_its_reason_are_sentences_of_their_kind(chapter):
    for one in questions(chapter):
        texts = [option["text"] for option in one["options"]]
        assert len(set(texts)) == len(texts) >= 3, one["question"]
        for option in one["options"]:
            assert option["why"][-1] in ".)" and len(option["why"]) > 8, option
            assert option["why"][0] not in string.ascii_lowercase, option["why"]


def test_the_tail_is_that_of_a_binomial():
    assert tail([1 / 3] * 7, 5) == pytest.approx(99 / 3**7)
    assert tail([0.5] * 3, 3) == pytest.approx(prod([0.5] * 3))
    assert tail([0.5] * 3, 0) == pytest.approx(1)


def test_a_quiz_that_gives_itself_away_is_found():
    option = {"text": "short", "why": "So."}
    long = {"text": "the right one, said at length", "why": "So."}
    several = [
        {"question": "?", "options": [option, long, option], "answer": 1}
        for _ in range(7)
    ]
    assert p_value(several, "longest") < LIMIT
    assert p_value(several, "B") < LIMIT
    assert p_value(several, "A") > LIMIT
