"""Exercise: choose sentences greedily.

Chapter: 17
"""

from collections.abc import Callable
from typing import Any

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.tasks.summaries.rouge import rouge_n

STUB = '''
def greedy_choice(
    sentences: list[str], value: Callable[[list[str]], float], most: int
) -> list[int]:
    """Choose sentences one after another, as long as each raises the value.

    value(texts) says how good a list of sentences is, in the order of the document;
    it is above 0 as soon as something is shared. Each step adds the sentence that
    gives the highest value with those already chosen, the first of equals. Stop when
    none raises it, or at `most`. The numbers come back in the order of the document.
    """
    raise NotAttempted
'''

Value = Callable[[list[str]], float]


def greedy_choice(
    sentences: list[str], value: Callable[[list[str]], float], most: int
) -> list[int]:
    """Try every sentence beside those already chosen."""
    chosen: list[int] = []
    best = 0.0
    while len(chosen) < most:
        values = {}
        for i in range(len(sentences)):
            if i not in chosen:
                together = sorted([*chosen, i])
                values[i] = value([sentences[j] for j in together])
        if not values or max(values.values()) <= best:
            break
        new = max(values, key=lambda i: values[i])
        best = values[new]
        chosen.append(new)
    return sorted(chosen)


def with_a_flag(sentences: list[str], value: Value, most: int) -> list[int]:
    """Keep a list of yes and no."""
    taken = [False] * len(sentences)
    best = 0.0
    for _ in range(most):
        found = None
        for i in range(len(sentences)):
            if not taken[i]:
                taken[i] = True
                now = value([s for s, t in zip(sentences, taken, strict=True) if t])
                taken[i] = False
                if now > best:
                    best, found = now, i
        if found is None:
            break
        taken[found] = True
    return [i for i, t in enumerate(taken) if t]


def each_alone(sentences: list[str], value: Value, most: int) -> list[int]:
    """Take the best by their own value."""
    order = sorted(range(len(sentences)), key=lambda i: -value([sentences[i]]))
    return sorted(i for i in order[:most] if value([sentences[i]]) > 0)


def never_stops(sentences: list[str], value: Value, most: int) -> list[int]:
    """Fill up."""
    chosen: list[int] = []
    while len(chosen) < min(most, len(sentences)):
        rest = [i for i in range(len(sentences)) if i not in chosen]
        chosen.append(max(rest, key=lambda i: together(sentences, value, chosen, i)))
    return sorted(chosen)


def together(sentences: list[str], value: Value, chosen: list[int], i: int) -> float:
    """Value of the chosen ones with one more."""
    return value([sentences[j] for j in sorted([*chosen, i])])


def in_order_of_choice(sentences: list[str], value: Value, most: int) -> list[int]:
    """Give them as they were chosen."""
    chosen: list[int] = []
    for k in range(1, most + 1):
        chosen += [i for i in greedy_choice(sentences, value, k) if i not in chosen]
    return chosen


def chosen_twice(sentences: list[str], value: Value, most: int) -> list[int]:
    """Try the chosen ones again and count the value alone."""
    chosen: list[int] = []
    while len(chosen) < most:
        values = [value([s]) for s in sentences]
        new = max(range(len(values)), key=lambda i: values[i], default=-1)
        if new < 0 or values[new] <= 0:
            break
        chosen.append(new)
    return sorted(chosen)


def last_of_equals(sentences: list[str], value: Value, most: int) -> list[int]:
    """Prefer the later sentence."""
    turned = sentences[::-1]
    found = greedy_choice(turned, lambda texts: value(texts[::-1]), most)
    return sorted(len(sentences) - 1 - i for i in found)


def first_that_helps(sentences: list[str], value: Value, most: int) -> list[int]:
    """Go through the document once."""
    chosen: list[int] = []
    best = 0.0
    for i in range(len(sentences)):
        if len(chosen) < most and together(sentences, value, chosen, i) > best:
            best = together(sentences, value, chosen, i)
            chosen.append(i)
    return chosen


def as_chosen(sentences: list[str], value: Value, most: int) -> list[int]:
    """Value the sentences in the order of choice."""
    chosen: list[int] = []
    best = 0.0
    while len(chosen) < most:
        rest = [i for i in range(len(sentences)) if i not in chosen]
        values = {i: value([sentences[j] for j in [*chosen, i]]) for i in rest}
        if not values or max(values.values()) <= best:
            break
        new = max(values, key=lambda i: values[i])
        best = values[new]
        chosen.append(new)
    return sorted(chosen)


