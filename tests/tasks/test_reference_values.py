"""Scores equal those of seqeval, of rouge-score and of SQuAD's official rules.

Drawn inputs, among them tags that are not legal, texts of signs only, and answers
without a word; `reference_values` draws them and says how their values were made.
"""

import json

import pytest
import reference_values as drawn

from bert_tutorial.tasks.questions.scores import (
    best_threshold,
    evaluate,
    exact_match,
    f1_score,
)
from bert_tutorial.tasks.summaries.rouge import rouge, rouge_words
from bert_tutorial.tasks.tagging.forms import tag_scheme
from bert_tutorial.tasks.tagging.scores import span_scores

VALUES = json.loads(drawn.FILE.read_text(encoding="utf-8"))


def spans_of_bio(number):
    found = span_scores(*drawn.tags_in_bio(number))
    return found.precision, found.recall, found.f1


def spans_of_closed_tags(number):
    gold, found = drawn.closed_tags(number)
    scheme = tag_scheme(gold)
    assert scheme.is_closed and not any(map(scheme.loose_ends, gold + found))
    sides = [[[scheme.translate(t) for t in s] for s in side] for side in (gold, found)]
    return (span_scores(*sides).f1,)


def scores_of_answers(number):
    pair = drawn.answer_pair(number)
    return exact_match(*pair), f1_score(*pair, is_version_2=True)


def scores_of_questions(number):
    golds, found, gaps = drawn.questions(number)
    whole = evaluate(found, golds, is_version_2=True)
    best = best_threshold(found, gaps, golds)
    return whole["exact_match"], whole["f1"], best.score


OURS = {
    "bio": spans_of_bio,
    "closed": spans_of_closed_tags,
    "rouge": lambda i: [score.f1 for score in rouge(*drawn.summaries(i)).values()],
    "answers": scores_of_answers,
    "questions": scores_of_questions,
}


@pytest.mark.parametrize("name", OURS)
def test_the_other_programs_say_the_same(name):
    theirs = VALUES[name]
    assert len(theirs) == drawn.CASES
    assert len({tuple(one) for one in theirs}) > 5, "the inputs are no test"
    for number, values in enumerate(theirs):
        assert OURS[name](number) == pytest.approx(values, abs=2e-6), number


def test_the_predictions_at_the_best_threshold_reach_its_score():
    for number in range(drawn.CASES):
        golds, found, gaps = drawn.questions(number)
        best = best_threshold(found, gaps, golds)
        said = {n: "" if gaps[n] > best.value else text for n, text in found.items()}
        f1 = evaluate(said, golds, is_version_2=True)["f1"]
        assert f1 == pytest.approx(best.score)


def test_the_best_threshold_parts_no_equal_gaps():
    """The official search does: it counts a gain that no threshold can reach."""
    golds = {"a": ["x y"], "b": []}
    found, gaps = {"a": "x y", "b": "z"}, {"a": 0.5, "b": 0.5}
    assert best_threshold(found, gaps, golds).score == 50


@pytest.mark.parametrize(
    ("text", "words", "theirs"),
    [
        ("naïve café", ["naïve", "café"], ["na", "ve", "caf"]),
        ("Zürich 5", ["zürich", "5"], ["z", "rich", "5"]),
        ("हिन्दी", ["हिन्दी"], []),
        ("日本", ["日本"], []),
        ("x² + y₁", ["x²", "y₁"], ["x", "y"]),
        ("foo_bar don't 3.14", ["foo", "bar", "don", "t", "3", "14"], None),
    ],
)
def test_where_rouge_differs_on_purpose(text, words, theirs):
    """rouge-score 0.1.2 takes each letter but a to z and 0 to 9 for a blank."""
    assert rouge_words(text) == words
    kept = "".join(
        c if c in "abcdefghijklmnopqrstuvwxyz0123456789" else " " for c in text.lower()
    )
    assert kept.split() == (words if theirs is None else theirs)
