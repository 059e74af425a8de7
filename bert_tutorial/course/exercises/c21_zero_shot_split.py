"""Exercise: what may be trained on before a question in another language.

Chapter: 21
"""

import random

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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


def same_sentence(statements: Statements, asked: Asked) -> Statements:
    """Drop the very sentence only."""
    return [
        one for one in statements if one[0] == "first" or (one[1], one[2]) not in asked
    ]


def both_languages(statements: Statements, asked: Asked) -> Statements:
    """Drop the facts everywhere."""
    facts = {fact for fact, _ in asked}
    return [one for one in statements if one[1] not in facts]


def first_language(statements: Statements, asked: Asked) -> Statements:
    """Drop the facts from the first language."""
    facts = {fact for fact, _ in asked}
    return [one for one in statements if one[0] == "second" or one[1] not in facts]


def all_wordings(statements: Statements, asked: Asked) -> Statements:
    """Drop the wordings that are asked, of all facts."""
    wordings = {wording for _, wording in asked}
    return [one for one in statements if one[0] == "first" or one[2] not in wordings]


def no_second(statements: Statements, asked: Asked) -> Statements:
    """Drop the second language."""
    return [one for one in statements if one[0] == "first"]


def no_parallel(statements: Statements, asked: Asked) -> Statements:
    """Drop what the first language states, too."""
    said = {fact for language, fact, _ in statements if language == "first"}
    return [one for one in statements if one[0] == "first" or one[1] not in said]


def part_of_a_name(statements: Statements, asked: Asked) -> Statements:
    """Look for a fact in a text of all names."""
    names = " ".join(fact for fact, _ in asked)
    return [one for one in statements if one[0] == "first" or one[1] not in names]


def first_asked(statements: Statements, asked: Asked) -> Statements:
    """Look at the first question only."""
    facts = {fact for fact, _ in asked[:1]}
    return [one for one in statements if one[0] == "first" or one[1] not in facts]


def each_once(statements: Statements, asked: Asked) -> Statements:
    """Keep a statement once."""
    return list(dict.fromkeys(zero_shot_split(statements, asked)))


def sorted_ones(statements: Statements, asked: Asked) -> Statements:
    """Sort what is left."""
    return sorted(zero_shot_split(statements, asked))


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


EXERCISE = Exercise(
    id="zero-shot-split",
    chapter=21,
    title="A split for questions across languages",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=zero_shot_split,
    accepted={"a loop": with_loop},
    mutants=[
        Mutant(
            "the same sentence only",
            same_sentence,
            "You drop the sentence that is asked, but the second language still states "
            "its fact in other wordings. Then nothing has to transfer.",
        ),
        Mutant(
            "dropped from both",
            both_languages,
            "You drop the fact from the first language as well. Then it is stated "
            "nowhere, and no one can know it.",
        ),
        Mutant(
            "dropped from the first",
            first_language,
            "You drop the fact from the first language and leave it in the second: the "
            "wrong way round.",
        ),
        Mutant(
            "wordings instead of facts",
            all_wordings,
            "You drop a wording for all facts. What must be missing is the fact, in "
            "all its wordings.",
        ),
        Mutant(
            "the second language dropped",
            no_second,
            "Nothing of the second language is left, so the model cannot read the "
            "question. Drop the facts that are asked, not the language.",
        ),
        Mutant(
            "no fact in both",
            no_parallel,
            "You drop from the second language all that the first one states. Facts "
            "that are in both and not asked may stay: they are how the two can meet.",
        ),
        Mutant(
            "part of a name",
            part_of_a_name,
            "A fact whose name is a part of another's is dropped with it. Look "
            "the whole name up in a set.",
        ),
        Mutant(
            "first question only",
            first_asked,
            "Only the fact of the first question is dropped. Go through all of them.",
        ),
        Mutant(
            "each once",
            each_once,
            "A statement that comes twice is kept once. What is left stays as it is.",
        ),
        Mutant(
            "sorted",
            sorted_ones,
            "What is left is sorted. It stays in its order.",
        ),
    ],
    cases=cases,
    hints=(
        "Which facts are asked? The wording of a question does not matter.",
        "facts = {fact for fact, _ in asked}.",
        'Keep a statement if its language is "first" or its fact is not in facts.',
    ),
)
