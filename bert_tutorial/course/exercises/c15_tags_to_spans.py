"""Exercise: read spans off BIO tags.

Chapter: 15
"""

from collections.abc import Sequence

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.tasks.tagging.bio import Span, tags_to_spans

STUB = '''
def tags_to_spans(tags: Sequence[str]) -> list[Span]:
    """Read the spans off the tags of a sentence, from left to right.

    Span(type, start, end) does not hold the word `end`. A span ends at O, at any B-, at
    an I- of another type, at the end of the sentence; an I- that continues nothing
    begins one: B-PER I-PER O I-LOC gives Span("PER", 0, 2) and Span("LOC", 3, 4).
    """
    raise NotAttempted
'''


def by_starts(tags: Sequence[str]) -> list[Span]:
    """Find the starts, then go right from each."""
    spans = []
    for start, tag in enumerate(tags):
        goes_on = start > 0 and tag[0] == "I" and tags[start - 1][2:] == tag[2:]
        if tag == "O" or goes_on:
            continue
        end = start + 1
        while end < len(tags) and tags[end] == "I-" + tag[2:]:
            end += 1
        spans.append(Span(tag[2:], start, end))
    return spans


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One thing at a time, then twelve random tags."""
    names = ["O", "B-LOC", "B-PER", "I-LOC", "I-PER"]
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(0, 5, (12,), generator=generator).tolist()
    return [
        Case((["O", "O"],), "no span"),
        Case((["B-PER", "I-PER", "O"],), "B-PER I-PER O"),
        Case((["O", "B-LOC", "I-LOC"],), "O B-LOC I-LOC"),
        Case((["B-LOC", "B-LOC", "O"],), "B-LOC B-LOC O"),
        Case((["B-PER", "I-LOC", "O"],), "B-PER I-LOC O"),
        Case((["O", "I-PER", "I-PER", "O"],), "O I-PER I-PER O"),
        Case(([names[i] for i in drawn],), "twelve tags"),
        Case(([],), "an empty sentence"),
        Case((["I-LOC"],), "one I-LOC"),
        Case((["B-PER", "O", "I-PER", "B-PER"],), "B-PER O I-PER B-PER"),
    ]


MISTAKES = """
I- without B- dropped: before != 'O' => before != 'O' and tags[start][0] == 'B'
    A span that begins with I- is missing. Here an I- that continues nothing begins a
    span, as the scorer of CoNLL reads it.
types ignored inside:
- and tag[2:] == before[2:] => and before != 'O'
- Span(before[2:], => Span(tags[start][2:],
    I-LOC goes on a span of PER. A change of type ends the span and begins another.
only B- begins: … => spans, start = [], None
|     for i, tag in enumerate([*tags, 'O']):
|         if start is not None and tag[0] in 'BO':
|             spans.append(Span(tags[start][2:], start, i))
|             start = None
|         if tag[0] == 'B':
|             start = i
|     return spans
    An I- never begins a span in yours and never ends one. An I- of another type ends
    the span before it, and an I- that continues nothing begins one.
open at the end: [*tags, 'O'] => tags
    A span that reaches to the last word is lost: close it after the loop, or let the
    loop run over one more O.
end included: start, place)) => start, place - 1))
    `end` is the last word in yours. It is the word after: words[start:end].
neighbours merged: continues = tag[:2] == 'I-' and => continues = tag != 'O' and
    Two spans of one type in a row became one. A B- always begins a new span.
a span a word:
- continues = tag[:2] == 'I-' and tag[2:] == before[2:] => continues = False
    Each word became a span of its own. An I- goes on the span before it.
lists for spans: … => return [list(span) for span in right(tags)]
    The spans are lists. Make each of them a Span(type, start, end).
prefix in the type: Span(before[2:], => Span(tags[start],
    The type still has its B- or I-. It begins at the third character.
"""

EXERCISE = Exercise(
    id="tags-to-spans",
    chapter=15,
    title="Read spans off BIO tags",
    difficulty=2,
    minutes=20,
    stub=STUB,
    solution=tags_to_spans,
    accepted={"from the starts": by_starts},
    mutants=mistakes(MISTAKES),
    cases=cases,
    waived={
        "0 => 1": ("before the first span the start is never used"),
        "0 => -1": ("before the first span the start is never used"),
        "if tag != 'O' and (tag[:2] n ... => if False: ...": (
            "the task gives only O, B-type and I-type"
        ),
        "if tag != 'O' and (tag[:2] n ... => pass": (
            "the task gives only O, B-type and I-type"
        ),
        "tag[:2] not in ('B-', 'I-')  ... => tag[:2] not in ('B-', 'I-')  ...": (
            "the task gives only O, B-type and I-type"
        ),
        "tag[:2] not in ('B-', 'I-')  ... => tag[:2] not in ('B-', 'I-')": (
            "the task gives only O, B-type and I-type"
        ),
        "tag[:2] not in ('B-', 'I-')  ... => len(tag) < 3": (
            "the task gives only O, B-type and I-type"
        ),
        "len(tag) < 3 => len(tag) <= 3": ("the task gives only O, B-type and I-type"),
        "3 => 4": ("the task gives only O, B-type and I-type"),
        "3 => 2": ("the task gives only O, B-type and I-type"),
        "raise ValueError(f'tags[{pla ... => pass": (
            "the task gives only O, B-type and I-type"
        ),
    },
    hints=(
        "For each word: does its tag continue the span before, and if not, what ends "
        "and what begins?",
        "It continues if it is an I- and the tag before has the same type: tag[2:].",
        "Loop over [*tags, 'O'] with the tag before at hand; close, then open.",
    ),
)
