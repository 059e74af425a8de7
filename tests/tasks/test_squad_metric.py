"""The scores of SQuAD: worked by hand, against another way, on two real systems."""

import json
import random
import re
import string

import pytest
from conftest import real_data

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.model.task_heads import BertForQuestionAnswering
from bert_tutorial.tasks.questions.answers import answer_questions
from bert_tutorial.tasks.questions.files import SquadItem, read_squad
from bert_tutorial.tasks.questions.scores import (
    best_threshold,
    evaluate,
    exact_match,
    f1_score,
    normalize_answer,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Cat.", "cat"),
        ("the-end", "theend"),
        ("an end", "end"),
        ("a-b a b", "ab b"),
        ("theatre, Anna", "theatre anna"),
        ("U.S.A.", "usa"),
        ("$5,000", "5000"),
        ("the a an", ""),
        ("don't", "dont"),
        ("A\tthe\u00a0B", "b"),
        ("\u201cthe\u201d", "\u201c \u201d"),
        ("THE É", "é"),
        ("", ""),
    ],
)
def test_normalisation_worked_by_hand(text, normal):
    assert normalize_answer(text) == normal


@pytest.mark.parametrize(
    ("guess", "gold", "exact", "f1"),
    [
        ("Riga", "riga.", 1, 1),
        ("in Riga", "Riga", 0, 2 / 3),
        ("a b", "b", 1, 1),
        ("tom tom", "tom", 0, 2 / 3),
        ("tom tom anna", "tom tom", 0, 0.8),
        ("x y", "z", 0, 0),
        ("two of the three", "three of two", 0, 1),
        ("", "riga", 0, 0),
    ],
)
def test_scores_worked_by_hand(guess, gold, exact, f1):
    assert exact_match(guess, gold) == exact
    assert f1_score(guess, gold) == pytest.approx(f1, abs=1e-12)
    assert f1_score(gold, guess) == pytest.approx(f1, abs=1e-12)


def test_two_empty_answers_agree_in_version_2_only():
    assert exact_match("", "the") == 1
    assert f1_score("", "") == 0 and f1_score("", "", is_version_2=True) == 1
    assert f1_score("x", "", is_version_2=True) == 0


def normal_by_characters(text):
    """Normalise without the package: character by character, word by word."""
    kept = "".join(c for c in text.lower() if c not in set(string.punctuation))
    bare = re.sub(r"(?<!\w)(?:the|an|a)(?!\w)", " ", kept)
    return " ".join(bare.split())


def f1_by_crossing_out(guess, gold):
    """Cross common words out one by one, then precision and recall."""
    guessed, left = normal_by_characters(guess).split(), []
    right = normal_by_characters(gold).split()
    left = list(right)
    hits = 0
    for word in guessed:
        if word in left:
            left.remove(word)
            hits += 1
    if not hits:
        return 0.0
    precision, recall = hits / len(guessed), hits / len(right)
    return 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize(
    ("system", "missing", "exact", "f1"),
    [("bert-ensemble", 0, 74.87, 86.32), ("logreg", 2, 34.54, 45.85)],
)
def test_two_published_systems_on_the_questions_of_xquad(system, missing, exact, f1):
    file = real_data(f"squad/predictions-xquad-en/{system}.json")
    predictions = json.loads(file.read_text("utf-8"))
    items = read_squad(real_data("squad/xquad.en.json"))
    found = evaluate(predictions, items)
    pairs = [(predictions.get(i.id, "#"), i.answers[0][0]) for i in items]
    assert not any(normal_by_characters(gold) == "" for _, gold in pairs)
    by_hand = sum(normal_by_characters(g) == normal_by_characters(a) for g, a in pairs)
    other = sum(f1_by_crossing_out(g, a) for g, a in pairs)
    assert found["total"] == 1190 and found["missing"] == missing
    assert found["exact_match"] == pytest.approx(100 * by_hand / 1190, abs=1e-9)
    assert found["f1"] == pytest.approx(100 * other / 1190, abs=1e-9)
    assert round(found["exact_match"], 2) == exact
    assert round(found["f1"], 2) == f1


def test_the_best_of_several_answers_counts():
    golds = {"q": ["the Daugava", "Daugava river"]}
    assert evaluate({"q": "river Daugava"}, golds)["f1"] == 100
    assert evaluate({"q": "Daugava"}, golds)["exact_match"] == 100


def test_a_missing_prediction_costs_in_version_1_and_is_left_out_in_version_2():
    golds = {"a": ["x"], "b": ["y"]}
    first = evaluate({"a": "x"}, golds)
    assert first == {"exact_match": 50, "f1": 50, "total": 2, "missing": 1}
    second = evaluate({"a": "x"}, golds, is_version_2=True)
    assert (second["exact_match"], second["total"], second["missing"]) == (100, 1, 1)


def test_version_2_wants_silence_where_there_is_no_answer():
    items = [
        SquadItem("a", "?", "x y", [("x y", 0)], False),
        SquadItem("b", "?", "x y", [], True),
        SquadItem("c", "?", "x y", [], True),
    ]
    found = evaluate({"a": "x", "b": "", "c": "y"}, items)
    assert found["f1"] == pytest.approx(100 * (2 / 3 + 1 + 0) / 3)
    assert found["answerable_f1"] == pytest.approx(200 / 3)
    assert found["answerable_exact_match"] == 0
    assert (found["unanswerable_f1"], found["unanswerable_total"]) == (50, 2)


