"""What other programs say of inputs drawn here; run it to make their values anew.

    pip install --target REF seqeval==1.2.2 rouge-score==0.1.2
    pip install --target REF --no-deps --upgrade transformers==4.40.0
    PYTHONPATH=. python tests/tasks/reference_values.py REF

seqeval scores spans, rouge-score summaries, and transformers up to version 4 has the
official rules of SQuAD in `data/metrics/squad_metrics.py`. None of them is needed to
compare with what is stored in tests/data/reference_values.json.
"""

import json
import random
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

FILE = Path(__file__).parents[1] / "data" / "reference_values.json"
CASES = 500
TYPES = ("A", "B-x", "PER", "L")  # one with a hyphen
NEWS = [
    "the",
    "a",
    "cat",
    "sat",
    "on",
    "mat",
    "dog",
    "it's",
    "don't",
    "3.14",
    "10%",
    "U.S.A.",
    "foo_bar",
    "x-y",
    "A1",
    "b2b",
    "--",
    "...",
    "\t",
    "/",
    "(",
    ")",
    "CNN",
    "he_",
    "_",
    "'s",
    '"q"',
    "1,000",
    "The",
    "THE",
]
ANSWERS = [
    "the",
    "a",
    "an",
    "An",
    "The",
    "Denver",
    "Broncos",
    "1,000",
    "U.S.",
    "it's",
    "—",
    "‘x’",
    "naïve",
    "über",
    "the-end",
    "x_y",
    "and",
    ",",
    ".",
    "!",
    "()",
    "£5",
    "\xa0",
    "\t",
]


def tags_in_bio(number: int) -> tuple[list[list[str]], list[list[str]]]:
    """Draw true and predicted tags of some sentences, many of them not legal."""
    rng = random.Random(f"bio {number}")

    def tag() -> str:
        return "O" if rng.random() < 0.4 else f"{rng.choice('BI')}-{rng.choice(TYPES)}"

    gold = [[tag() for _ in range(rng.randint(1, 8))] for _ in range(rng.randint(1, 4))]
    found = [
        [one if rng.random() < 0.6 else tag() for one in sentence] for sentence in gold
    ]
    return gold, found


def closed_tags(number: int) -> tuple[list[list[str]], list[list[str]]]:
    """Draw legal tags that close their spans: BIOES if even, BILOU if odd."""
    rng = random.Random(f"closed {number}")
    end, single = ("E", "S") if number % 2 == 0 else ("L", "U")

    def sentence(length: int) -> list[str]:
        tags: list[str] = []
        while len(tags) < length:
            size, kind = rng.randint(1, 3), rng.choice(["A", "PER", "L"])
            if rng.random() < 0.35:
                tags.append("O")
            elif size == 1 or len(tags) + size > length:
                tags.append(f"{single}-{kind}")
            else:
                inside = [f"I-{kind}"] * (size - 2)
                tags += [f"B-{kind}", *inside, f"{end}-{kind}"]
        return tags

    gold = [[f"{single}-A", *sentence(rng.randint(1, 8))] for _ in range(4)]
    found = [sentence(len(one)) for one in gold]
    return gold, [
        a if rng.random() < 0.5 else b for a, b in zip(gold, found, strict=True)
    ]


def summaries(number: int) -> tuple[str, str]:
    """Draw a summary and the one that it is judged by, a sentence a line."""
    rng = random.Random(f"summary {number}")
    texts = [
        "\n".join(
            " ".join(rng.choice(NEWS) for _ in range(rng.randint(0, 9)))
            for _ in range(rng.randint(0, 5))
        )
        for _ in range(2)
    ]
    return texts[0], texts[0][: len(texts[0]) // 2] * (number % 3 == 0) + texts[1]


def answer(rng: random.Random) -> str:
    """Draw an answer, perhaps without any word that counts."""
    return " ".join(rng.choice(ANSWERS) for _ in range(rng.randint(0, 4)))


def answer_pair(number: int) -> tuple[str, str]:
    """Draw a predicted and a right answer."""
    rng = random.Random(f"pair {number}")
    found = answer(rng)
    return found, found + " the" if number % 4 == 0 else answer(rng)


def questions(
    number: int,
) -> tuple[dict[str, list[str]], dict[str, str], dict[str, float]]:
    """Draw the right answers of some questions, predictions and gaps, all different."""
    rng = random.Random(f"questions {number}")
    golds: dict[str, list[str]] = {}
    for i in range(rng.randint(1, 8)):
        texts = [f"{answer(rng)} word" for _ in range(rng.randint(1, 3))]
        golds[f"q{i}"] = [] if rng.random() < 0.4 else texts
    found = {
        name: texts[0] if texts and rng.random() < 0.5 else f"{answer(rng)} word"
        for name, texts in golds.items()
    }
    return golds, found, {name: rng.gauss(0, 3) for name in golds}


def official(folder: Path) -> ModuleType:
    """Load the rules of SQuAD without the rest of transformers."""
    text = (folder / "transformers/data/metrics/squad_metrics.py").read_text("utf-8")
    text = text.replace("from ...models.bert import BasicTokenizer", "")
    text = text.replace("from ...utils import logging", "import logging")
    text = text.replace("logging.get_logger", "logging.getLogger")
    module = ModuleType("squad_metrics")
    exec(text, module.__dict__)
    return module


def make(folder: Path) -> dict[str, list[list[float]]]:
    """Ask the other programs."""
    sys.path.append(str(folder))
    from rouge_score.rouge_scorer import RougeScorer
    from seqeval.metrics import f1_score, precision_score, recall_score
    from seqeval.scheme import BILOU, IOBES

    rules = official(folder)
    bio = [tags_in_bio(i) for i in range(CASES)]
    closed = [closed_tags(i) for i in range(CASES)]
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"])
    scored = [scorer.score(b, a) for a, b in map(summaries, range(CASES))]
    pairs = [answer_pair(i) for i in range(CASES)]
    whole = []
    for golds, found, gaps in map(questions, range(CASES)):
        examples = [
            SimpleNamespace(qas_id=name, answers=[{"text": text} for text in texts])
            for name, texts in golds.items()
        ]
        exact, f1 = rules.get_raw_scores(examples, found)
        has = {name: bool(texts) for name, texts in golds.items()}
        best, _ = rules.find_best_thresh(found, f1, gaps, has)
        total = len(golds) / 100
        whole.append([sum(exact.values()) / total, sum(f1.values()) / total, best])
    return {
        "bio": [
            [s(*one) for s in (precision_score, recall_score, f1_score)] for one in bio
        ],
        "closed": [
            [f1_score(*one, mode="strict", scheme=BILOU if i % 2 else IOBES)]
            for i, one in enumerate(closed)
        ],
        "rouge": [
            [one[name].fmeasure for name in scorer.rouge_types] for one in scored
        ],
        "answers": [
            [rules.compute_exact(b, a), rules.compute_f1(b, a)] for a, b in pairs
        ],
        "questions": whole,
    }


if __name__ == "__main__":
    values = {
        name: [[round(float(value), 6) for value in one] for one in found]
        for name, found in make(Path(sys.argv[1])).items()
    }
    lines = [f'"{name}": {json.dumps(found)}' for name, found in values.items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
