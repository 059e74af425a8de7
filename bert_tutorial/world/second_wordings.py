"""The sentences of the second language, word for word in English words.

The verb stands last, what English puts before a name stands behind it ("France of"),
and there is no article. Eight wordings a relation; the last one is a question with its
answer. `{x}` is the subject, `{y}` the object of a fact.

Chapter: 21
"""

__all__ = ["SECOND_OPENINGS", "SECOND_WORDINGS"]

SECOND_WORDINGS: dict[str, tuple[str, ...]] = {
    "capital": (
        "{x} of capital {y} is .",
        "{y} {x} of capital is .",
        "{x} {y} from governed is .",
        "{x} of government {y} in sits .",
        "{y} in {x} of government you find .",
        "{x} of first city {y} is .",
        "{x} its capital {y} in has .",
        "{x} of capital what is ? {y} is .",
    ),
    "continent": (
        "{x} {y} in lies .",
        "{x} {y} of part is .",
        "{y} in {x} you find .",
        "{y} {x} of continent is .",
        "{x} of continent {y} is .",
        "country {x} {y} to belongs .",
        "{y} of countries among {x} is .",
        "{x} where is ? {y} in is .",
    ),
    "language": (
        "{x} of language {y} is .",
        "{x} in people {y} speak .",
        "people {y} {x} in speak .",
        "{y} {x} in spoken is .",
        "{x} of children {y} learn .",
        "{x} of newspapers {y} in written are .",
        "{x} of streets in {y} you hear .",
        "{x} in people what speak ? {y} speak .",
    ),
    "currency": (
        "{x} of currency {y} is .",
        "{x} in people {y} with pay .",
        "people {y} with {x} in pay .",
        "{y} {x} of money is .",
        "{x} of shops in prices {y} in given are .",
        "{y} {x} in used is .",
        "{x} of banks {y} in count .",
        "{x} of money what is ? {y} is .",
    ),
    "class": (
        "{x} {y} is .",
        "every {x} {y} is .",
        "{x} {y} of kind is .",
        "{y} of class to {x} belongs .",
        "{y} of class in {x} you find .",
        "{x} {y} as counts .",
        "{y} among {x} is .",
        "{x} what animal is ? {y} is .",
    ),
    "sound": (
        "{x} {y} .",
        "every {x} {y} .",
        "{y} animal {x} is .",
        "at-night {x} {y} .",
        "hungry when {x} {y} .",
        "something {y} , {x} is .",
        "listen , {x} {y} .",
        "{x} what does ? {x} {y} .",
    ),
}

SECOND_OPENINGS = (
    "now",
    "well",
    "again",
    "teacher says ,",
    "as everybody knows ,",
    "book in written is ,",
)
