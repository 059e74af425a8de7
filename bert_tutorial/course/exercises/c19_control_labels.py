"""Exercise: the labels of a control task.

Chapter: 19
"""

from collections.abc import Sequence
from random import Random
from typing import Any

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.inside.probing import control_labels

STUB = '''
def control_labels(
    words: Sequence[str], labels: Sequence[int], random: Random
) -> list[int]:
    """Give each word a random label, the same wherever it occurs.

    Example i is about words[i] and has the real label labels[i]. Return one control
    label for each example. For each word that is new, draw one entry of `labels`, with
    random, whatever the word's own label is: so each label comes about as often as in
    the real task, and says nothing about the word. With words ["peru", "iraq", "peru"]
    and labels [0, 1, 0], the first and the last label are equal, and each label is 0
    with probability 2/3.
    """
    raise NotAttempted
'''

Words = Sequence[str]
Labels = Sequence[int]
# A frequent word has label 0, so that 0 is the label of most examples and of few words.
WORDS = (
    "peru",
    "iraq",
    "peru",
    "cuba",
    "peru",
    "ghana",
    "peru",
    "peru",
    "iraq",
    "peru",
)
LABELS = (0, 1, 0, 1, 0, 2, 0, 0, 1, 0)
DRAWS = 1_000
# Between what a right draw gives the most frequent label and what a wrong one does, by
# the number of examples: each is five deviations or more from both.
BETWEEN = {4: 0.58, 10: 0.45}


def drawn_first(words: Words, labels: Labels, random: Random) -> list[int]:
    """Draw for the list of words, then look up."""
    types = list(dict.fromkeys(words))
    label_of = dict(zip(types, random.choices(labels, k=len(types)), strict=True))
    return [label_of[word] for word in words]


def by_index(words: Words, labels: Labels, random: Random) -> list[int]:
    """Draw the number of an example."""
    label_of: dict[str, int] = {}
    return [
        label_of.setdefault(word, labels[random.randrange(len(labels))])
        for word in words
    ]


def drawn(answer: Any, words: Words, labels: Labels) -> list[list[int]]:
    """Draw often, from one generator."""
    random = Random(19)
    return [list(answer(words, labels, random)) for _ in range(DRAWS)]


def is_dealt_out(words: Words, made: list[list[int]]) -> bool:
    """Tell whether the words get the same labels each time, in another order."""
    of_words = ({*zip(words, one, strict=False)} for one in made)
    return len({tuple(sorted(label for _, label in one)) for one in of_words}) == 1


def run(answer: Any, case: Case) -> list[Any]:
    """Sum up many draws: what was ever drawn, how often, and what always agrees."""
    words, labels = case.args
    made = drawn(answer, words, labels)
    columns = list(zip(*made, strict=True))
    frequent = max(labels, key=list(labels).count)
    return [
        len(columns),
        [sorted(set(column)) for column in columns],
        [column.count(frequent) / DRAWS > BETWEEN[len(words)] for column in columns],
        is_dealt_out(words, made),
        [[i for i, b in enumerate(columns) if b == a] for a in columns],
    ]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Four examples of three words, and ten of four."""
    return [
        Case(
            (("peru", "iraq", "peru", "cuba"), (0, 1, 0, 0)),
            f"four examples, drawn {DRAWS} times",
        ),
        Case((WORDS, LABELS), f"ten examples, drawn {DRAWS} times"),
    ]


def one_label_a_word(answer: Any) -> bool:
    """Compare the examples of one word."""
    return all(
        len({label for word, label in zip(WORDS, made, strict=True) if word == one})
        == 1
        for made in drawn(answer, WORDS, LABELS)
        for one in set(WORDS)
    )


def as_often(answer: Any) -> bool:
    """Count label 0, six in ten, for a word of each label, within six deviations."""
    made = drawn(answer, WORDS, LABELS)
    margin = 6 * (0.6 * 0.4 / DRAWS) ** 0.5
    return all(
        abs(sum(one[position] == 0 for one in made) / DRAWS - 0.6) < margin
        for position in (0, 1, 5)
    )


def independent(answer: Any) -> bool:
    """See whether the labels of all words together differ from draw to draw."""
    return not is_dealt_out(WORDS, drawn(answer, WORDS, LABELS))


def words_come_apart(answer: Any) -> bool:
    """See whether two words with one real label ever get different ones."""
    return any(one[1] != one[3] for one in drawn(answer, WORDS, LABELS))


MISTAKES = """
drawn for each example: drawn[word] for word => random.choice(labels) for word
    Examples of one word get different labels. Nothing can be learned from that, not
    even by heart: draw once for each word, and keep what was drawn.
