"""Score answers as SQuAD does: exact match and F1 of words, and where to say nothing.

Rajpurkar et al. 2016 (section 6.1) for SQuAD 1.1; Rajpurkar, Jia and Liang 2018 for
2.0, in which some questions have no answer in their passage and the right prediction
is the empty text. The two published scripts differ in three places; `evaluate` says
which.

Chapter: 16
"""

import math
import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks.questions.files import SquadItem

__all__ = [
    "Threshold",
    "best_threshold",
    "evaluate",
    "exact_match",
    "f1_score",
    "normalize_answer",
]

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)
References = Mapping[str, Sequence[str]] | Iterable[SquadItem]


def normalize_answer(text: str) -> str:
    """Lower the letters, drop ASCII punctuation, then articles, then extra blanks.

    The order is part of the measure: punctuation goes first and leaves no blank, so an
    article that a hyphen held apart is an article no more.

    Example:
        >>> normalize_answer("The  Grand-Duchy, 1990s.")
        'grandduchy 1990s'
        >>> normalize_answer("the-end")
        'theend'
    """
    without = text.lower().translate(PUNCTUATION)
    return " ".join(ARTICLES.sub(" ", without).split())


def exact_match(prediction: str, answer: str) -> float:
    """Give 1.0 if the two are the same once normalised, else 0.0."""
    return float(normalize_answer(prediction) == normalize_answer(answer))


def f1_score(prediction: str, answer: str, *, is_version_2: bool = False) -> float:
    """Give the harmonic mean of precision and recall over words, counted as often.

    Args:
        prediction: the text to judge.
        answer: the right text.
        is_version_2: if one of them has no words, give 1.0 where both have none
            (SQuAD 2.0); else such a pair shares no word and gets 0.0 (SQuAD 1.1).

    Returns:
        0.0 to 1.0.

    Example:
        >>> f1_score("two of the three starters", "three starters")
        0.6666666666666666
    """
    guessed = normalize_answer(prediction).split()
    right = normalize_answer(answer).split()
    if is_version_2 and not (guessed and right):
        return float(guessed == right)
    common = (Counter(guessed) & Counter(right)).total()
    return 2 * common / (len(guessed) + len(right)) if common else 0.0


def evaluate(
    predictions: Mapping[str, str],
    references: References,
    *,
    is_version_2: bool | None = None,
) -> dict[str, float]:
    """Score predictions; each question counts with its best reference answer.

    In version 1.1 a missing prediction counts as 0. In 2.0 it is left out of the mean,
    answers without a word are dropped, and a question without any wants the empty text.

    Args:
        predictions: id -> text.
        references: items of `read_squad`, or id -> the right texts.
        is_version_2: which rules; None: those of 2.0 if a question has no answer.

    Returns:
        "exact_match" and "f1" in percent over "total" questions, and how many
        predictions are "missing"; in 2.0 also the two means over the questions with
        an answer (`answerable_exact_match`, `answerable_f1`) and without one.

    Raises:
        UserError: if there is nothing to score, a question of 1.1 has no answer, or
            a prediction or an answer is no text.
    """
    golds = _golds(references)
    if is_version_2 is None:
        is_version_2 = not all(golds.values())
    missing = sum(name not in predictions for name in golds)
    scores = _scores(predictions, golds, is_version_2)
    if not scores:
        raise _without_partner(predictions, golds)
    result = {**_means(list(scores.values())), "missing": float(missing)}
    if is_version_2:
        for kind, wanted in (("answerable", True), ("unanswerable", False)):
            part = [s for name, s in scores.items() if bool(golds[name]) == wanted]
            if part:
                means = _means(part)
                result |= {f"{kind}_{key}": value for key, value in means.items()}
    return result


class Threshold(NamedTuple):
    """The gap above which nothing is answered, and the mean score (percent) there."""

    value: float
    score: float