def test_version_2_drops_answers_without_a_word():
    golds = {"a": ["the", "x"], "b": ["a"], "c": []}
    found = evaluate({"a": "", "b": "", "c": ""}, golds)
    assert found["exact_match"] == pytest.approx(200 / 3)
    assert found["answerable_total"] == 2


@pytest.mark.parametrize(
    ("predictions", "references", "version_2", "message"),
    [
        ({}, {}, None, "at least one question"),
        ({"a": "x"}, {"a": "x"}, None, "'a' must be a list, got a text"),
        ({"a": "x"}, {"a": []}, False, "'a' has no answer"),
        ({"b": "x"}, {"a": []}, True, "no prediction belongs .* as 'b' and 'a'"),
        ({}, {"a": []}, True, "predictions must hold at least one"),
        ({"a": None}, {"a": []}, None, "prediction of 'a' must be a text, got None"),
        ({"a": 3}, {"a": ["x"]}, None, "prediction of 'a' must be a text, got 3"),
        ({"a": "x"}, {"a": None}, None, "answers of 'a' must be a list, got None"),
        ({"a": "x"}, {"a": [("x", 0)]}, None, "must be texts, got .* texts alone"),
    ],
)
def test_what_cannot_be_scored_is_refused(predictions, references, version_2, message):
    with pytest.raises(UserError, match=message):
        evaluate(predictions, references, is_version_2=version_2)
    gaps = dict.fromkeys(predictions, 0.0)
    if version_2 is not False:  # a threshold has the rules of 2.0
        with pytest.raises(UserError, match=message):
            best_threshold(predictions, gaps, references)


def test_the_threshold_is_the_best_of_all():
    rng = random.Random(0)
    for _ in range(200):
        n = rng.randint(1, 9)
        golds = {str(i): [[], ["x"], ["x y"]][rng.randrange(3)] for i in range(n)}
        guesses = {key: rng.choice(["x", "y", "x y"]) for key in golds}
        gaps = {key: float(rng.randint(-3, 3)) for key in golds}

        def score_at(value, golds=golds, guesses=guesses, gaps=gaps):
            kept = {k: "" if gaps[k] > value else t for k, t in guesses.items()}
            return evaluate(kept, golds, is_version_2=True)["f1"]

        found = best_threshold(guesses, gaps, golds)
        assert found.score == pytest.approx(score_at(found.value))
        tried = [score_at(value / 2) for value in range(-9, 10)]
        assert found.score == pytest.approx(max(tried))


def test_a_threshold_needs_a_known_metric_and_something_to_score():
    with pytest.raises(UserError, match="metric must be"):
        best_threshold({"a": "x"}, {"a": 0.0}, {"a": ["x"]}, metric="em")
    with pytest.raises(UserError, match="no prediction belongs"):
        best_threshold({"b": "x"}, {"b": 0.0}, {"a": ["x"]})


@pytest.mark.parametrize(
    ("gaps", "message"),
    [
        ({"a": 0.0}, "a number for each prediction with a text, got none for 'b'"),
        ({}, "got none for 'a'; take the gaps of the same answers"),
        ({"c": 0.0}, "got none for 'a'"),
        ({"a": 0.0, "b": float("nan")}, "must be finite, got nan for 'b'; leave that"),
        ({"a": float("inf"), "b": 0.0}, "must be finite, got inf for 'a'"),
        ({"a": float("-inf"), "b": 0.0}, "must be finite, got -inf for 'a'"),
    ],
)
def test_gaps_of_other_questions_or_without_a_number_are_refused(gaps, message):
    with pytest.raises(UserError, match=message) as refused:
        best_threshold({"a": "x", "b": "y"}, gaps, {"a": ["x"], "b": []})
    assert "\n" not in str(refused.value)


def test_a_question_without_a_gap_is_silent_at_every_threshold():
    golds = {"a": ["x"], "b": [], "c": ["z"]}
    found = best_threshold({"a": "x", "b": "", "c": ""}, {"a": 1.0}, golds)
    assert found.value > 1 and found.score == pytest.approx(200 / 3)
    with pytest.raises(UserError, match="no question has a gap"):
        best_threshold({"b": "", "c": ""}, {}, golds)


def test_a_passage_without_a_piece_has_no_gap_and_stops_no_search():
    folder = shipped_weights()
    items = [
        SquadItem("a", "where ?", "the man lives in rome .", [("rome", 17)], False),
        SquadItem("b", "where ?", "\u200b", [], True),
    ]
    answers = answer_questions(
        BertForQuestionAnswering.from_pretrained(folder),
        BertTokenizer.from_pretrained(folder),
        items,
        max_length=32,
        stride=8,
    )
    assert answers["b"] == "" and set(answers.gaps) == {"a"}
    found = best_threshold(answers, answers.gaps, items)
    kept = {
        k: t if answers.gaps.get(k, 0) <= found.value else ""
        for k, t in answers.items()
    }
    assert found.score == evaluate(kept, items, is_version_2=True)["f1"] >= 50
