"""Exercise: choose sentences greedily.

Chapter: 17
"""

from collections.abc import Callable
from typing import Any

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
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


def together(sentences: list[str], value: Value, chosen: list[int], i: int) -> float:
    """Value of the chosen ones with one more."""
    return value([sentences[j] for j in sorted([*chosen, i])])


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


def close_to(summary: str) -> Value:
    """Make a value: ROUGE-1 plus ROUGE-2 with a summary."""

    def value(texts: list[str]) -> float:
        if isinstance(texts, str):
            raise TypeError("value takes a list of sentences, not one text")
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
        Case(
            (["f a", "c", "d a"], "a b c d e f", 2),
            "two that would be best together, behind one that is best alone",
        ),
    ]


MISTAKES = """
each alone:
- … => order = sorted(range(len(sentences)), key=lambda i: -value([sentences[i]]))
|     return sorted(i for i in order[:most] if value([sentences[i]]) > 0)
    The sentences are valued one by one, so two that say the same are both taken. Value
    each one together with those already chosen.
never stops: or max(values.values()) <= best =>
    You go on to `most` although nothing gets better any more: each needless sentence
    costs precision. Stop when the best value does not rise.
order of choice: return sorted(chosen) => return chosen
    The numbers come in the order of choice. A summary is read in the order of the
    document: sort them at the end.
chosen twice:
- if i not in chosen => if True
- value([sentences[j] for j in together]) => value([sentences[i]])
- max(values.values()) <= best => max(values.values()) <= 0
    A sentence is chosen again and again. Leave out those already chosen.
last of equals: max(values, key => max(reversed(values), key
    Of two equal sentences you take the later one. Take the first: > instead of >= does
    it.
first that helps: … => chosen, best = [], 0.0
|     for i in range(len(sentences)):
|         now = value([sentences[j] for j in [*chosen, i]])
|         if len(chosen) < most and now > best:
|             best = now
|             chosen.append(i)
|     return chosen
    The first sentence that helps is taken, not the one that helps most. Try all before
    each step.
valued as chosen: sorted([*chosen, i]) => [*chosen, i]
    The texts are valued in the order of choice. value wants them in the order of the
    document: sorted([*chosen, i]).
by text: def by_text
    Sentences are told apart by their text, so the same sentence at two positions counts
    as one. Go by their numbers.
each alone, always the most:
- … => order = sorted(range(len(sentences)), key=lambda i: -value([sentences[i]]))
|     return sorted(order[:most])
    The sentences are valued one by one and `most` of them are taken, whatever they add.
    Value each one together with those already chosen, and stop when none helps.
one too many: < most => <= most
    Where more sentences would help, one more than `most` is chosen: count before you
    choose.
all sets tried: … => from itertools import combinations
|     best, found = 0.0, []
|     for k in range(1, most + 1):
|         for chosen in combinations(range(len(sentences)), k):
|             now = value([sentences[i] for i in chosen])
|             if now > best:
|                 best, found = now, list(chosen)
|     return found
    All sets are tried and the best is taken. That is out of reach for a real document;
    add one sentence at a time, and keep those already chosen.
one text for value: value([sentences[j] for j in together]) =>
| value(' '.join((sentences[j] for j in together)))
    value is given one text. It takes a list of sentences.
the sentences themselves: return sorted(chosen) =>
| return [sentences[i] for i in sorted(chosen)]
    The sentences are returned. Their numbers are asked for.
equals added: max(values.values()) <= best => max(values.values()) < best
    A sentence that does not raise the value is chosen as well. Stop when none does.
"""

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
    mutants=mistakes(MISTAKES, by_text),
    cases=cases,
    hints=(
        "A loop over steps, and in it a loop over the sentences not yet chosen.",
        "value([sentences[j] for j in sorted([*chosen, i])]) for each of these i.",
        "If the best of them is not above the value so far, stop. Sort at the end.",
    ),
)
