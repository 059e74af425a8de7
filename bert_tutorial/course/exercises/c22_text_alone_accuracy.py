"""Exercise: what can be answered without looking.

Chapter: 22
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.labs.pictures.probes import text_alone_accuracy

STUB = '''
def text_alone_accuracy(
    train: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]]
) -> float:
    """Give the fraction of questions that can be answered without looking.

    Both are (text with [MASK], hidden word). To a text, say the word that it had most
    often in train, the one seen first if several had; to a text that train does not
    have, the word most frequent in all of train. Trained on a: red, a: red, a: blue,
    the two questions a: red and a: blue give 0.5.
    """
    raise NotAttempted
'''

Questions = Sequence[tuple[str, str]]


def with_max(train: Questions, test: Questions) -> float:
    """Count with lists."""
    words = [word for _, word in train]
    overall = max(words, key=words.count)
    right = 0
    for text, word in test:
        own = [w for t, w in train if t == text]
        right += word == (max(own, key=own.count) if own else overall)
    return right / len(test)


def learned_from_test(train: Questions, test: Questions) -> float:
    """Count the answers of the test."""
    return text_alone_accuracy(test, test)


def from_both(train: Questions, test: Questions) -> float:
    """Count train and test together."""
    return text_alone_accuracy([*train, *test], test)


def without_text(train: Questions, test: Questions) -> float:
    """Say the same word to every text."""
    overall = Counter(word for _, word in train).most_common(1)[0][0]
    return sum(word == overall for _, word in test) / len(test)


def new_is_wrong(train: Questions, test: Questions) -> float:
    """Count a new text as wrong."""
    known = {text for text, _ in train}
    kept = [one for one in test if one[0] in known]
    return text_alone_accuracy(train, kept) * len(kept) / len(test) if kept else 0.0


def new_is_left_out(train: Questions, test: Questions) -> float:
    """Leave new texts out of the count."""
    known = {text for text, _ in train}
    kept = [one for one in test if one[0] in known]
    return text_alone_accuracy(train, kept) if kept else 0.0


def ever_seen(train: Questions, test: Questions) -> float:
    """Take any word that the text has had for right."""
    return sum(one in set(train) for one in test) / len(test)


def the_last(train: Questions, test: Questions) -> float:
    """Say what the text had last."""
    last = dict(train)
    overall = Counter(word for _, word in train).most_common(1)[0][0]
    return sum(last.get(text, overall) == word for text, word in test) / len(test)


def expected(train: Questions, test: Questions) -> float:
    """Guess words as often as they came."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for text, word in train:
        seen[text][word] += 1
    overall = Counter(word for _, word in train)
    shares = []
    for text, word in test:
        counts = seen.get(text, overall)
        shares.append(counts[word] / sum(counts.values()))
    return sum(shares) / len(test)


def last_or_nothing(train: Questions, test: Questions) -> float:
    """Say what the text had last, and nothing to a new text."""
    last = dict(train)
    return sum(last.get(text) == word for text, word in test) / len(test)


def by_texts(train: Questions, test: Questions) -> float:
    """Say to a new text what is best for most texts."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for text, word in train:
        seen[text][word] += 1
    overall = Counter(counts.most_common(1)[0][0] for counts in seen.values())
    right = 0
    for text, word in test:
        counts = seen.get(text, overall)
        right += counts.most_common(1)[0][0] == word
    return right / len(test)


def number_right(train: Questions, test: Questions) -> float:
    """Give the number."""
    return text_alone_accuracy(train, test) * len(test)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two questions by hand; a tie; a text that is new; drawn ones."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(0, 3, (60, 2), generator=generator).tolist()
    drawn = [("abc"[i], ("red", "blue", "green")[j]) for i, j in draws]
    skewed = [("a", "red"), ("a", "red"), ("a", "blue"), ("b", "blue"), ("b", "blue")]
    asked = [("a", "red"), ("a", "blue"), ("a", "blue"), ("b", "blue")]
    tie = [("a", "red"), ("a", "blue"), ("b", "blue")]
    return [
        Case((skewed[:3], asked[:2]), "a: red, red, blue; asked a: red, a: blue"),
        Case((skewed, asked), "a mostly red, b always blue"),
        Case((tie, [("a", "red"), ("a", "red"), ("a", "blue")]), "a tie, red first"),
        Case((skewed, [("c", "blue"), ("c", "red"), ("a", "red")]), "a new text, c"),
        Case((drawn[:40], [*drawn[40:], ("d", "red")]), "forty, then twenty-one"),
        Case(
            (
                [("a", "red")] * 5 + [("b", "blue"), ("c", "blue")],
                [("d", "red"), ("d", "red"), ("b", "blue")],
            ),
            "a new text, red most often, blue for most texts",
        ),
    ]


EXERCISE = Exercise(
    id="text-alone-accuracy",
    chapter=22,
    title="What can be answered without looking",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=text_alone_accuracy,
    accepted={"max": with_max},
    mutants=[
        Mutant(
            "learned from the test",
            learned_from_test,
            "The most frequent words were counted in the test itself, so that its own "
            "answers help. Count in train, ask in test.",
        ),
        Mutant(
            "counted in both",
            from_both,
            "The test's answers were counted together with those of train. Count in "
            "train only.",
        ),
        Mutant(
            "text ignored",
            without_text,
            "One word is said to every text. The text is what may be read: a circle is "
            "often red, a square is often blue.",
        ),
        Mutant(
            "new texts wrong",
            new_is_wrong,
            "A text that train does not have counts as wrong. Someone who cannot see "
            "can still say the most frequent word of all.",
        ),
        Mutant(
            "new texts left out",
            new_is_left_out,
            "Texts that train does not have are left out of the count. Each question "
            "of the test counts.",
        ),
        Mutant(
            "ever seen",
            ever_seen,
            "A word is right as soon as train has it once for this text. Only one word "
            "can be said: the most frequent.",
        ),
        Mutant(
            "the last one",
            the_last,
            "You say the word that the text had last. Say the one it had most often.",
        ),
        Mutant(
            "guessed by chance",
            expected,
            "You guess each word as often as it came. To say the most frequent always "
            "is right more often, and that is what to compare with.",
        ),
        Mutant(
            "the last one or nothing",
            last_or_nothing,
            "You say the word that the text had last, and nothing to a new text. "
            "Say the most frequent: of the text, or of all of train.",
        ),
        Mutant(
            "counted by texts",
            by_texts,
            "To a new text you say what is best for most texts. The word most "
            "frequent in all of train is asked for.",
        ),
        Mutant(
            "not divided",
            number_right,
            "This is the number of right answers. Divide it by that of all questions.",
        ),
    ],
    cases=cases,
    waived={
        "1 => 2": ("every answer counts double, so the order is the same"),
        "1 => 2 (2)": ("the most frequent answer is the first of two as well"),
        "0 => -1 (2)": ("of a list of one, the last is the first"),
    },
    hints=(
        "A counter for each text, and one for all of train.",
        "seen = defaultdict(Counter); seen[text][word] += 1 for train. Then one answer "
        "for each text of the test.",
        "seen.get(text, overall).most_common(1)[0][0]; get does not add an empty "
        "counter for a new text.",
    ),
)
