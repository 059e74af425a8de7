"""Exercise: what can be answered without looking.

Chapter: 22
"""

from collections.abc import Sequence

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
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
        Case(
            ([("a", "red"), ("a", "red"), ("A", "blue")], [("A", "blue")]),
            "two texts that differ in a capital",
        ),
        Case((drawn[:40], [*drawn[40:], ("d", "red")]), "forty, then twenty-one"),
        Case(
            (
                [("a", "red")] * 5 + [("b", "blue"), ("c", "blue")],
                [("d", "red"), ("d", "red"), ("b", "blue")],
            ),
            "a new text, red most often, blue for most texts",
        ),
    ]


MISTAKES = """
learned from the test:
- in train: => in test:
- in train)) => in test))
    The most frequent words were counted in the test itself, so that its own answers
    help. Count in train, ask in test.
counted in both: seen: => train = [*train, *test]
|     seen:
    The test's answers were counted together with those of train. Count in train only.
text ignored: seen.get(text, overall) => overall
    One word is said to every text. The text is what may be read: a circle is often red,
    a square is often blue.
new texts wrong: right += => right += text in seen and
    A text that train does not have counts as wrong. Someone who cannot see can still
    say the most frequent word of all.
new texts left out:
- right = 0 => right = 0
|     test = [(text, answer) for text, answer in test if text in seen]
- right / len(test) => right / len(test) if test else 0.0
    Texts that train does not have are left out of the count. Each question of the test
    counts.
ever seen: counts.most_common(1)[0][0] == answer => answer in seen.get(text, ())
    A word is right as soon as train has it once for this text. Only one word can be
    said: the most frequent.
the last one: seen[text][answer] += 1 => seen[text] = Counter([answer])
    You say the word that the text had last. Say the one it had most often.
guessed by chance:
- counts.most_common(1)[0][0] == answer => counts[answer] / counts.total()
    You guess each word as often as it came. To say the most frequent always is right
    more often, and that is what to compare with.
the last one or nothing:
- seen[text][answer] += 1 => seen[text] = Counter([answer])
- right += => right += text in seen and
    You say the word that the text had last, and nothing to a new text. Say the most
    frequent: of the text, or of all of train.
counted by texts: answer for _, answer in train =>
| counts.most_common(1)[0][0] for counts in seen.values()
    To a new text you say what is best for most texts. The word most frequent in all of
    train is asked for.
not divided: return right / len(test) => return float(right)
    This is the number of right answers. Divide it by that of all questions.
in percent: return right / len(test) => return 100 * right / len(test)
    The result is in percent. Half of the questions right gives 0.5.
capitals taken off: … => lower = lambda rows: [(t.lower(), a) for t, a in rows]
|     return right(lower(train), lower(test))
    Texts that differ in a capital are taken for one. Compare them as they are.
the last of equals: counts.most_common(1)[0][0] =>
| max(reversed(counts), key=lambda one: counts[one])
    Of several answers that were as frequent, one seen later is given. Give the one that
    was seen first.
the first seen: counts.most_common(1)[0][0] => next(iter(counts))
    The answer that was seen first is given. Give the one seen most often.
"""

EXERCISE = Exercise(
    id="text-alone-accuracy",
    chapter=22,
    title="What can be answered without looking",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=text_alone_accuracy,
    accepted={"max": with_max},
    mutants=mistakes(MISTAKES),
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
