"""Take three corpora the whole way: vocabulary, pretraining, a task, a card.

    python tools/experiments/capstone.py --seeds 0 1 2

Every step is a command of the package. The three domains are of different kinds:
definitions of WordNet, written by people; a mini-world of another seed, written by a
program; and the package's own source, which is no English. Each has a control, the same
task from a model that was pretrained for one step, and baselines that count words. The
cards are stored beside the figures.
"""

import argparse
import ast
import csv
import io
import json
import random
import shlex
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from record import RUNS, main

from bert_tutorial.cli.main import main as command
from bert_tutorial.labs.card import read_run, rubric
from bert_tutorial.tasks.sentiment.baseline import bag_of_words
from bert_tutorial.tasks.sentiment.definitions import read_definitions
from bert_tutorial.world import FULL, World

RESULTS = RUNS / "capstone.json"
PACKAGE = RUNS.parent
Row = tuple[str, str]  # text, label
WORLD_SEED = 7
FEWEST = 40  # functions that a room of the package needs to be a label


class Domain(NamedTuple):
    """A corpus, labelled texts and what the data card says of them."""

    name: str
    corpus: list[list[str]]
    train: list[Row]
    dev: list[Row]
    test: list[Row]
    options: list[str]
    card: dict[str, str]


def definitions() -> Domain:
    """Take the definitions of WordNet; the corpus is those of training, unlabelled."""
    train, dev, test = (
        [(row.text, row.label) for row in part] for part in read_definitions()
    )
    texts = [text for text, _ in train]
    return Domain(
        "definitions",
        [texts[i : i + 8] for i in range(0, len(texts), 8)],
        train,
        dev,
        test,
        ["--vocab-size", "4000", "--max-length", "64"],
        {
            "Source": "definitions of nouns from WordNet 3.0 (Miller 1995)",
            "Licence": "WordNet 3.0 licence, beside the data in the package",
            "Gaps": "English only; no verbs; neighbours in a document are unrelated",
        },
    )


def mini_world() -> Domain:
    """Write the documents of a world and draw its reviews; test adjectives are new."""
    world = World(WORLD_SEED, FULL)
    parts = {"train": 600, "dev": 200, "test": 600}
    drawn = {
        part: [
            (one.text, ("negative", "positive")[one.label])
            for one in world.sentiment(
                number, 0, "train" if part == "train" else "test"
            )
        ]
        for part, number in parts.items()
    }
    # dev and test are drawn from one row of random numbers: keep them apart
    dev, test = drawn["dev"], drawn["test"][parts["dev"] :]
    return Domain(
        "another mini-world",
        world.corpus().documents[:8_000],
        drawn["train"],
        dev,
        test,
        ["--vocab-size", "2000", "--max-length", "64"],
        {
            "Source": f"made by the package: World({WORLD_SEED}, FULL)",
            "Licence": "Apache-2.0, as the package",
            "Gaps": "a program writes it: few words, no ambiguity, no errors",
        },
    )


