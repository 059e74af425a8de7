"""Labelled sets of the mini-world: sentiment, tagging, questions, summaries.

Each set comes as a part with labels to learn from and a part to be tested on;
the words that carry the answer (adjectives, entities, answers) are divided
between the two, so that whoever only counts the labelled words must guess.

Chapter: 14
Used from: 1
"""

import random
import re
from typing import NamedTuple

from bert_tutorial.world.facts import Fact
from bert_tutorial.world.people import PROPERTIES, tell
from bert_tutorial.world.reviews import FILLERS, NEGATIVE, POSITIVE, review
from bert_tutorial.world.wordings import WORDINGS, render

__all__ = [
    "TAGS",
    "Question",
    "Sentiment",
    "Summary",
    "Tagged",
    "change_answer",
    "questions",
    "sentiment",
    "summaries",
    "tagging",
]

# What an entity is, by the relation in which it is the subject or the object.
TAGS = ("O", "COUNTRY", "CITY", "LANGUAGE", "CURRENCY", "ANIMAL", "HOME", "JOB", "TOOL")
_ROLES = {
    "capital": ("COUNTRY", "CITY"),
    "language": ("COUNTRY", "LANGUAGE"),
    "currency": ("COUNTRY", "CURRENCY"),
    "home": ("ANIMAL", "HOME"),
    "tool": ("JOB", "TOOL"),
}


class Sentiment(NamedTuple):
    """A review without reactions; label 1 is positive."""

    text: str
    label: int
    is_negated: bool


class Tagged(NamedTuple):
    """Words and one tag a word (each entity is one word)."""

    words: tuple[str, ...]
    tags: tuple[str, ...]


class Question(NamedTuple):
    """A question, a passage, and the answer's first character in the passage."""

    question: str
    context: str
    answer: str
    answer_start: int


class Summary(NamedTuple):
    """Sentences of a text; `labels` is 1 for those that belong in the summary."""

    sentences: tuple[str, ...]
    labels: tuple[int, ...]
    facts: tuple[Fact, ...]


def halves(
    words: tuple[str, ...], seed: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divide words into those seen among the labels and those of the test."""
    shuffled = random.Random(f"halves {seed} {words[0]}").sample(words, len(words))
    return tuple(shuffled[: len(words) // 2]), tuple(shuffled[len(words) // 2 :])


def sentiment(
    number: int, seed: int, part: str, negation_rate: float = 0.3, words: int = 10
) -> list[Sentiment]:
    """Draw labelled reviews; the labels show `words` adjectives of each polarity."""
    split = []
    for polarity in (POSITIVE, NEGATIVE):
        order = random.Random(f"adjectives {seed} {polarity[0]}")
        shuffled = order.sample(polarity, len(polarity))
        split.append(tuple(shuffled[:words] if part == "train" else shuffled[words:]))
    rng = random.Random(f"sentiment {seed} {part}")
    result = []
    for _ in range(number):
        item = review(
            rng,
            negation_rate=negation_rate,
            reactions=0,
            adjectives=(split[0], split[1]),
        )
        text = " ".join(item.sentences)
        result.append(Sentiment(text, int(item.is_positive), item.is_negated))
    return result


def tagging(facts: tuple[Fact, ...], number: int, seed: int, part: str) -> list[Tagged]:
    """Draw sentences with tagged entities; test entities are not among the labels."""
    names = {name: None for f in facts if f.relation in _ROLES for name in f[1:]}
    train, test = halves(tuple(names), seed)
    allowed = set(train if part == "train" else test)
    usable = [
        f for f in facts if f.relation in _ROLES and {f.subject, f.object} <= allowed
    ]
    rng = random.Random(f"tagging {seed} {part}")
    result = []
    for _ in range(number):
        fact = rng.choice(usable)
        text = rng.choice(WORDINGS[fact.relation])
        words, tags = [], []
        for word in re.sub(r"([.,?])", r" \1", text).split():
            is_entity = word in ("{x}", "{y}")
            words.append(word.format(x=fact.subject, y=fact.object))
            tags.append(_ROLES[fact.relation][word == "{y}"] if is_entity else "O")
        result.append(Tagged(tuple(words), tuple(tags)))
    return result


def questions(number: int, seed: int, part: str, people: int = 1) -> list[Question]:
    """Draw passages with a question.

    Neither the answers of the test nor the ways in which its passages tell things
    are among the labels: what stands beside the answer does not give it away.
    With one person four different properties are told and the kind asked for
    decides; with two people both have a value of that kind.
    """
    which = 0 if part == "train" else 1
    values = {p.kind: halves(p.values, seed)[which] for p in PROPERTIES}
    wordings = slice(0, 2) if part == "train" else slice(2, 3)
    rng = random.Random(f"questions {seed} {part} {people}")
    result = []
    for _ in range(number):
        story = tell(rng, people=people, length=4, values=values, wordings=wordings)
        context = " ".join(story.sentences)
        start = _word_start(context, story.answer)
        result.append(Question(story.question, context, story.answer, start))
    return result


def change_answer(item: Question, seed: int) -> Question:
    """Put another value of the same kind into the passage: the answer must follow.

    The new value stands nowhere else in the passage.
    """
    rng = random.Random(f"change {seed} {item.context}")
    kind = next(p for p in PROPERTIES if item.answer in p.values)
    words = set(re.findall(r"\w+", item.context))
    value = rng.choice([v for v in kind.values if v not in words])
    start, stop = item.answer_start, item.answer_start + len(item.answer)
    context = item.context[:start] + value + item.context[stop:]
    return Question(item.question, context, value, start)


def _word_start(context: str, word: str) -> int:
    """Find the character at which a whole word starts."""
    padded = context.replace(".", " ") + " "
    return 0 if padded.startswith(word + " ") else padded.index(f" {word} ") + 1


def summaries(
    facts: tuple[Fact, ...], number: int, seed: int, part: str
) -> list[Summary]:
    """Draw texts in which some sentences state facts of one subject.

    Those are the summary; the others (a story, remarks) are not. Test subjects are
    not among the labels.
    """
    train, test = halves(tuple(dict.fromkeys(f.subject for f in facts)), seed)
    subjects = train if part == "train" else test
    rng = random.Random(f"summaries {seed} {part}")
    result = []
    for _ in range(number):
        subject = rng.choice(subjects)
        known = [f for f in facts if f.subject == subject]
        chosen = rng.sample(known, min(2, len(known)))
        rest = [*tell(rng, length=2).sentences, *rng.sample(FILLERS, 2)]
        rows: list[tuple[str, int, Fact | None]] = [(text, 0, None) for text in rest]
        for fact in chosen:
            wording = rng.choice(WORDINGS[fact.relation])
            rows.append((render(wording, fact.subject, fact.object), 1, fact))
        rng.shuffle(rows)
        facts_in_order = tuple(fact for _, _, fact in rows if fact is not None)
        texts, labels = zip(*[(text, label) for text, label, _ in rows], strict=True)
        result.append(Summary(texts, labels, facts_in_order))
    return result
