"""Exercise: F1 over spans.

Chapter: 15
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.tasks.tagging.bio import Span, tags_to_spans

STUB = '''
def span_f1(gold: list[list[str]], predicted: list[list[str]]) -> float:
    """Give the F1 of predicted spans over all sentences together.

    A predicted span is right if the same sentence has one with its type, start and
    end. F1 is 2 right / (predicted + gold), counting spans; 0.0 if there are none.
    tags_to_spans reads them. One span of two found, and nothing else: 2 * 1 / (1 + 2).
    """
    raise NotAttempted
'''

Tags = list[list[str]]


def span_f1(gold: list[list[str]], predicted: list[list[str]]) -> float:
    """Count spans in three ways, sentence by sentence."""
    right = found = there = 0
    for truth, guess in zip(gold, predicted, strict=True):
        true, guessed = set(tags_to_spans(truth)), set(tags_to_spans(guess))
        right += len(true & guessed)
        found += len(guessed)
        there += len(true)
    return 2 * right / (found + there) if found + there else 0.0


def numbered(tags: Tags) -> set[tuple[int, Span]]:
    """Give the spans with their sentence."""
    return {(n, span) for n, one in enumerate(tags) for span in tags_to_spans(one)}


def by_rates(gold: Tags, predicted: Tags) -> float:
    """Go by precision and recall."""
    true, guessed = numbered(gold), numbered(predicted)
    right = len(true & guessed)
    if not right:
        return 0.0
    precision, recall = right / len(guessed), right / len(true)
    return 2 * precision * recall / (precision + recall)


def ratio(right: float, found: int, there: int) -> float:
    """Give F1 from three counts."""
    return 2 * right / (found + there) if found + there else 0.0


def pairs_of_words(gold: Tags, predicted: Tags) -> list[tuple[str, str]]:
    """Give the true and the guessed tag of each word."""
    sentences = zip(gold, predicted, strict=True)
    return [pair for a, b in sentences for pair in zip(a, b, strict=True)]


def macro(gold: Tags, predicted: Tags) -> float:
    """Average over the types."""
    true, guessed = numbered(gold), numbered(predicted)
    scores = []
    for kind in sorted({span.type for _, span in true | guessed}):
        a = {one for one in true if one[1].type == kind}
        b = {one for one in guessed if one[1].type == kind}
        scores.append(ratio(len(a & b), len(b), len(a)))
    return sum(scores) / len(scores) if scores else 0.0


def precision(gold: Tags, predicted: Tags) -> float:
    """Divide by what was predicted."""
    true, guessed = numbered(gold), numbered(predicted)
    return len(true & guessed) / len(guessed) if guessed else 0.0


def recall(gold: Tags, predicted: Tags) -> float:
    """Divide by what is there."""
    true, guessed = numbered(gold), numbered(predicted)
    return len(true & guessed) / len(true) if true else 0.0


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One thing at a time, then random tags."""
    names = ["O", "O", "B-LOC", "B-PER", "I-LOC", "I-PER"]
    generator = torch.Generator().manual_seed(seed)

    def draw(number: int) -> list[str]:
        chosen = torch.randint(0, 6, (number,), generator=generator).tolist()
        return [names[i] for i in chosen]

    gold = [draw(8) for _ in range(6)]
    guess = [[*tags[:5], *draw(3)] for tags in gold]
    two = ["B-PER", "I-PER", "O", "B-LOC"]
    return [
        Case(([two], [["B-PER", "I-PER", "O", "O"]]), "one span of two found"),
        Case(([two], [["B-PER", "O", "O", "B-LOC"]]), "a span too short"),
        Case(([two], [["O", "B-PER", "O", "B-LOC"]]), "a span that begins late"),
        Case(([two], [["B-LOC", "I-LOC", "O", "B-LOC"]]), "a span of another type"),
        Case(([["O", "O"]], [["O", "O"]]), "no span at all"),
        Case(([["B-LOC"], ["O"]], [["O"], ["B-LOC"]]), "in another sentence"),
        Case(([two, ["O"]], [two, ["O"]]), "all right, one sentence without spans"),
        Case((gold, guess), "six sentences"),
        Case(([two], [["O"] * 4]), "nothing found"),
        Case(([["O"] * 4], [two]), "nothing to find"),
        Case(([two, ["O"]], [two, ["B-LOC"]]), "a span too much where there is none"),
    ]