def functions() -> Iterator[tuple[str, str, list[str]]]:
    """Yield the room, the module and the lines of each function of the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0]
        if room.endswith(".py") or path.parent.name in ("exercises", "drawings"):
            continue
        text = path.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
                kept = [" ".join(line.split()) for line in lines if line.strip()]
                yield room, str(path), kept


def source_code() -> Domain:
    """Take the package's functions; the label is the room, tests are other modules."""
    found = list(functions())
    rooms = {room for room, n in Counter(r for r, _, _ in found).items() if n >= FEWEST}
    modules = sorted({module for room, module, _ in found if room in rooms})
    random.Random("modules").shuffle(modules)
    cut = len(modules) // 5
    part_of = {module: "train" for module in modules}
    part_of |= dict.fromkeys(modules[:cut], "test")
    part_of |= dict.fromkeys(modules[cut : cut + cut // 2], "dev")
    parts: dict[str, list[Row]] = {"train": [], "dev": [], "test": []}
    corpus = []
    for room, module, lines in found:
        part = part_of.get(module, "train")
        if part == "train":
            corpus.append(lines)
        if room in rooms:
            parts[part].append((" ".join(lines), room))
    return Domain(
        "source code",
        corpus,
        parts["train"],
        parts["dev"],
        parts["test"],
        ["--vocab-size", "4000", "--max-length", "128"],
        {
            "Source": "the functions of the package bert_tutorial",
            "Licence": "Apache-2.0",
            "Gaps": "one project and one style; Python only",
        },
    )


def write(domain: Domain, folder: Path) -> None:
    """Write the corpus and the tables, as a user would have them."""
    text = "\n\n".join("\n".join(document) for document in domain.corpus)
    (folder / "corpus.txt").write_text(text + "\n", encoding="utf-8")
    for part in ("train", "dev", "test"):
        with open(folder / f"{part}.tsv", "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, "excel-tab", lineterminator="\n")
            table.writerow(("text", "label"))
            table.writerows(getattr(domain, part))


def do(line: str, folder: Path) -> str:
    """Run a command whose paths are in the folder; give what it prints."""
    words = [
        str(folder / word[1:]) if word.startswith("@") else word
        for word in shlex.split(line)
    ]
    with redirect_stdout(io.StringIO()) as printed:
        code = command(words)
    if code:
        raise RuntimeError(f"{line} ended with {code}")
    return printed.getvalue()


def baselines(domain: Domain) -> dict[str, float]:
    """Score the most frequent label and a bag of words on the test rows."""
    names = sorted({label for _, label in domain.train})
    numbers = [names.index(label) for _, label in domain.train]
    right = [names.index(label) for _, label in domain.test]
    train, test = (
        [text.casefold().split() for text, _ in part]
        for part in (domain.train, domain.test)
    )
    guessed = bag_of_words(train, numbers, test, len(names)).argmax(dim=1).tolist()
    most = Counter(numbers).most_common(1)[0][0]
    return {
        "most frequent label": round(right.count(most) / len(right), 4),
        "bag of words": round(
            sum(a == b for a, b in zip(guessed, right, strict=True)) / len(right), 4
        ),
    }


def commands(domain: Domain, seeds: Sequence[int], steps: int) -> list[str]:
    """List the commands of a domain; @ stands for its folder."""
    read = " ".join(domain.options)
    tables = "--data @train.tsv --dev @dev.tsv --test @test.tsv"
    numbers = " ".join(map(str, seeds))
    train = f"pretrain --corpus @corpus.txt {read} --threads 1 --device cpu"
    tune = f"finetune --task sentiment {tables} --seeds {numbers} --threads 1 "
    tune += f"--device cpu --max-length {domain.options[-1]}"
    return [
        f"{train} --steps {steps} --output @model",
        f"{train} --steps 1 --output @one-step",
        "doctor --model @model --device cpu --output @.",
        f"{tune} --model @model --output @task",
        f"{tune} --model @one-step --output @control",
        "card @task --beside @control --strict --output @MODEL_CARD.md",
    ]


def run_one(
    domain: Domain, seeds: Sequence[int], steps: int, folder: Path
) -> dict[str, Any]:
    """Go the whole way with a domain."""
    write(domain, folder)
    lines = commands(domain, seeds, steps)
    for line in lines[:-1]:
        do(line, folder)
    told = "".join(f"# {name}\n\n{text}\n\n" for name, text in domain.card.items())
    (folder / "task" / "DATA.md").write_text(told, encoding="utf-8")
    simple = json.dumps(baselines(domain))
    (folder / "task" / "baselines.json").write_text(simple, encoding="utf-8")
    do(lines[-1], folder)
    run, control = read_run(folder / "task"), read_run(folder / "control")
    report = json.loads((folder / "model" / "run.json").read_text(encoding="utf-8"))
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    return {
        "domain": domain.name,
        "commands": lines,
        "rows": {part: len(getattr(domain, part)) for part in ("train", "dev", "test")},
        "pretraining": {
            key: report[key]
            for key in ("validation", "unigram_entropy", "uniform", "leaks")
        },
        "accuracy": [one["test"]["accuracy"] for one in run.reports],
        "control": [one["test"]["accuracy"] for one in control.reports],
        "baselines": baselines(domain),
        "leaks": run.report["leaks"],
        "rubric": {line.name: not line.remedy for line in rubric(run, [control])},
        "card": card.splitlines(),
    }


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Run each domain."""
    runs = document["runs"] = []
    for make in (definitions, mini_world, source_code):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(run_one(make(), options.seeds, options.steps, Path(folder)))
        shown = {key: one for key, one in runs[-1].items() if key != "card"}
        print(json.dumps(shown), flush=True)
        yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--steps", type=int, default=300, help="of pretraining")


if __name__ == "__main__":
    main(run, RESULTS, options=add_options)