def best_threshold(
    predictions: Mapping[str, str],
    gaps: Mapping[str, float],
    references: References,
    *,
    metric: str = "f1",
) -> Threshold:
    """Find where to stop answering: the empty text wins if its gap is above the value.

    Choose it on questions that are not those of the final score.

    Args:
        predictions: id -> the best text that is not empty; "" where there is none.
        gaps: id -> score of "no answer" minus the score of that text. A question
            without one has the empty text at every threshold.
        references: as in `evaluate`; the rules of 2.0 apply.
        metric: "f1" or "exact_match".

    Returns:
        The threshold, half-way between two gaps, and the score that it reaches.

    Raises:
        UserError: if nothing can be scored, a prediction with a text has no gap or one
            that is not finite, or the metric is another.
    """
    if metric not in ("exact_match", "f1"):
        raise UserError(f"metric must be 'exact_match' or 'f1', got {metric!r}")
    whole = _golds(references)
    golds = {k: v for k, v in whole.items() if k in predictions}
    if not golds:
        raise _without_partner(predictions, whole)
    place = 0 if metric == "exact_match" else 1
    answered = _scores(predictions, golds, True)
    silent = _scores(dict.fromkeys(golds, ""), golds, True)
    order = _by_gap(predictions, gaps, golds)
    score = sum(pair[place] for pair in silent.values())
    found = [(score, gaps[order[0]] - 1.0)]
    for here, after in zip(order, [*order[1:], None], strict=True):
        score += answered[here][place] - silent[here][place]
        limit = gaps[here] + 1.0 if after is None else (gaps[here] + gaps[after]) / 2
        if after is None or gaps[after] > gaps[here]:
            found.append((score, limit))
    best = max(found, key=lambda pair: pair[0])
    return Threshold(best[1], 100 * best[0] / len(golds))


def _by_gap(
    predictions: Mapping[str, str], gaps: Mapping[str, float], names: Iterable[str]
) -> list[str]:
    """Order the questions that have a gap; the others have no text to be given.

    Raises:
        UserError: if none has one, one with a text has none, or it is not finite.
    """
    found = []
    for name in names:
        if name in gaps and not math.isfinite(gaps[name]):
            raise UserError(
                f"gaps must be finite, got {gaps[name]} for {name!r}; leave that "
                "question out"
            )
        if name in gaps:
            found.append(name)
        elif predictions[name]:
            raise UserError(
                f"gaps must have a number for each prediction with a text, got none "
                f"for {name!r}; take the gaps of the same answers"
            )
    if not found:
        raise UserError(
            "no question has a gap, so no threshold changes anything; take questions "
            "whose passages have a text to be given"
        )
    return sorted(found, key=lambda name: gaps[name])


def _without_partner(
    predictions: Mapping[str, str], golds: Mapping[str, list[str]]
) -> UserError:
    """Say that no prediction has a question, with an id of each side."""
    if not predictions:
        return UserError("predictions must hold at least one, got none")
    return UserError(
        "no prediction belongs to a question of the references; both must have the "
        f"same ids, got such as {next(iter(predictions))!r} and {next(iter(golds))!r}"
    )


def _golds(references: References) -> dict[str, list[str]]:
    """Give the right texts of each question, by id."""
    pairs = (
        references.items()
        if isinstance(references, Mapping)
        else ((item.id, [text for text, _ in item.answers]) for item in references)
    )
    golds = {}
    for name, texts in pairs:
        if isinstance(texts, str) or not isinstance(texts, Iterable):
            what = "a text" if isinstance(texts, str) else f"{texts!r:.40}"
            raise UserError(f"the answers of {name!r} must be a list, got {what}")
        golds[name] = list(texts)
        for text in golds[name]:
            if not isinstance(text, str):
                raise UserError(
                    f"the answers of {name!r} must be texts, got {text!r:.40}; give "
                    "the texts alone"
                )
    if not golds:
        raise UserError("references must hold at least one question, got none")
    return golds


def _scores(
    predictions: Mapping[str, str],
    golds: Mapping[str, list[str]],
    is_version_2: bool,
) -> dict[str, tuple[float, float]]:
    """Score each question: (exact match, F1) with its best answer."""
    scores = {}
    for name, texts in golds.items():
        if is_version_2:
            texts = [text for text in texts if normalize_answer(text)] or [""]
            if name not in predictions:
                continue
        elif not texts:
            raise UserError(f"{name!r} has no answer; SQuAD 1.1 has no such question")
        scores[name] = (0.0, 0.0)
        if name not in predictions:
            continue
        guess = predictions[name]
        if not isinstance(guess, str):
            raise UserError(
                f"the prediction of {name!r} must be a text, got {guess!r:.40}; no "
                'answer is the empty text, ""'
            )
        scores[name] = (
            max(exact_match(guess, text) for text in texts),
            max(f1_score(guess, text, is_version_2=is_version_2) for text in texts),
        )
    return scores


def _means(scores: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Average pairs of exact match and F1, in percent."""
    total = len(scores)
    return {
        "exact_match": 100 * sum(pair[0] for pair in scores) / total,
        "f1": 100 * sum(pair[1] for pair in scores) / total,
        "total": float(total),
    }
