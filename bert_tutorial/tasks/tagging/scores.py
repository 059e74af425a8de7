"""Score tags by the spans that they mean, and by words, to see what that hides.

Chapter: 15
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bert_tutorial.tasks.tagging.bio import tags_to_spans

__all__ = ["SpanCount", "SpanScores", "span_scores", "token_accuracy"]


class SpanCount(NamedTuple):
    """How many spans were found right, were predicted, and are there."""

    right: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """Give the share of the predicted spans that are right; 0 if there are none."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Give the share of the true spans that were found; 0 if there are none."""
        return self.right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Give the harmonic mean of precision and recall; 0 if nothing is right."""
        both = self.predicted + self.gold
        return 2 * self.right / both if both else 0.0


@dataclass(frozen=True)
class SpanScores:
    """The score over all types together (micro), and that of each type."""

    micro: SpanCount
    per_type: dict[str, SpanCount]

    @property
    def precision(self) -> float:
        """Give the precision over all spans."""
        return self.micro.precision

    @property
    def recall(self) -> float:
        """Give the recall over all spans."""
        return self.micro.recall

    @property
    def f1(self) -> float:
        """Give the F1 over all spans, the figure that papers report."""
        return self.micro.f1


def span_scores(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> SpanScores:
    """Score predicted tags by spans: right means the same type, start and end.

    Args:
        gold: the tags of each sentence.
        predicted: as many, for the same words.

    Returns:
        The counts over all types and for each type, sorted by name.

    Raises:
        ValueError: if the two are not of the same words.
    """
    _check_same_words(gold, predicted)
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for truth, guess in zip(gold, predicted, strict=True):
        true, guessed = set(tags_to_spans(truth)), set(tags_to_spans(guess))
        right.update(span.type for span in true & guessed)
        found.update(span.type for span in guessed)
        there.update(span.type for span in true)
    per_type = {
        name: SpanCount(right[name], found[name], there[name])
        for name in sorted(found | there)
    }
    micro = SpanCount(right.total(), found.total(), there.total())
    return SpanScores(micro, per_type)


def token_accuracy(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> float:
    """Give the share of words with the right tag, O included; 0 if there are none.

    Most words are O, so who finds nothing scores high: say F1 instead.
    """
    _check_same_words(gold, predicted)
    pairs = [
        (a, b)
        for truth, guess in zip(gold, predicted, strict=True)
        for a, b in zip(truth, guess, strict=True)
    ]
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else 0.0


def _check_same_words(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> None:
    if len(gold) != len(predicted):
        raise ValueError(
            f"predicted must have the {len(gold)} sentences of gold, "
            f"got {len(predicted)}"
        )
    for number, (truth, guess) in enumerate(zip(gold, predicted, strict=True)):
        if len(truth) != len(guess):
            raise ValueError(
                f"predicted[{number}] must have {len(truth)} tags, one a word, "
                f"got {len(guess)}"
            )