shuffled labels: … => return random.sample(labels, len(labels))
    = drawn for each example
classes renamed: … => classes = sorted(set(labels))
|     names = dict(zip(classes, random.sample(classes, len(classes)), strict=True))
|     return [names[label] for label in labels]
    Only the names of the classes changed: words with one real label still share one.
    That is the same task. Draw for each word by itself.
one draw a class: … => drawn = {}
|     return [drawn.setdefault(label, random.choice(labels)) for label in labels]
    One label is drawn for each real label, so words with one real label still share
    one. Draw for each word by itself.
classes equally often: random.choice(labels) => random.choice(sorted(set(labels)))
    Every class is drawn equally often. Draw an entry of `labels`, where a frequent
    class stands more often, so that guessing is as easy as before.
each word counted once:
- random.choice(labels) => random.choice(list(dict(zip(words, labels)).values()))
    You draw from the labels of the words, each counted once. Draw from `labels`, where
    a word that occurs often counts often.
the real labels: … => return list(labels)
    These are the real labels: the control would be the task itself.
a generator of its own: … => return right(words, labels, type(random)(0))
    Every call gives the same labels: the answer starts a generator of its own. Draw
    with `random`, so that the control can be repeated with others.
never its own label: random.choice(labels) =>
| random.choice([one for one in labels if one != dict(zip(words, labels))[word]])
    A word never gets its real label, so that the control still depends on it. Draw
    without looking at the word's own label.
dealt out again: … => own = dict(zip(words, labels, strict=True))
|     dealt = random.sample(list(own.values()), len(own))
|     label_of = dict(zip(own, dealt, strict=True))
|     return [label_of[word] for word in words]
    The words' labels are dealt out again, one each. They should be drawn independently,
    from `labels` as a whole.
the last word only: … => found = []
|     for i, word in enumerate(words):
|         same = i > 0 and words[i - 1] == word
|         found.append(found[-1] if same else random.choice(labels))
|     return found
    A word that comes again after another one gets a new label. Remember all words, in a
    dictionary.
one label for all: … => return [random.choice(labels)] * len(words)
    All words got one label: a probe is right that never looks at a vector.
one label a word only: [drawn[word] for word in words] => list(drawn.values())
    This is one label for each word. Return one for each example.
"""

EXERCISE = Exercise(
    id="control-labels",
    chapter=19,
    title="The labels of a control task",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=control_labels,
    accepted={"drawn first": drawn_first, "by index": by_index},
    run=run,
    cases=cases,
    properties=[
        Property(
            "one label a word",
            "all examples of a word must have the same control label.",
            one_label_a_word,
        ),
        Property(
            "words come apart",
            "two words with the same real label must be able to get different ones.",
            words_come_apart,
        ),
        Property(
            "as often as in the task",
            "whatever a word's real label is, its control label must be each label as "
            "often as `labels` has it.",
            as_often,
        ),
        Property(
            "drawn word by word",
            "which labels the words get together must differ from draw to draw.",
            independent,
        ),
    ],
    mutants=mistakes(MISTAKES),
    waived={
        "if word not in drawn: ... => if True: ...": (
            "drawn anew each time, the last draw counts for all examples of the word"
        ),
    },
    hints=(
        "The label belongs to the word: what must be remembered from one example to "
        "the next?",
        "A dictionary from word to label; draw when a word is not in it yet.",
        "if word not in drawn: drawn[word] = random.choice(labels).",
    ),
)