def by_text(sentences: list[str], value: Value, most: int) -> list[int]:
    """Tell sentences apart by their text."""
    chosen: list[str] = []
    best = 0.0
    while len(chosen) < most:
        values = {}
        for text in sentences:
            if text not in chosen:
                now = value([s for s in sentences if s in chosen or s == text])
                values[text] = now
        if not values or max(values.values()) <= best:
            break
        new = max(values, key=lambda text: values[text])
        best = values[new]
        chosen.append(new)
    return sorted(sentences.index(text) for text in chosen)


def best_alone(sentences: list[str], value: Value, most: int) -> list[int]:
    """Take the best by their own value, as many as allowed."""
    order = sorted(range(len(sentences)), key=lambda i: -value([sentences[i]]))
    return sorted(order[:most])


def one_too_many(sentences: list[str], value: Value, most: int) -> list[int]:
    """Go one beyond the most."""
    return greedy_choice(sentences, value, most + 1)


def close_to(summary: str) -> Value:
    """Make a value: ROUGE-1 plus ROUGE-2 with a summary."""

    def value(texts: list[str]) -> float:
        return sum(rouge_n(" ".join(texts), summary, n).f1 for n in (1, 2))

    return value


def run(answer: Any, case: Case) -> Any:
    """Hand the value over as a function."""
    sentences, summary, most = case.args
    return answer(sentences, close_to(summary), most)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Overlap, an early stop, a better one later, equals, nothing."""
    return [
        Case((["a b c", "a b c d", "e f"], "a b c d e f", 2), "two that say the same"),
        Case((["x y", "a b", "z"], "a b", 3), "one that is enough"),
        Case((["e", "a b c d", "q"], "a b c d e", 2), "the better one stands later"),
        Case((["a b", "a b", "c d"], "a b", 2), "two equals"),
        Case((["x", "y"], "a b", 2), "nothing shared"),
        Case((["g h", "a x", "a b c", "d e f", "d e"], "a b c d e f g h", 3), "five"),
        Case((["c", "a b", "c x"], "a b c", 2), "the order changes the pairs of words"),
        Case((["a b", "c", "a b"], "a b a b", 2), "the same sentence twice"),
        Case((["a", "b", "c"], "a b c d", 2), "three that help, two allowed"),
        Case((["a b"], "a b", 0), "none allowed"),
        Case(([], "a b", 2), "no sentence"),
    ]


EXERCISE = Exercise(
    id="greedy-choice",
    chapter=17,
    title="Choose sentences greedily",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=greedy_choice,
    accepted={"flags": with_a_flag},
    run=run,
    mutants=[
        Mutant(
            "each alone",
            each_alone,
            "The sentences are valued one by one, so two that say the same are both "
            "taken. Value each one together with those already chosen.",
        ),
        Mutant(
            "never stops",
            never_stops,
            "You go on to `most` although nothing gets better any more: each needless "
            "sentence costs precision. Stop when the best value does not rise.",
        ),
        Mutant(
            "order of choice",
            in_order_of_choice,
            "The numbers come in the order of choice. A summary is read in the order "
            "of the document: sort them at the end.",
        ),
        Mutant(
            "chosen twice",
            chosen_twice,
            "A sentence is chosen again and again. Leave out those already chosen.",
        ),
        Mutant(
            "last of equals",
            last_of_equals,
            "Of two equal sentences you take the later one. Take the first: > instead "
            "of >= does it.",
        ),
        Mutant(
            "first that helps",
            first_that_helps,
            "The first sentence that helps is taken, not the one that helps most. Try "
            "all before each step.",
        ),
        Mutant(
            "valued as chosen",
            as_chosen,
            "The texts are valued in the order of choice. value wants them in the "
            "order of the document: sorted([*chosen, i]).",
        ),
        Mutant(
            "by text",
            by_text,
            "Sentences are told apart by their text, so the same sentence at two "
            "positions counts as one. Go by their numbers.",
        ),
        Mutant(
            "each alone, always the most",
            best_alone,
            "The sentences are valued one by one and `most` of them are taken, "
            "whatever they add. Value each one together with those already "
            "chosen, and stop when none helps.",
        ),
        Mutant(
            "one too many",
            one_too_many,
            "Where more sentences would help, one more than `most` is chosen: "
            "count before you choose.",
        ),
    ],
    cases=cases,
    hints=(
        "A loop over steps, and in it a loop over the sentences not yet chosen.",
        "value([sentences[j] for j in sorted([*chosen, i])]) for each of these i.",
        "If the best of them is not above the value so far, stop. Sort at the end.",
    ),
)