MISTAKES = """
token accuracy: … => return sum(a == b for a, b in pairs_of_words(gold,
|     predicted)) / len(pairs_of_words(gold, predicted))
    This is the share of words with the right tag. Most words are O, so it is high for
    who finds nothing. Count spans.
whole sentences: … => pairs = zip(gold, predicted, strict=True)
|     return sum(tags_to_spans(a) == tags_to_spans(b) for a, b in pairs) / len(gold)
    This is the fraction of sentences whose spans are all right. Count spans.
words of spans: … => pairs = pairs_of_words(gold, predicted)
|     right = sum(a == b != 'O' for a, b in pairs)
|     both = sum((a != 'O') + (b != 'O') for a, b in pairs)
|     return 2 * right / both if both else 0.0
    You count words that are not O. A name of three words counts three times so, and
    half of it is half right; a span is right or wrong.
types ignored:
- len(true & guessed) => sum(any(a[1:] == b[1:] for b in true) for a in guessed)
    A place that is called a person counts as right. The type belongs to the span.
overlap counted:
- len(true & guessed) => sum(any(a.type == b.type and a.start < b.end and b.start <
|     a.end for b in true) for a in guessed)
    A span that only overlaps counts as right. Start and end must agree.
ends ignored:
- len(true & guessed) => sum(any(a[:2] == b[:2] for b in true) for a in guessed)
    A span that begins right and ends wrong counts as right. Compare the end, too.
sentences mixed: … => true = {span for one in gold for span in tags_to_spans(one)}
|     guessed = {span for one in predicted for span in tags_to_spans(one)}
|     both = len(true) + len(guessed)
|     return 2 * len(true & guessed) / both if both else 0.0
    Words 0 to 1 of one sentence are not those of another: compare sentence by sentence,
    or put the sentence's number to the span.
mean over types: def macro
    This is the mean of the types' F1 (macro): a type of two spans weighs as much as one
    of two hundred. Add the counts first (micro).
mean over sentences: … =>
| return sum(right([a], [b]) for a, b in zip(gold, predicted, strict=True)) / len(gold)
    This is the mean of the sentences' F1; those without spans pull it down. Add the
    counts of all sentences, then divide once.
precision: 2 * right / (found + there) if found + there else 0.0 =>
| right / found if found else 0.0
    This is precision: who predicts one sure span gets 1. Recall is missing.
recall: 2 * right / (found + there) if found + there else 0.0 =>
| right / there if there else 0.0
    This is recall: who predicts everything gets 1. Precision is missing.
division by zero: if found + there else 0.0 =>
    Without any span, there or predicted, you divide by zero. Give 0.0.
rates by zero (of precision and recall): if not right:
|         return 0.0
|     precision => precision
    Where nothing is predicted, nothing there or nothing right, precision, recall or
    their sum divides by zero. F1 from the counts needs one check.
sentences with true spans only: zip(gold, predicted, strict=True) =>
| [(g, p) for g, p in zip(gold, predicted) if tags_to_spans(g)]
    Sentences without a true span are passed over, and with them what was predicted
    there. A span too much costs precision wherever it is.
1 for nothing at all: else 0.0 => else 1.0
    Without any span, true or predicted, the result is 1. Here it is 0.0.
shared by all: … => return right(gold, predicted) / (2 - right(gold, predicted))
    The right spans are divided by all different ones (Jaccard). F1 is twice the right
    ones over the sum of both numbers.
no factor 2: return 2 * right => return right
    The right spans are counted once. They are among the predicted and among the true
    ones: 2 right / (predicted + gold).
"""

EXERCISE = Exercise(
    id="span-f1",
    chapter=15,
    title="F1 over spans",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=span_f1,
    accepted={"precision and recall": by_rates},
    mutants=mistakes(MISTAKES, macro),
    cases=cases,
    waived={
        "found + there => found": (
            "where nothing is found or nothing is there, nothing is right: 0 by itself"
        ),
        "found + there => there": (
            "where nothing is found or nothing is there, nothing is right: 0 by itself"
        ),
    },
    hints=(
        "Three counts, added up over the sentences: right, predicted, there.",
        "Two sets of spans a sentence; what both have is right.",
        "right += len(true & guessed) and so on; divide once, after the loop.",
    ),
)
