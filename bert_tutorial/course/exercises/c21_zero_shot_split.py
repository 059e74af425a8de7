"""Exercise: what may be trained on before a question in another language.

Chapter: 21
"""

import random

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def zero_shot_split(
    statements: list[tuple[str, str, int]], asked: list[tuple[str, int]]
) -> list[tuple[str, str, int]]:
    """Keep the statements that may be trained on.

    A statement is (language, fact, wording), with language "first" or "second". A
    question (fact, wording) will be asked in the second language. To be answered, its
    fact must transfer from the first language. So the second language may not
    state it in any wording; the first language may say everything.

    Gives the statements that are left, in their order.
    """
    raise NotAttempted
'''

Statements = list[tuple[str, str, int]]
Asked = list[tuple[str, int]]


def zero_shot_split(
    statements: list[tuple[str, str, int]], asked: list[tuple[str, int]]
) -> list[tuple[str, str, int]]:
    """Drop each fact that is asked from the second language, in all its wordings."""
    facts = {fact for fact, _ in asked}
    return [one for one in statements if one[0] == "first" or one[1] not in facts]


def with_loop(statements: Statements, asked: Asked) -> Statements:
    """Go through the statements one by one."""
    kept = []
    for language, fact, wording in statements:
        if language == "second" and any(fact == other for other, _ in asked):
            continue
        kept.append((language, fact, wording))
    return kept


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One fact in all ways, two facts, drawn statements."""
    rng = random.Random(seed)
    drawn = [
        (rng.choice(("first", "second")), rng.choice("abcdef"), rng.randrange(4))
        for _ in range(30)
    ]
    small = [("first", "a", 0), ("second", "a", 0), ("second", "a", 1)]
    more = [("second", "b", 0), ("first", "b", 1), ("second", "c", 1)]
    return [
        Case((small, [("a", 0)]), "one fact, asked in wording 0"),
        Case((small + more, [("a", 0)]), "three facts, one asked"),
        Case((more + small, [("b", 0), ("c", 2)]), "three facts, two asked"),
        Case((drawn, [("a", 1), ("d", 3), ("a", 2)]), "thirty statements"),
        Case(
            (
                [
                    ("second", "tom", 0),
                    ("second", "tomorrow", 0),
                    ("second", "to", 1),
                    *small[:1] * 2,
                ],
                [("tomorrow", 0)],
            ),
            "names that are parts of others, a statement twice",
        ),
        Case((small + more, []), "nothing is asked"),
        Case(([], [("a", 0)]), "no statement"),
    ]


MISTAKES = """
the same sentence only: one[1] not in facts => one[1:] not in asked
    You drop the sentence that is asked, but the second language still states its fact
    in other wordings. Then nothing has to transfer.
dropped from both: one[0] == 'first' or =>
    You drop the fact from the first language as well. Then it is stated nowhere, and no
    one can know it.
dropped from the first: 'first' => 'second'
    You drop the fact from the first language and leave it in the second: the wrong way
    round.
wordings instead of facts:
- one[1] not in facts => one[2] not in {number for _, number in asked}
    You drop a wording for all facts. What must be missing is the fact, in all its
    wordings.
the second language dropped: or one[1] not in facts =>
    Nothing of the second language is left, so the model cannot read the question. Drop
    the facts that are asked, not the language.
no fact in both: one[1] not in facts =>
| one[1] not in {fact for language, fact, _ in statements if language == 'first'}
    You drop from the second language all that the first one states. Facts that are in
    both and not asked may stay: they are how the two can meet.
part of a name: one[1] not in facts => one[1] not in ' '.join(facts)
    A fact whose name is a part of another's is dropped with it. Look the whole name up
    in a set.
first question only: asked} => asked[:1]}
    Only the fact of the first question is dropped. Go through all of them.
each once: … => return list(dict.fromkeys(right(statements, asked)))
    A statement that comes twice is kept once. What is left stays as it is.
sorted: … => return sorted(right(statements, asked))
    What is left is sorted. It stays in its order.
"""

EXERCISE = Exercise(
    id="zero-shot-split",
    chapter=21,
    title="A split for questions across languages",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=zero_shot_split,
    accepted={"a loop": with_loop},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Which facts are asked? The wording of a question does not matter.",
        "facts = {fact for fact, _ in asked}.",
        'Keep a statement if its language is "first" or its fact is not in facts.',
    ),
)
